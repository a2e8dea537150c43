"""The panels of a run's page in a real browser: what they show, write, and never run."""

import os
import re
import socket
import time
from itertools import pairwise

import numpy as np
import orjson
import psutil
import pytest

from ganbench.evaluation.report import USUAL
from ganbench.store import annotations, folder
from ganbench.store.journal import Journal
from ganbench.track.run import Run
from ganbench.web.pages import edition
from ganbench.web.run import TABS
from tests.web.browser import drawn, eventually, frame_step, needs_chromium

pytestmark = needs_chromium
EVIL = "<img src=x onerror='window.xss=1'><script>window.xss=1</script>"


def tab(page, name):
    page.get_by_role("tab", name=name.capitalize()).click()
    page.wait_for_selector(f"#{name}:not([hidden])")


def text(page, selector):
    return page.locator(selector).inner_text()


# Scores


def score(value, n, measure="frechet"):
    return {
        "measure": measure, "value": value, "extractor": "inception", "group": None, "n_real": 500,
        "n_fake": n, "interval": [value - 0.5, value + 0.25] if n > 100 else None, "spread": None,
        "baseline": 0.125, "baseline_n": n, "bias": None, "protocol": {"reference": "mnist"},
        "fingerprint": f"abc{n}", "seed": 0, "seconds": 1.0, "better": "lower",
        "warnings": [] if n > 100 else ["no interval from 100 samples; 200 are the least"],
    }  # fmt: skip


@pytest.fixture
def scored(tmp_path):
    """A run that was scored four times, with a grid for each step."""
    made = Run("scored", runs_dir=tmp_path / "scored")
    for step, value in ((10, 9.0), (20, 4.0), (30, 6.0)):
        made.log_image("samples", np.full((8, 8), step, np.uint8), step=step)
        made._recorder.scores(step, step, [score(value, 200)])
    made._recorder.scores(40, 40, [score(5.5, 100)])
    made.finish(summary=False)
    return made.folder


def test_scores_are_those_of_the_store(page, serve, runs_dir, ring):
    address = serve(runs_dir)
    page.goto(f"{address}/runs/{ring}#scores")
    page.wait_for_selector("#scores-table tbody tr")
    stored = page.request.get(f"{address}/api/runs/{ring}").json()
    rows = page.locator("#scores-table tbody tr:not(.more)")
    assert rows.count() == len(stored["scores"])
    for i, score in enumerate(stored["scores"]):
        cells = rows.nth(i).locator("td").all_inner_texts()
        assert cells[0].split(" ⚠")[0].startswith(score["measure"].replace("_", " "))
        assert cells[1].split()[-1] == score["better"].removeprefix("to ")
        assert float(cells[2].replace(",", "")) == pytest.approx(score["value"], rel=1e-3)
        assert (cells[3] == "none") == (score["interval"] is None)
        assert cells[6] == score["extractor"]
        assert cells[7].replace(",", "") == str(score["n_real"])
        assert cells[8].replace(",", "") == str(score["n_fake"])
        assert cells[9] == score["fingerprint"]
    assert text(page, "#scored-at") == f"at step {stored['scored_at']}"


def test_a_score_opens_to_its_protocol_and_warnings(page, serve, runs_dir, ring):
    address = serve(runs_dir)
    page.goto(f"{address}/runs/{ring}#scores")
    score = page.request.get(f"{address}/api/runs/{ring}").json()["scores"][0]
    button = page.locator("#scores-table button").first
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    shown = text(page, "#protocol-0")
    assert score["protocol"]["reference"] in shown
    assert all(words in shown for words in score["warnings"])
    page.keyboard.press("Enter")
    assert page.locator("#protocol-0").is_hidden()


def test_curves_of_scores_have_bands_baselines_and_the_best(page, serve, scored):
    page.goto(f"{serve(scored.path.parent)}/runs/{scored.id}#scores")
    drawn(page, "#score-curves")
    traces = page.locator("#score-curves .plot").evaluate(
        "(plot) => plot.data.map((t) => ({name: t.name, x: t.x, y: [...t.y], dash: t.line.dash}))"
    )
    found = [(trace["name"], trace["dash"], trace["x"], trace["y"]) for trace in traces]
    assert found == [
        (None, None, [10, 20, 30], [8.5, 3.5, 5.5]),
        (None, None, [10, 20, 30], [9.25, 4.25, 6.25]),
        ("n 200", None, [10, 20, 30], [9, 4, 6]),
        (None, "dot", [10, 30], [0.125, 0.125]),
        ("n 100", None, [40], [5.5]),
        (None, "dot", [40, 40], [0.125, 0.125]),
        ("best", None, [20], [4]),
    ]
    sheet = text(page, "#score-curves .sheet")
    assert "FID, inception" in sheet
    assert "better: ↓ lower · scores of different n cannot be compared" in sheet
    assert text(page, "#best-steps") == "best: FID 4 at step 20"
    cells = page.locator("#scores-table tbody td").all_inner_texts()
    assert cells[1:5] == ["↓ lower", "5.5", "none", "0.125"]
    page.locator("#scores-table button").click()
    assert "no interval from 100 samples" in text(page, "#protocol-0")


def test_a_click_on_a_score_shows_its_samples(page, serve, scored):
    page.goto(f"{serve(scored.path.parent)}/runs/{scored.id}#scores")
    drawn(page, "#score-curves")
    page.locator("#score-curves .plot").evaluate(
        "(plot) => plot.emit('plotly_click', {points: [{curveNumber: 2, pointNumber: 0}]})"
    )
    tab(page, "overview")
    eventually(lambda: frame_step(page) == "step 10")
    tab(page, "scores")
    page.get_by_role("button", name="FID 4 at step 20").click()  # goes to the movie by itself
    page.wait_for_selector("#overview:not([hidden])")
    eventually(lambda: frame_step(page) == "step 20")


def test_names_of_measures_are_those_of_the_reports(page, serve, runs_dir):
    page.goto(serve(runs_dir))
    titles = page.evaluate(
        "async ([keys, url]) => { const { title } = await import(url);"
        "return keys.map(([measure, extractor]) => title({measure, extractor})); }",
        [[list(key) for key in USUAL], f"/static/{edition()}/measures.js"],
    )
    assert titles == list(USUAL.values())


# System


@pytest.mark.parametrize(
    ("lines", "environment", "expected"),
    [
        ({}, {"gpu": None, "host": "box"}, "no GPU"),
        ({}, {"gpu": "H100"}, "unknown"),
        ({"gpu": [90, 80], "gpu_held": [500, 500]}, {}, "yes"),
        ({"gpu": [90, 80]}, {}, "yes"),
        ({"gpu": [90, 80], "gpu_held": [0, 0]}, {}, "perhaps, by another process"),
        ({"gpu": [0, 1], "gpu_held": [0, 0]}, {}, "no"),
        ({"gpu": [0, 1], "gpu_held": [500, 500]}, {}, "hardly: it is held, but idle"),
        ({"gpu": [99, 99], "gpu_held": [0, 0], "gpu1": [0, 0], "gpu1_held": [9, 9]}, {}, "no"),
        ({"gpu": [0, 0], "gpu_held": [0, 0], "gpu1": [60, 60], "gpu1_held": [9, 9]}, {}, "yes"),
        ({"gpu": [100] * 9 + [0] * 60, "gpu_held": [5] * 69}, {}, "hardly: it is held, but idle"),
    ],
)
def test_whether_the_gpu_is_in_use(page, serve, runs_dir, lines, environment, expected):
    page.goto(serve(runs_dir))
    series = {
        f"system/{name}": {"time": [10 * i for i in range(len(values))], "value": values}
        for name, values in lines.items()
    }
    found = page.evaluate(
        "async ([series, environment, url]) => (await import(url)).verdict("
        "Object.keys(series), (name) => series[name], environment, true)",
        [series, environment, f"/static/{edition()}/panels/system.js"],
    )
    assert found[0] == expected
    assert found[1]


def test_the_system_is_drawn_by_name_and_unit(page, serve, tmp_path):
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {"host": "box"}, "tags": []})
    log = Journal(run.path, step=0)
    names = ("cpu", "memory", "gpu", "gpu_memory", "gpu_held", "gpu1", "gpu1_power", "odd")
    for _ in range(3):
        log.row(0, 0, {f"system/{name}": 50.0 for name in names})
    page.goto(f"{serve(tmp_path)}/runs/{run.id}#system")
    eventually(lambda: page.locator("#system-curves h3").count() == 7)
    assert page.locator("#system-curves h3").all_inner_texts() == [
        "processor, % of a core",
        "memory, MiB",
        "odd",
        "GPU use, % of the time",
        "GPU memory, MiB",
        "GPU use, % of the time",
        "GPU power, W",
    ]
    assert text(page, "#gpu-verdict") == "yes"
    assert "50 of them by this process" in text(page, "#gpu-evidence")


# Config


def test_config_is_searched_and_the_command_copied(page, serve, tmp_path):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    config = {
        "steps": 9,
        "optimizer": {"lr": 0.001, "betas": [0.5, 0.9]},
        "none": None,
        "flag": True,
    }
    content = {
        "config": config,
        "command": ["/venv/lib/ganbench/__main__.py", "train", "mnist", "--name", "it's <b>"],
        "environment": {
            "python": "3.12.1",
            "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True},
            "packages": {"torch": "2.6"},
        },
        "tags": [],
        "project": "p",
    }
    run = folder.create(tmp_path, "x", content)
    page.goto(f"{serve(tmp_path)}/runs/{run.id}#config")
    page.wait_for_selector("#config-groups tr")
    pairs = {
        row.locator("th").inner_text(): row.locator("td").inner_text()
        for row in page.locator("#config-groups tr").all()
    }
    assert pairs == {
        "steps": "9",
        "optimizer.lr": "0.001",
        "optimizer.betas": "[0.5,0.9]",
        "none": "none",
        "flag": "true",
    }
    environment = text(page, "#environment")
    assert "0123456789ab, with changes that are in no commit" in environment
    assert "packages.torch" in environment
    command = "python -m ganbench train mnist --name 'it'\\''s <b>'"
    assert text(page, "#command") == command
    page.get_by_role("button", name="Copy").click()
    eventually(lambda: text(page, "#copied") == "copied")
    assert page.evaluate("navigator.clipboard.readText()") == command
    page.get_by_label("Filter").locator("visible=true").fill("optim 0.001")
    assert page.locator("#config-groups tr:visible").count() == 1
    assert text(page, "#config-count") == "1 of 5"


# Console


def test_the_console_follows_until_somebody_scrolls_up(page, serve, tmp_path):
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []})
    Journal(run.path, step=0)
    run.console.write_text("".join(f"line {i}\n" for i in range(500)) + "\r 10 %\r 20 %")
    page.goto(f"{serve(tmp_path)}/runs/{run.id}#console")
    page.wait_for_selector("#console-text:not([hidden])")
    box = page.locator("#console-text")
    assert box.inner_text().endswith("line 499\n 20 %")
    with run.console.open("a") as file:
        file.write("\r100 %\n\x1b[1mdone\x1b[0m\n")
    eventually(lambda: box.inner_text().endswith("line 499\n100 %\ndone\n"))
    at_end = "(box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2"
    assert box.evaluate(at_end)
    box.evaluate("(box) => { box.scrollTop = 0; }")
    follow = page.get_by_label("Follow the end")
    eventually(lambda: not follow.is_checked())
    with run.console.open("a") as file:
        file.write("more\n")
    eventually(lambda: box.inner_text().endswith("more\n"))
    assert box.evaluate("(box) => box.scrollTop") == 0
    follow.check()
    assert box.evaluate(at_end)
    page.locator("#console-filter").fill("49 LINE")  # both words, anywhere
    numbers = [i for i in range(500) if "49" in str(i)]
    assert box.inner_text().splitlines() == [f"line {i}" for i in numbers]
    assert text(page, "#console-count") == f"{len(numbers)} lines"
    with run.console.open("a") as file:
        file.write("line 49 again\nnothing\n")
    eventually(lambda: text(page, "#console-count") == f"{len(numbers) + 1} lines")
    page.locator("#console-filter").fill("")
    assert box.inner_text().endswith("line 49 again\nnothing\n")


def test_of_a_long_console_the_end_is_shown_and_said_so(page, serve, tmp_path):
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []})
    Journal(run.path, step=0)
    run.console.write_text("".join(f"line {i:06}\n" for i in range(100_000)))
    page.goto(f"{serve(tmp_path)}/runs/{run.id}#console")
    page.wait_for_selector("#console-text:not([hidden])")
    lines = text(page, "#console-text").splitlines()
    assert lines[-1] == "line 099999"
    assert len(lines) == 2**18 // 12
    hidden = 100_000 - len(lines)
    assert f"The first {12 * hidden / 1024:.3g} KiB are not shown" in text(page, "#console-cut")


def test_texts_are_shown_newest_first_and_live(page, serve, tmp_path):
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []})
    log = Journal(run.path, step=0)
    log.write("text", name="sample", step=1, seen=0, text="it was\n  a dark night")
    page.goto(f"{serve(tmp_path)}/runs/{run.id}#console")
    page.wait_for_selector("#texts li")
    assert "it was\n  a dark night" in text(page, "#texts")
    log.write("text", name="sample", step=2, seen=0, text="and a stormy one")
    eventually(lambda: page.locator("#texts li").count() == 2)
    assert "stormy" in page.locator("#texts li").first.inner_text()


# Files


def test_files_are_browsed_shown_and_downloaded(page, serve, run):
    odd = "a b#?%41&ü.txt"
    (run.files / odd).write_text("odd content")
    page.goto(f"{serve(run.path.parent)}/runs/{run.id}#files")
    page.get_by_role("button", name="files/", exact=True).click()
    page.get_by_role("button", name="table.csv", exact=True).click()
    page.wait_for_selector("#file-shown table")
    cells = page.locator("#file-shown th, #file-shown td").all_inner_texts()
    assert cells == ["a", "b", "1", "2"]
    page.get_by_role("button", name=odd, exact=True).click()
    eventually(lambda: "odd content" in text(page, "#file-shown"))
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Download {odd}", exact=True).click()
    assert download.value.path().read_text() == "odd content"
    page.keyboard.press("Tab")
    page.get_by_role("button", name="figures/", exact=True).click()
    page.get_by_role("button", name="f-1.plotly.json", exact=True).click()
    page.wait_for_selector("#file-figure .scatterlayer path", state="attached")
    page.locator("#file-title").press("Escape")
    assert page.locator("#file").is_hidden()
    page.locator("#files-path button").first.click()
    eventually(lambda: page.get_by_role("button", name="run.json", exact=True).is_visible())


def test_many_files_come_by_pages(page, serve, run):
    for i in range(450):
        (run.files / f"grid-{i}.txt").touch()
    page.goto(f"{serve(run.path.parent)}/runs/{run.id}#files")
    page.get_by_role("button", name="files/", exact=True).click()
    eventually(lambda: text(page, "#files-shown") == "1 – 200 of 456")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    eventually(lambda: text(page, "#files-shown") == "401 – 456 of 456")
    assert page.get_by_role("button", name="Next").is_disabled()
    page.locator("#files-find").fill("grid-44")
    eventually(lambda: page.locator("#files-table tbody tr").count() == 11)
    assert page.locator("#files-pages").is_hidden()


def test_pages_of_strangers_run_nothing(visitor, serve, run):
    """A sandbox says in the browser's console that it stopped a script: that is no complaint."""
    page, _ = visitor
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    for name in ("evil.html", "evil.svg"):
        (run.files / name).write_text(
            "<svg xmlns='http://www.w3.org/2000/svg' onload='top.xss=1'><text y='20'>shown</text>"
            "<script>top.xss = 1</script></svg>"
        )
    address = serve(run.path.parent)
    page.goto(f"{address}/runs/{run.id}#files")
    page.get_by_role("button", name="files/", exact=True).click()
    for name in ("evil.html", "evil.svg"):
        page.get_by_role("button", name=name, exact=True).click()
        eventually(lambda name=name: text(page, "#file-title") == f"files/{name}")
        frame = page.frame_locator("#file-shown iframe")
        frame.get_by_text("shown").wait_for()
        assert page.evaluate("window.xss") is None
    page.goto(f"{address}/runs/{run.id}/files/files/evil.html?show")  # not even alone
    assert page.evaluate("window.xss") is None
    assert page.evaluate("window.origin") == "null"


# Notes and tags


@pytest.fixture
def visitor(browser):
    """A page that may hear of a refusal, and what its console says besides."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    complaints = []
    page = context.new_page()
    page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    context.close()


def test_notes_are_written_and_seen_by_others(page, browser, serve, run):
    address = f"{serve(run.path.parent)}/runs/{run.id}#notes"
    page.goto(address)
    page.wait_for_selector("#notes-html h3")
    other = browser.new_context().new_page()
    other.goto(address)
    other.wait_for_selector("#notes-html h3")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Markdown").fill("**better** now\n\n" + EVIL)
    page.wait_for_selector("#notes-preview strong")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#notes-html:not([hidden]) strong")
    assert annotations.read(run, {})["notes"] == "**better** now\n\n" + EVIL
    assert EVIL in text(page, "#notes-html")
    other.wait_for_selector("#notes-html strong")
    assert page.evaluate("window.xss") is None
    other.context.close()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Markdown").fill("not kept")
    page.get_by_role("button", name="Cancel").click()
    assert text(page, "#notes-html strong") == "better"
    assert annotations.read(run, {})["notes"].startswith("**better**")


def test_a_conflict_keeps_both_texts_on_the_screen(visitor, serve, run):
    page, complaints = visitor
    page.goto(f"{serve(run.path.parent)}/runs/{run.id}#notes")
    page.wait_for_selector("#notes-html h3")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Markdown").fill("mine")
    annotations.change(run, notes="theirs")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("#notes-conflict:not([hidden])")
    assert text(page, "#notes-theirs") == "theirs"
    assert page.get_by_label("Markdown").input_value() == "mine"
    assert annotations.read(run, {})["notes"] == "theirs"
    page.get_by_role("button", name="Save").click()
    eventually(lambda: annotations.read(run, {})["notes"] == "mine")
    eventually(lambda: text(page, "#notes-html") == "mine")
    assert [words for words in complaints if "409" not in words] == []


def test_news_while_somebody_edits_is_said_before_they_save(page, serve, run):
    page.goto(f"{serve(run.path.parent)}/runs/{run.id}#notes")
    page.wait_for_selector("#notes-html h3")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Markdown").fill("mine")
    annotations.change(run, notes="theirs")
    page.wait_for_selector("#notes-conflict:not([hidden])")
    assert page.get_by_label("Markdown").input_value() == "mine"
    page.get_by_role("button", name="Discard mine").click()
    assert text(page, "#notes-html") == "theirs"


def test_tags_by_keyboard(page, serve, run):
    page.goto(f"{serve(run.path.parent)}/runs/{run.id}#notes")
    page.wait_for_selector("#tag-list li")
    page.get_by_label("New tag").fill(EVIL)
    page.keyboard.press("Enter")
    eventually(lambda: page.locator("#tag-list li").count() == 2)
    assert annotations.read(run, {})["tags"] == ["first", EVIL]
    eventually(lambda: page.locator("#tags li").all_inner_texts() == ["first", EVIL])  # in the head
    page.get_by_role("button", name="Remove tag first").press("Enter")
    eventually(lambda: annotations.read(run, {})["tags"] == [EVIL])
    eventually(lambda: page.evaluate("document.activeElement.id") == "tag-new")
    page.get_by_label("New tag").fill("x" * 150)
    assert len(page.get_by_label("New tag").input_value()) == 100
    assert page.evaluate("window.xss") is None


# The head


def silent(tmp_path, *, ago, pid):
    """A run whose only record was written `ago` seconds ago by the process `pid`."""
    run = folder.create(
        tmp_path, "quiet", {"config": {"recipe": "mnist"}, "environment": {}, "tags": []}
    )
    opened = {
        "kind": "open",
        "time": time.time() - ago,
        "format": 1,
        "host": socket.gethostname(),
        "pid": pid,
        "started": psutil.Process().create_time(),
        "step": 0,
        "child": False,
    }
    (run.path / f"events-{socket.gethostname()}-{pid}.jsonl").write_bytes(
        orjson.dumps(opened) + b"\n"
    )
    return run


def test_a_run_that_is_quiet_says_since_when(page, serve, tmp_path):
    run = silent(tmp_path, ago=45, pid=os.getpid())
    page.goto(f"{serve(tmp_path)}/runs/{run.id}")
    eventually(lambda: re.fullmatch(r"last heard \d+ s ago", text(page, "#heard")))
    assert 44 <= int(text(page, "#heard").split()[2]) <= 75
    assert text(page, "#state") == "running"
    assert page.title().startswith("step 0 · ")


def test_killed_is_explained(page, serve, tmp_path):
    run = silent(tmp_path, ago=45, pid=4_000_000)
    page.goto(f"{serve(tmp_path)}/runs/{run.id}")
    eventually(lambda: text(page, "#state") == "killed")
    assert "without a last word" in text(page, "#because")
    assert f"ganbench resume {run.id}" in text(page, "#because")
    assert text(page, "#heard") == ""
    assert page.title() == f"killed · {run.id} · ganbench"


# Strangers


def test_nothing_that_was_logged_is_run(page, serve, tmp_path):
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    evil = Run(
        "<b>project", name=EVIL, config={EVIL: EVIL, "deep": {EVIL: [EVIL]}}, tags=[EVIL],
        notes=f"{EVIL}\n\n[x](javascript:window.xss=1)", runs_dir=tmp_path,
    )  # fmt: skip
    print(EVIL)
    evil.log({EVIL: 1.0, "dis_loss": 1.0}, step=0)
    evil.log_image(EVIL, np.zeros((8, 8), np.uint8), step=0, caption=EVIL)
    evil.log_text(EVIL, step=0, name=EVIL)
    evil.log_file(b"x", "<img src=x onerror='window.xss=1'>.txt")
    score = {
        "measure": EVIL, "value": 1.0, "extractor": EVIL, "group": EVIL, "n_real": 5, "n_fake": 5,
        "interval": None, "spread": None, "baseline": None, "baseline_n": None, "bias": None,
        "protocol": {EVIL: EVIL}, "fingerprint": EVIL, "seed": 0, "seconds": 1.0,
        "warnings": [EVIL], "better": "lower",
    }  # fmt: skip
    for step in (1, 2):
        evil._recorder.scores(step, step, [score])
    evil.finish(state="failed", reason=EVIL, summary=False)
    page.goto(f"{serve(tmp_path)}/runs/{evil.id}")
    for name in TABS:
        tab(page, name)
        page.wait_for_timeout(300)
        if name == "files":
            page.get_by_role("button", name="files/", exact=True).click()
            page.get_by_role("button", name=re.compile("onerror")).click()
            eventually(lambda: text(page, "#file-shown") == "x")
    assert text(page, "#name") == EVIL
    assert text(page, "#because") == EVIL
    assert page.locator("#tags li").all_inner_texts() == [EVIL]
    assert page.locator("main img[src='x'], main script").count() == 0
    assert page.evaluate("window.xss") is None


# Keyboard, names, colours, widths


def test_tabs_by_keyboard_and_by_address(page, serve, run):
    address = f"{serve(run.path.parent)}/runs/{run.id}"
    page.goto(f"{address}#files")
    page.wait_for_selector("#files:not([hidden])")
    page.get_by_role("tab", name="Files").press("ArrowRight")
    page.wait_for_selector("#notes:not([hidden])")
    assert page.url == f"{address}#notes"
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#overview:not([hidden])")
    page.keyboard.press("End")
    page.wait_for_selector("#notes:not([hidden])")
    assert page.locator("[role=tab][tabindex='0']").count() == 1
    page.evaluate("location.hash = '#main'")
    assert page.locator("#notes").is_visible()  # an address that is no tab's closes none
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("#overview:not([hidden])")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.evaluate("(link) => link === document.activeElement")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


CONTROLS = "a, button, input, select, textarea, [role=img], iframe, summary"
NAMELESS = """(controls) => [...document.querySelectorAll(controls)]
  .filter((e) => e.checkVisibility() && !(
    e.getAttribute('aria-label') || [...(e.labels ?? [])].some((l) => l.textContent.trim())
    || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.title
    || e.querySelector('img[alt]:not([alt=""])')))
  .map((e) => e.outerHTML)"""
TWICE = """() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i); }"""
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
  .filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]))"""


@pytest.mark.parametrize("name", TABS)
def test_everything_has_a_name_and_its_place(page, serve, runs_dir, ring, name):
    run = next(path for path in runs_dir.iterdir() if path.name == ring)
    (run / "console.log").write_text("x\n")
    annotations.change(folder.RunFolder(run), notes="# Title\n\n## Below", add=["a"])
    page.goto(f"{serve(runs_dir)}/runs/{ring}#{name}")
    page.wait_for_selector(f"#{name}:not([hidden])")
    page.wait_for_timeout(700)
    if name == "notes":
        page.get_by_role("button", name="Edit").click()
    assert page.evaluate(NAMELESS, CONTROLS) == []
    assert page.evaluate(TWICE) == []
    levels = page.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for role in ("banner", "main", "contentinfo", "navigation", "tablist", "tabpanel"):
        assert page.get_by_role(role).first.is_visible(), role
    dangling = page.evaluate(
        "() => [...document.querySelectorAll('[aria-controls], [aria-labelledby]')]"
        ".flatMap((e) => [e.getAttribute('aria-controls'), e.getAttribute('aria-labelledby')])"
        ".filter((id) => id && !document.getElementById(id))"
    )
    assert dangling == []


def luminance(colour):
    digits = colour.strip().lstrip("#")
    digits = "".join(2 * c for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(browser, serve, run, scheme):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{serve(run.path.parent)}/runs/{run.id}")
    read = "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)"
    for ink in ("--ink", "--quiet", "--blue", "--green", "--red", "--warn"):
        for ground in ("--paper", "--card"):
            pair = sorted(luminance(page.evaluate(read, name)) for name in (ink, ground))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (ink, ground)
    context.close()


@pytest.mark.parametrize("width", [360, 1400, 3840])
def test_no_tab_is_wider_than_the_window(browser, serve, runs_dir, ring, width):
    run = folder.RunFolder(next(path for path in runs_dir.iterdir() if path.name == ring))
    long = "x" * 90
    annotations.change(
        run, add=[long], notes=f"{long}\n\n| {long} | {long} |\n|-|-|\n| a | {long} |"
    )
    run.console.write_text(long * 20 + "\n")
    run.files.mkdir()
    (run.files / f"{long}.csv").write_text(f"{long},{long}\n1,2\n")
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{serve(runs_dir)}/runs/{ring}")
    for name in TABS:
        tab(page, name)
        page.wait_for_timeout(400)
        if name == "files":
            page.get_by_role("button", name="files/", exact=True).click()
            page.get_by_role("button", name=f"{long}.csv").click()
            page.wait_for_selector("#file-shown table")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
