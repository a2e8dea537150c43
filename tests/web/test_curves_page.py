"""The curves in a real browser: zoom, smoothing, axes, marks, and what is thinned out."""

import math

import numpy as np
import pytest

from ganbench import workbench
from ganbench.events import Stepped
from ganbench.store import folder
from ganbench.store.journal import Journal
from tests.web.browser import drawn, eventually, frame_step, indexed, needs_chromium

pytestmark = needs_chromium
PLOT = "document.querySelectorAll('{} .plot')[{}]"


def write(runs_dir, rows, **config):
    """A finished run of the rows {name: value}, one a step; returns its id."""
    content = {"config": {"recipe": "made", **config}, "environment": {}, "tags": []}
    run = folder.create(runs_dir, "made", content)
    log = Journal(run.path, step=0)
    for step, values in enumerate(rows):
        log.row(step, step * 8, values)
    log.write("end", state="finished", step=step, seen=step * 8, reason=None, summary=None)
    indexed(runs_dir)
    return run.id


def of_plot(page, what, number=0, where="#balance"):
    return page.evaluate(f"{PLOT.format(where, number)}.{what}")


def ranges(page, where="#balance"):
    return page.evaluate(
        f"[...document.querySelectorAll('{where} .plot')]"
        ".filter((p) => p.layout).map((p) => p.layout.xaxis.range)"
    )


def drag(page, share, number=0, where="#balance"):
    """Selects a part of a plot's width, given as two shares; returns the steps at its ends."""
    place = page.locator(f"{where} .plot .nsewdrag").nth(number)
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    low, high = of_plot(page, "_fullLayout.xaxis.range", number, where)
    y = box["y"] + box["height"] / 2
    ends = [round(box["x"] + box["width"] * part) for part in share]
    page.mouse.move(ends[0], y)
    page.mouse.down()
    page.mouse.move(ends[1], y, steps=4)
    page.mouse.up()
    return [low + (x - box["x"]) / box["width"] * (high - low) for x in ends]


@pytest.fixture
def waves(tmp_path):
    return write(
        tmp_path,
        (
            {
                "dis_loss": math.sin(i / 9),
                "adv_loss": math.cos(i / 9),
                "dis_acc": 0.5,
                "lr": 1 / (i + 1),
            }
            for i in range(400)
        ),
    )


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """200,000 points of three series: spikes, a dip, and what is not finite."""
    runs_dir = tmp_path_factory.mktemp("long")
    values = np.sin(np.arange(200_000) / 5000)
    values[123_456], values[60_001] = 9.0, -9.0
    odd = {100_000: math.nan, 150_000: math.inf, 150_001: -math.inf}
    run = write(
        runs_dir,
        (
            {"dis_loss": odd.get(i, float(value)), "adv_loss": 1.0, "dis_acc": 0.5}
            for i, value in enumerate(values)
        ),
    )
    return runs_dir, run, values


def test_a_zoom_of_one_plot_is_the_zoom_of_all(page, serve, tmp_path, waves):
    page.goto(f"{serve(tmp_path)}/runs/{waves}")
    drawn(page)
    low, high = drag(page, (0.25, 0.5))
    eventually(lambda: ranges(page)[1] == ranges(page)[0])
    assert ranges(page)[0] == pytest.approx([low, high], abs=3)
    visible = [math.sin(i / 9) for i in range(400) if low <= i <= high]
    visible += [math.cos(i / 9) for i in range(400) if low <= i <= high]
    bottom, top = of_plot(page, "layout.yaxis.range")
    assert bottom < min(visible)
    assert top > max(visible)
    assert top - bottom < 1.2 * (max(visible) - min(visible))
    page.get_by_role("tab", name="Curves").click()
    drawn(page, "#all-curves")
    eventually(
        lambda: all(r == pytest.approx([low, high], abs=3) for r in ranges(page, "#all-curves"))
    )
    page.locator("#all-curves .plot .nsewdrag").nth(2).dblclick()
    eventually(lambda: all(r[1] >= 398 for r in ranges(page, "#all-curves")))
    page.get_by_role("tab", name="Overview").click()
    eventually(lambda: all(r[1] >= 398 for r in ranges(page)))


def test_a_button_resets_the_zoom(page, serve, tmp_path, waves):
    page.goto(f"{serve(tmp_path)}/runs/{waves}")
    drawn(page)
    reset = page.locator("#balance-toolbar").get_by_role("button", name="Reset zoom")
    assert reset.is_disabled()
    drag(page, (0.25, 0.5))
    eventually(reset.is_enabled)
    reset.press("Enter")
    eventually(lambda: all(r[1] >= 398 for r in ranges(page)))


def test_a_stretch_of_a_long_curve_is_fetched_whole(page, serve, long):
    runs_dir, run, values = long
    page.goto(f"{serve(runs_dir)}/runs/{run}")
    drawn(page)
    note = page.locator("#balance .shown").first
    eventually(lambda: "200,000 points in 2,000 buckets, min and max kept" in note.inner_text())
    x, y = of_plot(page, "data[0].x"), of_plot(page, "data[0].y")
    assert len(x) < 5000
    finite = [value for value in y if math.isfinite(value)]
    assert (max(finite), min(finite)) == (9, -9)
    drag(page, (0.30, 0.36))
    eventually(lambda: "points of this stretch in 2,000 buckets" in note.inner_text())
    drag(page, (0.30, 0.36))
    eventually(lambda: note.inner_text().startswith("all "))
    low, high = of_plot(page, "layout.xaxis.range")
    x, y = of_plot(page, "data[0].x"), of_plot(page, "data[0].y")
    inside = [(a, b) for a, b in zip(x, y, strict=True) if low <= a <= high]
    steps = list(range(math.ceil(low), math.floor(high) + 1))
    assert [a for a, _ in inside] == steps
    assert [b for _, b in inside] == [values[step] for step in steps]
    assert f"all {len(steps):,} points of this stretch" in note.inner_text()
    assert x == sorted(x)
    page.locator("#balance .plot .nsewdrag").first.dblclick()
    eventually(lambda: "200,000 points in 2,000 buckets, min and max kept" in note.inner_text())


def averages(values, weight):
    """Σ wᵏ y_{t−k} / Σ wᵏ over the finite values so far."""
    result, sofar = [], []
    for value in values:
        if math.isfinite(value):
            sofar.append(value)
            weights = weight ** np.arange(len(sofar))[::-1]
            value = float(weights @ sofar / weights.sum())
        result.append(value)
    return result


def test_smoothing_is_the_weighted_mean_and_the_raw_curve_stays(page, serve, tmp_path):
    values = [math.sin(i) + i / 10 for i in range(60)]
    values[20] = math.nan
    run = write(tmp_path, ({"dis_loss": value, "adv_loss": 1.0} for value in values))
    page.goto(f"{serve(tmp_path)}/runs/{run}")
    drawn(page)
    page.locator("#balance-toolbar").get_by_label("Smoothing").fill("0.8")
    eventually(lambda: of_plot(page, "data.length") == 5)  # two raw, two smooth, a mark
    raw, smooth = of_plot(page, "data[0]"), of_plot(page, "data[1]")
    assert raw["opacity"] < 0.5
    expected = averages(values, 0.8)
    for i, (was, shown) in enumerate(zip(raw["y"], smooth["y"], strict=True)):
        if i != 20:
            assert was == values[i]
            assert shown == pytest.approx(expected[i], rel=1e-12)
    page.reload()
    drawn(page)
    assert of_plot(page, "data.length") == 5  # remembered
    assert page.locator("#balance-toolbar").get_by_label("Smoothing").input_value() == "0.8"


@pytest.mark.parametrize("log", [False, True])
def test_what_is_not_finite_is_a_mark_at_the_top(page, serve, runs_dir, log):
    odd = next(path.name for path in runs_dir.iterdir() if path.name.endswith("odd"))
    page.goto(f"{serve(runs_dir)}/runs/{odd}")
    drawn(page)
    if log:
        page.locator("#balance-toolbar").get_by_label("Log scale").check()
        eventually(lambda: of_plot(page, "layout.yaxis.type") == "log")
    marks = of_plot(
        page,
        "data.filter((t) => t.yaxis === 'y2')"
        ".map((t) => [t.name, t.x, t.marker.symbol, t.hovertemplate])",
    )
    assert marks == [
        ["dis_loss NaN", [3], "x", "NaN at %{x}"],
        ["dis_loss infinity", [5], "triangle-up", "infinity at %{x}"],
    ]
    assert all(y > 0.8 for y in of_plot(page, "data.find((t) => t.yaxis === 'y2').y"))
    assert "1 NaN, ▲ 1 infinity" in page.locator("#balance .key").first.inner_text()
    label = page.locator("#balance .plot").first.get_attribute("aria-label")
    assert "dis_loss: last 7, smallest 1, largest 7, 1 NaN, 1 infinity" in label
    assert page.locator("#state").inner_text() == "diverged"
    assert page.locator("#facts b, #facts i").count() == 0  # text stays text
    assert "<i>dis_loss</i>" in page.locator("#because").inner_text()


def test_marks_survive_the_thinning(page, serve, long):
    runs_dir, run, _ = long
    page.goto(f"{serve(runs_dir)}/runs/{run}")
    drawn(page)
    eventually(lambda: of_plot(page, "data.filter((t) => t.yaxis === 'y2').length") == 3)
    marks = of_plot(page, "data.filter((t) => t.yaxis === 'y2').map((t) => [t.name, t.x])")
    assert marks == [
        ["dis_loss NaN", [100_000]],
        ["dis_loss infinity", [150_000]],
        ["dis_loss minus infinity", [150_001]],
    ]


def test_what_a_log_axis_cannot_show_is_said(page, serve, tmp_path):
    values = [-1.0, 0.0, 1.0, 10.0, 100.0]
    run = write(tmp_path, ({"dis_loss": value, "adv_loss": 1.0} for value in values))
    page.goto(f"{serve(tmp_path)}/runs/{run}")
    drawn(page)
    note = page.locator("#balance .shown").first
    assert note.inner_text() == ""
    page.locator("#balance-toolbar").get_by_label("Log scale").check()
    eventually(lambda: note.inner_text() == "2 points ≤ 0 not drawn")


def test_x_as_images_and_time(page, serve, tmp_path):
    run = write(tmp_path, ({"dis_loss": float(i), "adv_loss": 1.0} for i in range(30)))
    page.goto(f"{serve(tmp_path)}/runs/{run}")
    drawn(page)
    axis = page.locator("#balance-toolbar").get_by_label("x axis")
    axis.select_option("seen")
    eventually(lambda: of_plot(page, "data[0].x") == [i * 8 for i in range(30)])
    axis.select_option("time")
    eventually(lambda: of_plot(page, "layout.xaxis.ticksuffix") == " s")
    time = of_plot(page, "data[0].x")
    assert time == sorted(time)
    assert 0 <= time[0] < 60
    assert "step 7" in of_plot(page, "data[0].text")[7]
    page.reload()
    drawn(page)
    assert of_plot(page, "layout.xaxis.ticksuffix") == " s"


def test_the_two_networks_by_their_names(page, serve, tmp_path):
    names = ["train_loss_D", "train/errG", "train_loss_G", "D_loss", "G_loss", "acc_D", "lr"]
    run = write(tmp_path, (dict.fromkeys(names, 1.0 + i) for i in range(3)))
    address = serve(tmp_path)
    page.goto(f"{address}/runs/{run}")
    drawn(page)
    assert page.locator("#balance h3").all_text_contents() == ["loss", "accuracy"]
    legend = page.locator("#balance .key button").all_text_contents()
    assert legend == ["D_loss", "G_loss", "acc_D"]
    roles = page.evaluate(
        """async (names) => {
            const base = document.querySelector('script[type=module]').src;
            const { role } = await import(base.replace('run.js', 'balance.js'));
            return names.map((name) => {
                const found = role(name);
                return found && [found.prefix, found.network, found.kind];
            });
        }""",
        [
            "dis_loss",
            "adv_acc",
            "errD",
            "train_d_loss",
            "a/gen_loss",
            "loss_G",
            "val_critic_loss",
            "discriminator_accuracy",
            "total_loss",
            "lr",
            "global_loss",
            "bad_acc",
        ],
    )
    assert roles == [
        ["", "d", "loss"],
        ["", "g", "acc"],
        ["", "d", "loss"],
        ["train_", "d", "loss"],
        ["a/", "g", "loss"],
        ["", "g", "loss"],
        ["val_", "d", "loss"],
        ["", "d", "acc"],
        None,
        None,
        None,
        None,
    ]


def test_without_known_names_it_says_what_it_looks_for(page, serve, tmp_path):
    run = write(tmp_path, ({"reward": 1.0 + i, "lr": 0.1} for i in range(3)))
    page.goto(f"{serve(tmp_path)}/runs/{run}")
    drawn(page)
    assert "dis_loss and adv_loss" in page.locator("#no-balance").inner_text()
    assert page.locator("#balance h3").all_text_contents() == ["lr", "reward"]


def test_many_series_are_grouped_sifted_and_drawn_when_seen(page, serve, tmp_path):
    names = [f"layer{i}/norm" for i in range(3)] + [f"layers/w{i}" for i in range(110)]
    names += ["train_loss", "train_x"]
    run = write(tmp_path, ({name: float(i) for name in names} for i in range(3)))
    page.goto(f"{serve(tmp_path)}/runs/{run}#curves")
    drawn(page, "#all-curves")
    groups = page.locator("#all-curves summary").all_inner_texts()
    assert groups[-2:] == ["layers 110 plots", "train 2 plots"]
    assert page.locator("#all-curves details[open]").count() == 1
    count = "document.querySelectorAll('#all-curves .plot .main-svg').length"
    assert page.evaluate(count) < 3 * 10
    page.get_by_text("layers 110 plots").click()
    eventually(lambda: page.evaluate(count) > 3 * 4)
    assert page.evaluate(count) < 3 * 60
    sift = page.locator("#curves-toolbar").get_by_label("Filter")
    shown = page.locator("#all-curves .sheet:not([hidden])")
    sift.fill("layers w1")
    assert shown.count() == len([name for name in names if "layers" in name and "w1" in name])
    sift.fill("w(7|42)$")
    assert shown.locator("h3").all_text_contents() == ["layers/w7", "layers/w42"]
    eventually(lambda: shown.locator(".scatterlayer path").count() >= 2)
    sift.fill("(")
    assert sift.get_attribute("aria-invalid") == "true"
    sift.fill("")
    assert shown.count() == len(names)


def test_the_pointer_over_one_plot_is_a_line_in_the_others(page, serve, tmp_path, waves):
    page.goto(f"{serve(tmp_path)}/runs/{waves}")
    drawn(page)
    eventually(lambda: page.locator("#balance .scatterlayer path").count() >= 3)
    box = page.locator("#balance .plot .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    other = page.locator("#balance .canvas").nth(1).locator(".pointer")
    eventually(other.is_visible)
    step = of_plot(page, "_fullLayout.xaxis.p2c(%s)" % (box["width"] / 2))
    values = page.locator("#balance .key").first.locator("output").all_inner_texts()
    assert float(values[0]) == pytest.approx(math.sin(round(step) / 9), abs=0.12)
    page.mouse.move(2, 2)
    eventually(other.is_hidden)


def test_a_click_on_a_curve_shows_its_grid(page, serve, runs_dir, ring):
    page.goto(f"{serve(runs_dir)}/runs/{ring}")
    drawn(page)
    eventually(lambda: frame_step(page) == "step 40")
    box = page.locator("#balance .plot .nsewdrag").first.bounding_box()
    low, high = of_plot(page, "_fullLayout.xaxis.range")
    x = box["x"] + (21 - low) / (high - low) * box["width"]
    page.mouse.move(x, box["y"] + 50)
    page.mouse.click(x, box["y"] + 50)
    eventually(lambda: frame_step(page) == "step 20")
    lines = page.locator("#balance .at:not(.pointer)")

    def at(number):
        """Which step the line in a plot stands at."""
        return page.evaluate(
            """(n) => {
                const line = document.querySelectorAll('#balance .at:not(.pointer)')[n];
                const axis = line.parentNode.querySelector('.plot')._fullLayout.xaxis;
                const x = new DOMMatrix(getComputedStyle(line).transform).m41 - axis._offset;
                return axis.p2l(x);
            }""",
            number,
        )

    assert lines.count() == 2
    eventually(lambda: at(0) == pytest.approx(20, abs=0.1))
    assert at(1) == pytest.approx(20, abs=0.1)
    page.keyboard.press("ArrowRight")
    eventually(lambda: at(1) == pytest.approx(30, abs=0.1))


def test_a_running_training_is_followed(page, serve, tiny, tmp_path):
    run = workbench.launch(tiny(steps=30), tmp_path)
    events = run.events()

    def until(step):
        for event in events:
            if isinstance(event, Stepped) and event.step == step:
                return

    until(10)
    indexed(tmp_path)
    page.goto(f"{serve(tmp_path)}/runs/{run.folder.id}")
    drawn(page)
    assert page.locator("#state").inner_text() == "running"
    points = "document.querySelector('#balance .plot').data[0].x.length"
    assert page.evaluate(points) == 3
    asked = []
    page.on("request", lambda request: "/series?" in request.url and asked.append(request.url))
    drag(page, (0.2, 0.8))
    eventually(lambda: ranges(page)[0] == ranges(page)[1])
    zoomed = ranges(page)
    box = page.locator("#balance .plot .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    label = page.locator("#balance .plot").first.locator(".hoverlayer .legend")
    eventually(lambda: label.count() == 1)
    until(20)
    eventually(lambda: page.evaluate(points) == 5)
    assert ranges(page) == zoomed  # and the news did not reset it
    assert label.count() == 1
    assert all("after=3" in url for url in asked)
    eventually(lambda: frame_step(page) == "step 20")
    list(events)
    eventually(lambda: page.locator("#state").inner_text() == "finished")
    page.get_by_role("tab", name="Scores").click()
    page.wait_for_selector("#scores-table tbody tr")


def test_a_resumed_run_replaces_its_steps(page, serve, tmp_path):
    content = {"config": {}, "environment": {}, "tags": []}
    run = folder.create(tmp_path, "made", content)
    first = Journal(run.path, step=0)
    for step in range(6):
        first.row(step, step, {"dis_loss": 1.0, "adv_loss": 2.0})
    indexed(tmp_path)
    page.goto(f"{serve(tmp_path)}/runs/{run.id}")
    drawn(page)
    assert of_plot(page, "data[0].x") == list(range(6))
    second = Journal(run.path, step=3)
    for step in range(4, 8):
        second.row(step, step, {"dis_loss": 5.0, "adv_loss": 2.0})
    eventually(lambda: of_plot(page, "data[0].x") == list(range(8)))
    assert of_plot(page, "data[0].y") == [1, 1, 1, 1, 5, 5, 5, 5]
