"""What comes out: Markdown for a paper, and one HTML file that needs no network."""

import shutil

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from ganbench import scoring
from ganbench.evaluation.evaluation import Evaluation
from ganbench.evaluation.html_report import html
from ganbench.evaluation.report import markdown, name_of
from ganbench.types import Score

NAMES = ["classifier_score", "frechet", "kid", "recall", "prd_f8", "data_copying"]

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.fixture
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; .ci/run installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def made():
    made = Evaluation()
    real, fake = "builtin:mnist:test[:400]", "builtin:mnist:train[:300]"
    control = "builtin:mnist:train[1000:1400]"
    list(scoring.evaluate(real, fake, NAMES, control=control, cache=False, made=made))
    return made


def test_names_are_those_of_the_field_only_where_they_are_earned():
    def named(measure, extractor):
        return name_of(Score(measure, 1.0, extractor, 10, 10))

    assert named("frechet", "inception") == "FID"
    assert named("spatial_frechet", "inception") == "sFID"
    assert named("cmmd", "clip") == "CMMD"
    assert named("frechet", "mnist-classifier") == "Fréchet distance (mnist-classifier)"


def test_markdown_has_every_score_and_its_protocol(made):
    text = markdown(made.scores)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(table) == 1 + len(NAMES)
    assert "300 samples against 400 of builtin:mnist:test[:400]" in text
    assert "training seed, which moves scores more, is not covered" in text
    for score in made.scores:
        assert f"{score.value:.4g}" in text
        assert all(warning in text for warning in score.warnings)


def test_what_is_in_the_images_names_cannot_become_html(made):
    made.notes.append("fake images: <script>alert(1)</script>")
    text = html(made)
    made.notes.pop()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_nothing_is_asked_of_the_network(made):
    head, _, tail = html(made).partition("<script>")
    assert "http://" not in head + tail.rpartition("</script>")[0].rpartition("<script>")[2]
    assert 'src="http' not in head
    assert 'href="http' not in head


def test_a_browser_shows_it(made, tmp_path, chromium):
    path = tmp_path / "report.html"
    path.write_text(html(made, command="ganbench evaluate <x>"), encoding="utf-8")
    page = chromium.new_page(viewport={"width": 1000, "height": 800})
    trouble, asked = [], []
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(".js-plotly-plot")
    assert trouble == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.locator("tbody tr").count() == len(NAMES)
    assert page.locator(".js-plotly-plot").count() == 3  # PRD, extrapolation, classes
    widths = page.eval_on_selector_all("figure img", "all => all.map(one => one.naturalWidth)")
    assert len(widths) == 10  # samples, typical, pairs: two of each; neighbours: four
    assert min(widths) > 100
    page.close()


def test_points_are_drawn_and_what_is_missing_says_why():
    made = Evaluation()
    list(scoring.evaluate("builtin:ring8:test[:300]", "builtin:ring8:train[:200]", made=made))
    text = html(made)
    assert "scattergl" in text
    assert "Not shown: the extractor coordinates gives no class probabilities" in text


def test_tiles_are_the_images(made):
    from ganbench.evaluation import pictures

    tiles = pictures.tiles(made.samples[0][0].real.images, [0, 5])
    assert [tile.size for tile in tiles] == [(64, 64)] * 2
    first = made.samples[0][0].real.images.tensor()[0, 0].numpy()
    shown = np.asarray(tiles[0].convert("L"))[4:60, 4:60]  # 28 pixels, twice as large
    assert np.array_equal(shown[::2, ::2], first)
