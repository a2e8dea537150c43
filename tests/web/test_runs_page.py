"""The table of runs: search, order, groups, choice, columns; what is new comes by itself."""

import json
import math
import random
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from ganbench.store import annotations
from ganbench.store.folder import RunFolder
from ganbench.web.app import build
from tests.web.browser import eventually, needs_chromium
from tests.web.synthetic import HOSTILE, add_run, twelve


@pytest.fixture(scope="module")
def dozen(tmp_path_factory):
    where = tmp_path_factory.mktemp("twelve")
    twelve(where)
    return where


@pytest.fixture
def table(page, serve, dozen):
    """Opens the page at a query; waits for the rows."""
    address = serve(dozen)

    def open_(query="", rows="#runs tr[data-run]"):
        page.goto(address + "/" + query)
        page.wait_for_selector(rows)
        return page

    return open_


def shown(page):
    """The ids in the order of the table."""
    return page.eval_on_selector_all("#runs tr[data-run]", "all => all.map((tr) => tr.dataset.run)")


def ids(*numbers):
    return [f"run{number:02}" for number in numbers]


class TestServer:
    @pytest.fixture
    def client(self, tmp_path):
        twelve(tmp_path)
        with TestClient(build(tmp_path, ["testserver"])) as made:
            yield made

    def test_only_rows_that_changed_come_again(self, client, tmp_path):
        first = client.get("/api/table").json()
        assert (first["count"], len(first["runs"]), first["progress"]) == (12, 12, None)
        assert [row["id"] for row in first["runs"]] == ids(*range(11, -1, -1))
        annotations.change(RunFolder(tmp_path / "run04"), add=["new"])
        edition = first["edition"]

        def changed():
            return client.get("/api/table", params={"since": edition}).json()["runs"]

        eventually(lambda: any("new" in row["tags"] for row in changed()))
        assert client.get("/api/table?since=x").status_code == 400

    def test_unchanged_is_not_sent_again(self, client):
        edition = client.get("/api/table").json()["edition"] + 10_000
        first = client.get("/api/table", params={"since": edition})
        headers = {"if-none-match": first.headers["etag"]}
        assert (
            client.get("/api/table", params={"since": edition}, headers=headers).status_code == 304
        )

    def test_what_cannot_be_read_costs_itself(self, client, tmp_path):
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "run.json").write_text("{")
        eventually(lambda: client.get("/api/table").json()["problems"])
        found = client.get("/api/table").json()
        assert found["count"] == 12
        assert "bad" in found["problems"][0]

    def test_small_curves(self, client):
        query = {"runs": "run05,run06,nobody", "series": "dis_loss"}
        found = client.get("/api/sparklines", params=query).json()
        assert found.keys() == {"run05", "run06"}
        assert found["run05"] == {"step": [1, 2, 3], "value": [1, "NaN", 0.5]}
        query = {"runs": "run06", "score": "frechet coordinates 500"}
        found = client.get("/api/sparklines", params=query).json()
        assert found["run06"]["value"] == [pytest.approx(0.6)]
        many = ",".join(str(i) for i in range(201))
        assert client.get("/api/sparklines", params={"runs": many}).status_code == 400


# The search, against the same rules written down again here.

WORDS = ["alpha", "beta", "b", "12"]


def random_run(chance):
    names = ["lr", "optimizer_d.lr", "optimizer_g.lr", "depth", "loss.name", "on"]
    values = [0.001, 0.1, 12, 1, True, False, None, "alpha", "Beta", "NaN", [1, 2]]
    config = {name: chance.choice(values) for name in names if chance.random() < 0.7}
    measures = {"frechet e 10": chance.choice([0.1, 2.0, "NaN"]), "frechet e 20": 12}
    return {
        "id": f"r{chance.randrange(100)}",
        "name": chance.choice([None, "Alpha one", "b"]),
        "project": chance.choice([None, "beta"]),
        "recipe": chance.choice([None, "ring8"]),
        "state": chance.choice(["running", "finished", "killed"]),
        "reason": None,
        "created": f"2026-11-{chance.randrange(10, 20)}T12:00:00+00:00",
        "tags": chance.sample(["alpha", "Beta x", "b"], chance.randrange(3)),
        "step": chance.choice([0, 1, 12]),
        "steps": chance.choice([None, 12]),
        "seen": 12,
        "seconds": 0.1,
        "config": config,
        "best": {
            key: {"value": value, "loss": 1, "step": 1}
            for key, value in measures.items()
            if chance.random() < 0.6
        },
        "last": {"dis_loss": [chance.choice([0.1, 2, "NaN", "Infinity"]), 0, 1]},
    }


def random_term(chance):
    minus = chance.random() < 0.3
    if chance.random() < 0.2:
        return {"not": minus, "word": chance.choice(WORDS)}
    sign = chance.choice([":", "=", "!=", "<", "<=", ">", ">="])
    fields = ["lr", "optimizer_d.lr", "depth", "name", "frechet", "dis_loss", "step", "on"]
    if sign in (":", "=", "!="):
        field = chance.choice([*fields, "id", "tag", "state", "project", "loss.name", "recipe"])
        values = ["12", "1", "0.1", "1e-3", "alpha", "beta", "beta x", "nan", "true", "null", "r1"]
        return {"not": minus, "field": field, "sign": sign, "values": chance.sample(values, 2)}
    if chance.random() < 0.3:
        day = f"2026-11-{chance.randrange(10, 20)}"
        return {"not": minus, "field": "created", "sign": sign, "limit": day}
    limit = chance.choice(["12", "0.1", "-3", "1e-3", "Infinity"])
    return {"not": minus, "field": chance.choice(fields), "sign": sign, "limit": limit}


def spelled(term):
    minus = "-" * term["not"]
    if "word" in term:
        return minus + term["word"]
    if "limit" in term:
        return f"{minus}{term['field']}{term['sign']}{term['limit']}"
    values = ",".join(f'"{value}"' if " " in value else value for value in term["values"])
    return f"{minus}{term['field']}{term['sign']}{values}"


def values_of(run, field):
    plain = {"id", "name", "project", "recipe", "state", "step", "created"}
    if field == "tag":
        return run["tags"]
    if field in plain:
        return [] if run[field] is None else [run[field]]
    found = [
        "null" if value is None else value
        for name, value in run["config"].items()
        if name == field or name.endswith("." + field)
    ]
    found += [b["value"] for key, b in run["best"].items() if key.split(" ")[0] == field]
    return found + [last[0] for name, last in run["last"].items() if name == field]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text_of(value):
    if isinstance(value, (bool, list)):
        return json.dumps(value, separators=(",", ":")).lower()
    return str(value).lower()


def equal(value, wanted):
    try:
        number = None if wanted == "nan" else float(wanted)
    except ValueError:
        number = None
    if is_number(value) and number is not None:
        return value == number
    return not is_number(value) and text_of(value) == wanted


def compared(value, sign, limit, field):
    if field == "created":
        left = datetime.fromisoformat(value).timestamp()
        right = datetime.fromisoformat(limit).timestamp()
    else:
        if isinstance(value, (bool, list)):
            return False
        try:
            left, right = float(value), float(limit)
        except ValueError:
            return False
    if math.isnan(left):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def oracle(terms, run):
    def holds(term):
        if "word" in term:
            words = [run["id"], run["name"], run["project"], run["recipe"], *run["tags"]]
            words += [v for v in run["config"].values() if v is not None]
            return any(
                term["word"] in (text_of(w) if not is_number(w) else str(w))
                for w in words
                if w is not None
            )
        found = values_of(run, term["field"])
        if "limit" in term:
            return any(compared(v, term["sign"], term["limit"], term["field"]) for v in found)
        if term["sign"] == ":":
            return any(
                equal(v, w) if is_number(v) else w in text_of(v)
                for v in found
                for w in term["values"]
            )
        same = any(equal(v, w) for v in found for w in term["values"])
        return same if term["sign"] == "=" else not same

    return all(holds(term) != term["not"] for term in terms)


CHECK = """
async ([base, cases, rows]) => {
  const { parse, matches } = await import(`${base}/filter.js`);
  const { prepare } = await import(`${base}/fields.js`);
  const runs = rows.map(prepare);
  return cases.map(parse).map((terms) => runs.map((run) => matches(terms, run)));
}
"""
TROUBLE = """
async ([base, text, known]) => {
  const { check, parse } = await import(`${base}/filter.js`);
  try { check(parse(text), new Set(known)); } catch (error) { return [error.at, error.message]; }
  return null;
}
"""


def modules(page):
    href = page.locator("link[rel=stylesheet]").first.get_attribute("href")
    return href.rsplit("/", 1)[0]


@needs_chromium
class TestSearch:
    def test_it_says_what_the_rules_say(self, table):
        page, chance = table(), random.Random(0)
        runs = [random_run(chance) for _ in range(60)]
        cases = [[random_term(chance) for _ in range(chance.randrange(1, 4))] for _ in range(300)]
        texts = ["  ".join(map(spelled, terms)) for terms in cases]
        found = page.evaluate(CHECK, [modules(page), texts, runs])
        for terms, text, row in zip(cases, texts, found, strict=True):
            assert row == [oracle(terms, run) for run in runs], text
        assert 0.05 < sum(map(sum, found)) / (60 * 300) < 0.95  # neither all nor none

    @pytest.mark.parametrize(
        ("text", "at", "words"),
        [
            ("lr<", 3, "a value is missing"),
            ("words <3", 6, "a field is missing before <"),
            ('tag:"open', 4, "never closed"),
            ("lr<abc", 3, "needs a number, not abc"),
            ("created>soon", 8, "a date like"),
            ("ok -lx=3", 4, "no run has “lx”"),
            ("state:a,", 8, "a value is missing"),
            ("lr<1,2", 3, "takes one value"),
            ("constructor=1", 0, "no run has"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_place(self, table, text, at, words):
        page = table()
        found = page.evaluate(TROUBLE, [modules(page), text, ["lr", "frechet"]])
        assert found[0] == at
        assert words in found[1]
        assert f"at character {at + 1}" in found[1]

    def test_quotes_keep_signs_and_blanks(self, table):
        page = table()
        for text in ('"a:b"', 'tag="x, y<z"', '"my key"<3', "-", "a-b", ""):
            assert page.evaluate(TROUBLE, [modules(page), text, ["my key"]]) is None

    def test_in_the_page(self, table):
        page = table()
        page.locator("#search").fill("lr<1e-3 -tag:sweep state:finished recipe:ring8")
        assert shown(page) == ids(6, 2, 0)
        assert page.locator("#count").inner_text() == "3 of 12"
        page.locator("#search").fill("frechet<0.2")
        assert shown(page) == ids(8, 3)
        page.locator("#search").fill("frechet<")
        assert (
            "a value is missing here, at character 9"
            in page.locator("#search-trouble").inner_text()
        )
        assert page.locator("#search").get_attribute("aria-invalid") == "true"
        assert shown(page) == ids(8, 3)  # as it was
        page.locator("#search").fill("nothing like this")
        page.get_by_role("button", name="Show all").click()
        assert len(shown(page)) == 12

    def test_the_address_keeps_search_order_and_groups(self, table):
        page = table()
        page.locator("#search").fill("state:finished")
        page.get_by_role("button", name="Run", exact=True).click()
        page.locator("#group").select_option("recipe")
        query = page.url.split("/")[-1]
        before = shown(page)
        page.goto("about:blank")
        table(query)
        assert shown(page) == before
        assert page.locator("#search").input_value() == "state:finished"
        assert page.locator("#runs tr.group").count() == 3  # who has a project has no recipe


@needs_chromium
class TestOrder:
    def test_any_column_by_click_and_by_key(self, table):
        page = table()
        assert shown(page) == ids(*range(11, -1, -1))
        head = page.get_by_role("columnheader", name="Best frechet")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert shown(page)[:3] == ids(3, 8, 7)[:2] + ids(9)
        assert shown(page)[-1] == "run07"  # it has none
        page.keyboard.press("Enter")  # the focus is still on it
        assert head.get_attribute("aria-sort") == "descending"
        assert shown(page)[-2:] == ids(3, 7)

    def test_another_protocol_is_marked_and_is_no_group_best(self, table):
        page = table("?group=state")
        assert page.locator("tr[data-run=run03] abbr").count() == 1
        assert page.locator("#runs abbr").count() == 1
        best = page.locator("tr.group", has_text="finished").locator("[data-part=best]")
        assert best.get_attribute("href") == "/runs/run08"

    def test_missing_and_nan_come_last_both_ways(self, table):
        page = table("?columns=last:dis_loss,config:clip&sort=config:clip")
        assert set(shown(page)[:3]) == set(ids(0, 4, 8))
        page.get_by_role("columnheader", name="clip").get_by_role("button").click()
        assert set(shown(page)[:3]) == set(ids(0, 4, 8))


@needs_chromium
class TestGroups:
    def test_they_fold(self, table):
        page = table("?group=config:loss.name")
        groups = page.locator("#runs tr.group")
        assert groups.count() == 3
        assert "8 runs" in page.locator("tr.group", has_text="hinge").inner_text()
        fold = page.locator("tr.group", has_text="hinge").get_by_role("button")
        fold.click()
        assert fold.get_attribute("aria-expanded") == "false"
        assert len(shown(page)) == 4
        fold.press("Enter")
        assert len(shown(page)) == 12

    def test_a_run_is_in_the_group_of_each_of_its_tags(self, table):
        page = table("?group=tag")
        assert shown(page).count("run10") == 2
        last = page.locator("#runs tr.group").last
        assert "no tag" in last.inner_text()


@needs_chromium
class TestChoice:
    def test_ranges_and_all_lead_to_compare(self, table):
        page = table()
        boxes = page.locator("#runs tr[data-run] input")
        boxes.nth(1).click()
        assert page.locator("#compare").get_attribute("aria-disabled") == "true"
        assert page.locator("#compare").get_attribute("href") is None
        boxes.nth(4).click(modifiers=["Shift"])
        assert page.locator("#chosen").inner_text() == "4 chosen"
        assert (
            page.locator("#compare").get_attribute("href")
            == "/compare?runs=run10,run09,run08,run07"
        )
        page.locator("#search").fill("recipe:ring8")
        assert "2 of them not shown" in page.locator("#chosen").inner_text()
        page.locator("#all").click()
        assert "8 chosen" in page.locator("#chosen").inner_text()
        page.get_by_role("button", name="Choose none").click()
        assert page.locator("#choice").is_hidden()

    def test_tags_of_many_at_once(self, page, serve, tmp_path):
        for name in ("a", "b", "c"):
            add_run(tmp_path, id=name, tags=["old"])
        page.goto(serve(tmp_path))
        page.locator("#runs tr[data-run=a] input").click()
        page.locator("#runs tr[data-run=b] input").click()
        page.locator("#tag").fill("my tag")
        page.get_by_role("button", name="Add").click()
        eventually(lambda: page.locator(".chip", has_text="my tag").count() == 2)
        assert "my tag added to 2 runs" in page.locator("#tagged").inner_text()
        page.locator("#tag").fill("old")
        page.get_by_role("button", name="Remove").click()
        eventually(lambda: page.locator(".chip", has_text="old").count() == 1)
        kept = annotations.read(RunFolder(tmp_path / "a"), {})
        assert kept["tags"] == ["my tag"]
        page.locator(".chip", has_text="my tag").first.click()
        assert page.locator("#search").input_value() == 'tag="my tag"'
        assert sorted(shown(page)) == ["a", "b"]


@needs_chromium
class TestColumns:
    def test_they_are_chosen_and_remembered(self, table):
        page = table()
        page.locator("#columns summary").click()
        page.get_by_label("Find a column").fill("optimizer_d")
        page.get_by_role("checkbox", name="optimizer_d.lr").check()
        assert page.get_by_role("columnheader", name="optimizer_d.lr").count() == 1
        cell = page.locator("tr[data-run=run00] td").last
        assert cell.inner_text() == "0.00001"
        page.keyboard.press("Escape")
        table()
        assert page.get_by_role("columnheader", name="optimizer_d.lr").count() == 1
        page.locator("#columns summary").click()
        page.get_by_role("button", name="The usual").click()
        assert page.get_by_role("columnheader", name="optimizer_d.lr").count() == 0

    def test_curves_and_pictures(self, table):
        page = table()
        page.wait_for_selector("tr[data-run=run05] svg.spark")
        assert page.locator("tr[data-run=run05] svg .bad").count() == 1  # its NaN
        assert page.locator("svg.spark").count() == 12
        page.locator("#curve").select_option("score:frechet coordinates 500")
        page.wait_for_selector("tr[data-run=run00] svg[aria-label^='frechet']")
        assert page.locator("tr[data-run=run07] svg").count() == 0
        assert page.locator("tr[data-run] img").count() == 12


@needs_chromium
class TestLive:
    def test_only_the_row_that_changed_is_made_again(self, page, serve, tmp_path):
        for name in ("a", "b"):
            add_run(tmp_path, id=name)
        _, log = add_run(tmp_path, id="c", state=None)
        page.goto(serve(tmp_path))
        page.wait_for_selector("#runs tr[data-run=c] .running")
        page.evaluate(
            "document.querySelectorAll('#runs tr[data-run]').forEach((tr) => { tr.old = true; })"
        )
        page.locator("tr[data-run=c] input").focus()
        log.row(77, 77, {"dis_loss": 0.1})
        eventually(lambda: "77" in page.locator("tr[data-run=c]").inner_text())
        assert (
            page.evaluate(
                "[...document.querySelectorAll('tr[data-run]')].filter((tr) => tr.old).length"
            )
            == 2
        )
        assert page.evaluate("document.activeElement.closest('tr').dataset.run") == "c"
        log.write("end", state="failed", step=77, seen=77, reason="x", summary=None)
        eventually(lambda: page.locator("tr[data-run=c] .state").inner_text() == "failed")
        add_run(tmp_path, id="d")
        eventually(lambda: page.locator("tr[data-run=d]").count() == 1)

    def test_a_deleted_run_goes(self, page, serve, tmp_path):
        add_run(tmp_path, id="a")
        add_run(tmp_path, id="b")
        page.goto(serve(tmp_path))
        page.locator("tr[data-run=a] input").click()
        from ganbench.store import folder

        folder.delete(RunFolder(tmp_path / "a"))
        eventually(lambda: page.locator("#runs tr[data-run]").count() == 1)
        assert page.locator("#choice").is_hidden()

    def test_indexing_and_problems_are_said(self, page, serve, tmp_path, monkeypatch):
        add_run(tmp_path, id="a")
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "run.json").write_text("{")
        monkeypatch.setattr("ganbench.web.reader.Reader.progress", 0.627, raising=False)
        monkeypatch.setattr("ganbench.web.reader.Reader.__setattr__", _without_progress)
        page.goto(serve(tmp_path))
        page.wait_for_selector("#reading:not([hidden])")
        assert "indexing 62 %" in page.locator("#reading").inner_text()
        page.locator("#problems summary").click()
        assert "1 run could not be read" in page.locator("#problems").inner_text()
        assert "bad" in page.locator("#problems-list").inner_text()

    def test_an_empty_folder_says_how_to_begin(self, page, serve, tmp_path):
        page.goto(serve(tmp_path))
        page.wait_for_selector("#empty:not([hidden])")
        text = page.locator("#empty").inner_text()
        assert "ganbench train mnist" in text
        assert "gb.Run(" in text
        add_run(tmp_path, id="first")
        eventually(lambda: page.locator("tr[data-run=first]").count() == 1)
        assert page.locator("#empty").is_hidden()


def _without_progress(self, name, value):
    if name != "progress":
        object.__setattr__(self, name, value)


@needs_chromium
class TestSize:
    def test_of_many_runs_only_those_on_the_screen_are_in_the_document(self, page, serve, tmp_path):
        for i in range(300):
            add_run(
                tmp_path,
                id=f"r{i:03}",
                losses=[1.0],
                created=f"2026-11-01T{i // 60:02}:{i % 60:02}:00",
            )
        page.goto(serve(tmp_path))
        page.wait_for_selector("#runs tr[data-run=r299]", timeout=60_000)
        eventually(lambda: page.locator("#count").inner_text() == "300")
        assert page.locator("#runs tr[data-run]").count() < 60
        page.evaluate("document.getElementById('scroller').scrollTop = 1e9")
        page.wait_for_selector("#runs tr[data-run=r000]")
        assert page.locator("#runs tr[data-run]").count() < 60
        page.wait_for_selector("tr[data-run=r000] svg.spark")
        page.locator("#all").click()
        assert page.locator("#chosen").inner_text() == "300 chosen"

    @pytest.mark.parametrize("width", [360, 3840])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_nothing_overflows(self, browser, serve, dozen, width, scheme):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.goto(serve(dozen) + "/?group=recipe")
        page.wait_for_selector("#runs tr[data-run]")
        page.locator("#all").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()


@needs_chromium
def test_names_are_text(table):
    page = table("?group=tag&columns=tags,project,config:loss.name,reason")
    assert page.locator("#runs img[src=x], #runs b").count() == 0
    text = page.locator("tr[data-run=run09]").first.inner_text()
    assert text.count(HOSTILE) >= 3  # name, tag, parameter
    assert "<b>p</b>" in text
    assert HOSTILE in page.locator("tr.group").all_inner_texts()[0]
    assert HOSTILE in page.locator("tr[data-run=run05]").first.inner_text()
    page.locator(".chip", has_text="odd tag, with a comma").first.click()
    assert set(shown(page)) == {"run09"}
