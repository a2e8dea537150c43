"""The page that compares: what differs, what may be compared, what mattered, what was chosen."""

import csv
import io

import pytest
from starlette.testclient import TestClient

from ganbench.store.importance import importance
from ganbench.web.app import build
from tests.web.browser import eventually, needs_chromium
from tests.web.synthetic import HOSTILE, add_run, score, twelve

ALL = ",".join(f"run{i:02}" for i in range(12))
TARGET = "best:frechet coordinates 500"


@pytest.fixture(scope="module")
def dozen(tmp_path_factory):
    where = tmp_path_factory.mktemp("twelve")
    twelve(where)
    return where


@pytest.fixture(scope="module")
def client(dozen):
    with TestClient(build(dozen, ["testserver"])) as made:
        yield made


@pytest.fixture
def compare(page, serve, dozen):
    """Opens the comparison of some runs, or what a query says, and waits for it."""
    address = serve(dozen)

    def open_(runs="run00,run01", more=""):
        page.goto(f"{address}/compare?runs={runs}{more}")
        page.wait_for_selector("#sides tbody tr")
        return page

    return open_


def row(page, name):
    return page.locator(f'#sides tr[data-row="{name}"]')


def computed(page):
    eventually(lambda: "Growing" not in page.locator("#believed").inner_text())


class TestServer:
    def test_rows_in_the_order_that_is_asked_for(self, client):
        found = client.get("/api/compare?runs=run05,run02,nobody,run05").json()
        assert [run["id"] for run in found["runs"]] == found["beside"] == ["run05", "run02"]
        assert found["missing"] == ["nobody"]
        parameters = {line["name"]: line for line in found["parameters"]}
        assert parameters["optimizer_d.lr"]["differs"]
        assert parameters["seed"]["values"] == [5, 2]
        assert not parameters["steps"]["differs"]
        environment = {line["name"]: line for line in found["environment"]}
        assert environment["host"]["values"] == ["beta", "alpha"]
        assert not environment["git.commit"]["differs"]

    def test_scores_are_told_without_their_jackknife(self, client):
        found = client.get("/api/compare?runs=run00,run03").json()
        (frechet,) = [line for line in found["scores"] if line["measure"] == "frechet"]
        assert not frechet["comparable"]
        assert sorted(frechet["differs"]) == ["k"]
        assert frechet["best"] == []
        assert "protocol" not in frechet["scores"][0]

    def test_a_project_is_all_its_runs(self, client):
        found = client.get("/api/compare", params={"project": "<b>p</b>"}).json()
        assert [run["id"] for run in found["runs"]] == ["run09"]
        assert client.get("/api/compare?project=nothing").json()["runs"] == []

    def test_no_more_than_twelve_are_side_by_side(self, tmp_path):
        for i in range(14):
            add_run(tmp_path, id=f"r{i:02}", config={"i": i})
        with TestClient(build(tmp_path, ["testserver"])) as client:
            found = client.get("/api/compare?project=ring8").json()
        assert len(found["runs"]) == 14
        assert len(found["beside"]) == 12

    def test_importance_is_of_the_runs_with_one_protocol(self, client):
        query = {"runs": ALL, "target": TARGET}
        found = client.get("/api/importance", params=query).json()
        assert (found["runs"], found["left_out"]) == (10, 2)  # 3 has another, 7 was not scored
        rows = client.get("/api/table").json()["runs"]
        rows = {row["id"]: row for row in rows}
        rows = [rows[run] for run in ALL.split(",") if run not in ("run03", "run07")]
        configs = [
            {"recipe": r["config"]["recipe"], "steps": 3}
            | {"optimizer_d.lr": r["config"]["optimizer_d"]["lr"], "seed": r["config"]["seed"]}
            | {"loss.name": r["config"]["loss"]["name"], "clip": r["config"]["clip"]}
            for r in rows
        ]
        target = [r["best"][TARGET.removeprefix("best:")]["value"] for r in rows]
        assert found["parameters"] == importance(configs, target)["parameters"]

    @pytest.mark.parametrize(
        ("target", "left_out"), [("last:dis_loss", 0), ("low:dis_loss", 0), ("x", 12), ("", 12)]
    )
    def test_targets(self, client, target, left_out):
        query = {"runs": ALL, "target": target}
        assert client.get("/api/importance", params=query).json()["left_out"] == left_out


@needs_chromium
class TestSideBySide:
    def test_only_what_differs_or_all(self, compare):
        page = compare()
        assert row(page, "optimizer_d.lr").locator("td").all_inner_texts() == [
            "1e-5",
            "1.77828e-5\n+7.783e-6",
        ]
        assert row(page, "optimizer_d.lr").locator("td.differs").count() == 1
        assert row(page, "steps").count() == 0
        assert row(page, "host").count() == 1
        assert row(page, "git.commit").count() == 0
        page.get_by_label("only what differs").uncheck()
        assert row(page, "steps").locator("td").all_inner_texts() == ["3", "3"]
        assert row(page, "git.commit").count() == 1
        assert "all=1" in page.url
        page.reload()
        page.wait_for_selector("#sides tbody tr")
        assert row(page, "steps").count() == 1

    def test_the_best_only_among_those_that_can_be_compared(self, compare):
        page = compare("run00,run03,run08,run07")
        cells = row(page, "frechet (coordinates)").locator("td")
        assert [cell.get_attribute("class") or "" for cell in cells.all()] == ["", "", "best", ""]
        assert "≠" in cells.nth(1).inner_text()
        assert "k" in cells.nth(1).get_attribute("title")
        assert cells.nth(3).inner_text() == "–"
        assert "more than the noise" in row(page, "frechet (coordinates)").inner_text()
        assert "may be noise" in row(page, "recall (coordinates)").inner_text()

    def test_two_that_cannot_be_compared_have_no_colour(self, compare):
        page = compare("run00,run03")
        cells = row(page, "frechet (coordinates)").locator("td")
        assert page.locator("#sides td.best").count() == 0
        assert all("≠" in text for text in cells.all_inner_texts())

    def test_copies(self, compare):
        page = compare("run00,run09")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy as CSV").click()
        eventually(lambda: page.locator("#copied").inner_text() == "copied")
        text = page.evaluate("navigator.clipboard.readText()")
        rows = {line[0]: line[1:] for line in csv.reader(io.StringIO(text))}
        assert rows[""] == ["run00", "run09"]
        assert rows["loss.name"] == ["wasserstein", HOSTILE]
        assert rows["seed"] == ["0", "9"]
        page.get_by_role("button", name="Copy as Markdown").click()
        eventually(lambda: page.evaluate("navigator.clipboard.readText()").startswith("|"))
        lines = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert lines[:2] == ["|  | run00 | run09 |", "| --- | ---: | ---: |"]
        assert "| seed | 0 | 9 |" in lines
        assert "<img" not in "".join(lines)

    def test_a_run_that_is_missing_costs_that_run(self, compare):
        page = compare("run00,nobody<b>,run01")
        assert "There is no run nobody<b>" in page.locator("#missing").inner_text()
        assert page.locator("#sides thead th[data-run]").count() == 2

    def test_leaving_one_out(self, compare):
        page = compare("run00,run01,run02")
        page.get_by_label("Leave out run01").click()
        page.wait_for_url("**/compare?runs=run00,run02")
        page.wait_for_selector("#sides tbody tr")
        assert page.locator("#sides thead th[data-run]").count() == 2

    def test_nothing_to_compare(self, page, serve, dozen):
        page.goto(f"{serve(dozen)}/compare")
        page.wait_for_selector("#empty:not([hidden])")

    def test_names_are_text(self, compare):
        page = compare(ALL)
        computed(page)
        assert page.locator("main img[src=x], #brushed img, #parallel img").count() == 0
        assert HOSTILE in page.locator("#sides").inner_text()
        assert HOSTILE in page.locator("#brushed").inner_text()


@needs_chromium
class TestMany:
    def brushed(self, page):
        return page.eval_on_selector_all(
            "#brushed tr[data-run]", "all => all.map((tr) => tr.dataset.run)"
        )

    def drag(self, page, axis, top, bottom):
        """From one place of an axis to another, in shares of its height from above."""
        page.locator("#parallel").scroll_into_view_if_needed()
        grip = page.locator(f"[data-axis='{axis}'] .grip").bounding_box()
        x, height = grip["x"] + grip["width"] / 2, grip["height"] - 12
        page.mouse.move(x, grip["y"] + 6 + top * height)
        page.mouse.down()
        page.mouse.move(x, grip["y"] + 6 + bottom * height, steps=4)
        page.mouse.up()

    def test_a_range_chooses_runs_and_is_in_the_address(self, compare):
        page = compare(ALL)
        assert page.locator("#parallel path[data-run]").count() == 12
        assert len(self.brushed(page)) == 12
        self.drag(page, "optimizer_d.lr", -0.02, 0.3)  # lr is logarithmic: the upper third
        assert self.brushed(page) == ["run08", "run09", "run10", "run11"]  # by their score
        assert page.locator("#parallel path.out").count() == 8
        link = page.locator("#brushed-compare").get_attribute("href")
        assert link == "/compare?runs=run08,run09,run10,run11"
        assert "brush=optimizer_d.lr" in page.url
        page.reload()
        page.wait_for_selector("#brushed tbody tr")
        assert len(self.brushed(page)) == 4
        self.drag(page, "recipe", -0.02, 0.1)
        assert self.brushed(page) == ["run08", "run10"]
        page.get_by_role("button", name="Choose all again").click()
        assert len(self.brushed(page)) == 12

    def test_ranges_by_the_keyboard(self, compare):
        page = compare(ALL)
        page.locator("[data-axis='seed']").focus()
        page.keyboard.press("ArrowUp")  # the lowest quarter
        assert sorted(self.brushed(page)) == ["run00", "run01", "run02"]
        page.keyboard.press("Shift+ArrowUp")
        assert sorted(self.brushed(page)) == ["run00", "run01", "run02", "run03"]
        for _ in range(20):
            page.keyboard.press("ArrowUp")
        assert sorted(self.brushed(page)) == ["run08", "run09", "run10", "run11"]
        words = page.locator("[data-axis='seed']").get_attribute("aria-valuetext")
        assert words == "70 % to 100 % of the axis, 4 runs"
        page.keyboard.press("Escape")
        assert len(self.brushed(page)) == 12

    def test_axes_and_logarithms(self, compare):
        page = compare(ALL)
        names = "all => all.map((a) => a.dataset.axis)"
        shown = page.eval_on_selector_all("#parallel .axis", names)
        assert shown == ["clip", "loss.name", "optimizer_d.lr", "recipe", "seed", TARGET]
        assert "1e-4" in page.locator("[data-axis='optimizer_d.lr']").text_content()
        page.locator("#axes summary").click()
        page.get_by_label("optimizer_d.lr logarithmic").uncheck()
        assert "1e-4" not in page.locator("[data-axis='optimizer_d.lr']").text_content()
        assert "linear=optimizer_d.lr" in page.url
        page.locator("#axes").get_by_label("seed").uncheck()
        assert "seed" not in page.eval_on_selector_all("#parallel .axis", names)
        page.reload()
        page.wait_for_selector("#parallel .axis")
        assert "seed" not in page.eval_on_selector_all("#parallel .axis", names)
        assert "1e-4" not in page.locator("[data-axis='optimizer_d.lr']").text_content()

    def test_importance_in_words_and_the_target_against_a_parameter(self, compare):
        page = compare(ALL)
        computed(page)
        assert "10 runs" in page.locator("#believed").inner_text()
        assert "2 runs are left out" in page.locator("#believed").inner_text()
        assert "1 scored by another protocol" in page.locator("#target-note").inner_text()
        first = page.locator("#importance .weight").first
        assert "optimizer_d.lr + seed" in first.inner_text()  # they rise together
        assert "which is better" in first.inner_text()
        assert "which of them mattered cannot be told" in page.locator("#told").inner_text()
        page.locator("#importance .weight", has_text="recipe").click()
        page.wait_for_selector("#scatter .points path")
        data = page.evaluate("document.getElementById('scatter').data[0].x")
        assert set(data) == {"ring8", "mnist"}
        assert len(data) == 10
        assert "x=recipe" in page.url

    def test_another_target(self, compare):
        page = compare(ALL)
        page.locator("#target").select_option("last:dis_loss")
        computed(page)
        assert "12 runs" in page.locator("#believed").inner_text()
        assert "last dis_loss" in page.locator("#brushed thead").inner_text()
        page.reload()
        page.wait_for_selector("#brushed tbody tr")
        assert page.locator("#target").input_value() == "last:dis_loss"

    def test_too_few_runs_are_said(self, compare):
        page = compare("run00,run01,run02")
        computed(page)
        assert (
            "needs at least 8 runs with the target, not 3" in page.locator("#believed").inner_text()
        )

    def test_runs_without_any_number(self, page, serve, tmp_path):
        for name in "abc":
            add_run(tmp_path, id=name, losses=[])
        page.goto(f"{serve(tmp_path)}/compare?runs=a,b,c")
        page.wait_for_selector("#no-target:not([hidden])")

    def test_more_than_twelve_begin_with_what_mattered(self, page, serve, tmp_path):
        for i in range(14):
            scores = [score("frechet", i * 0.1, "lower")]
            add_run(tmp_path, id=f"r{i:02}", config={"i": i}, scores=scores)
        page.goto(f"{serve(tmp_path)}/compare?project=ring8")
        page.wait_for_selector("#sides tbody tr")
        assert page.locator("#parts > section").first.get_attribute("id") == "many"
        assert "first 12 of 14" in page.locator("#first-of").inner_text()
        assert page.locator("#parallel path[data-run]").count() == 14
        computed(page)


@needs_chromium
@pytest.mark.parametrize("width", [360, 3840])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows(browser, serve, dozen, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{serve(dozen)}/compare?runs={ALL}")
    page.wait_for_selector("#brushed tbody tr")
    computed(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    head = page.locator("#sides tbody th").nth(1)
    before = head.bounding_box()["x"]
    page.evaluate("document.querySelector('.sides').scrollLeft = 500")
    assert head.bounding_box()["x"] == pytest.approx(before)  # the names stay
    context.close()
