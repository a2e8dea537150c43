"""What goes wrong, on the page of a run and in the table of runs."""

import pytest

from tests.web.browser import drawn, eventually, indexed, needs_chromium
from tests.web.synthetic import HOSTILE, add_run

pytestmark = needs_chromium
ADVICE = ["Lower the rates.", HOSTILE]


def warn(log, step, code, over=False):
    told = {"message": f"{code} at {step}: {HOSTILE}", "evidence": {"adv_grad": 12.5}}
    log.write("warning", step=step, seen=step, code=code, advice=ADVICE, over=over, **told)


@pytest.fixture
def failing(tmp_path):
    """A run with something that is over and something that is not; and one that is well."""
    run, log = add_run(tmp_path, state=None, losses=[1.0] * 40)
    warn(log, 10, "oscillation")
    warn(log, 20, "mode-collapse")
    warn(log, 30, "oscillation", over=True)
    log.write("end", state="finished", step=40, seen=40, reason=None, summary=None)
    well, _ = add_run(tmp_path)
    indexed(tmp_path)
    return tmp_path, run, well


def test_it_says_what_goes_wrong_with_evidence_and_advice(page, serve, failing):
    runs_dir, run, _ = failing
    page.goto(f"{serve(runs_dir)}/runs/{run}")
    page.wait_for_selector("#diagnosis:not([hidden])")
    first, second = page.locator(".diagnosis > li").all()
    assert "Oscillation step 10, over at step 30" in first.inner_text()
    assert f"oscillation at 10: {HOSTILE}" in first.inner_text()
    assert "adv grad\n12.5" in first.inner_text()
    assert not first.locator("details").evaluate("(node) => node.open")
    assert "Mode collapse step 20" in second.inner_text()
    assert second.locator("details li").all_inner_texts() == ADVICE
    assert page.locator("#diagnosis img").count() == 0


def test_a_click_on_its_step_moves_the_page_there(page, serve, failing):
    runs_dir, run, _ = failing
    page.goto(f"{serve(runs_dir)}/runs/{run}")
    page.locator(".diagnosis button").nth(1).click()
    drawn(page)
    plot = page.locator("#balance .canvas").first
    eventually(lambda: plot.locator(".at.wrong:not([hidden])").count() == 2)
    place = "(node) => new DOMMatrix(getComputedStyle(node).transform).e"
    marks = [mark.evaluate(place) for mark in plot.locator(".at.wrong").all()]
    assert plot.locator(".at").first.evaluate(place) == pytest.approx(marks[1])
    assert marks[0] < marks[1]


def test_the_table_marks_what_is_not_over_and_says_nothing_of_the_others(page, serve, failing):
    runs_dir, run, well = failing
    address = serve(runs_dir)
    page.goto(address)
    page.wait_for_selector(f'tr[data-run="{run}"] abbr')
    told = page.locator(f'tr[data-run="{run}"] abbr').get_attribute("title")
    assert told == "The diagnosis: mode collapse"
    assert page.locator(f'tr[data-run="{well}"] abbr').count() == 0
    page.fill("#search", "diagnosis:mode")
    eventually(lambda: page.locator("tr[data-run]").count() == 1)
    page.goto(f"{address}/runs/{well}")
    drawn(page)
    assert page.locator("#diagnosis").is_hidden()
