"""People judge pictures in a real browser: by keyboard, at the same time, after a reload."""

from itertools import pairwise

import numpy as np
import orjson
import pytest
from starlette.testclient import TestClient

from ganbench.judging.results import results
from ganbench.judging.trials import Settings, for_rater
from ganbench.store import studies
from ganbench.web.app import build
from tests.judging.people import judge, study
from tests.web.browser import eventually, needs_chromium
from tests.web.test_panels_page import CONTROLS, HEADINGS, NAMELESS, TWICE

RUNS = ("abcdef-mnist@100", "abcdef-mnist@900")
KEYS = {"fake": ("f", "ArrowLeft"), "left": ("F", "ArrowLeft")}
KEYS |= {"real": ("j", "ArrowRight"), "right": ("J", "ArrowRight")}


@pytest.fixture
def made(tmp_path):
    return study(tmp_path, RUNS, n=30, side=8)


@pytest.fixture
def address(serve, made):
    return f"{serve(made.path.parents[1])}/judge/{made.id}"


def query(settings, rater=None, **more):
    times = [("exposure", "unlimited" if e is None else e) for e in settings.exposures]
    pairs = [("task", settings.task), *(("run", run) for run in settings.runs), *times]
    pairs += [("n", settings.n), *([("rater", rater)] if rater else []), *more.items()]
    return "&".join(f"{name}={value}" for name, value in pairs)


class Rater:
    """Somebody who knows the truth, and is wrong as often as told: whoever else may be there."""

    def __init__(self, page, address, made, settings, name, accuracy, seed=0):
        self.page, self.made, self.settings, self.name = page, made, settings, name
        self.accuracy = accuracy
        self.draws = np.random.RandomState(seed)
        self.trials = for_rater(made, settings, name)
        self.said = []
        self.url = f"{address}/trials?{query(settings, name)}"

    def begin(self):
        self.page.goto(self.url)
        self.page.wait_for_selector("#begin:visible")
        self.page.keyboard.press("Enter")  # the button has the focus

    def right(self, trial):
        rows = [self.made.pictures[name] for name in trial.pictures]
        if self.settings.task == "real":
            return "real" if rows[0].real else "fake"
        return "left" if rows[0].run == RUNS[1] else "right"  # the later step is the better one

    def answer(self):
        trial = self.trials[len(self.said)]
        answer = self.right(trial)
        if self.draws.random_sample() >= self.accuracy:
            other = {"real": "fake", "fake": "real", "left": "right", "right": "left"}
            answer = other[answer]
        phase = "picture" if trial.exposure is None else "mask"
        self.page.wait_for_selector(f"#stage[data-phase={phase}]")
        self.page.wait_for_selector(".answers button:enabled >> nth=0")
        self.page.keyboard.press(KEYS[answer][len(self.said) % 2])
        self.said.append((trial.id, answer))
        done = len(self.said)
        eventually(lambda: len(studies.votes_of(self.made, self.name)) == done)

    def go_on(self, n):
        for _ in range(n):
            self.answer()


@pytest.fixture
def second(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


@needs_chromium
def test_two_raters_at_once_and_the_results(page, second, address, made):
    settings = Settings("real", RUNS[:1], (50, None), 12)
    raters = [
        Rater(page, address, made, settings, "Ann", 0.9, 0),
        Rater(second, address, made, settings, "Ben B.", 0.5, 1),
    ]
    for rater in raters:
        rater.begin()
    for _ in range(settings.n):
        for rater in raters:
            rater.answer()
    for rater in raters:
        rater.page.wait_for_selector("#end:visible")
        votes = studies.votes_of(made, rater.name)
        assert [(vote["trial"], vote["answer"]) for vote in votes] == rater.said
        for vote, trial in zip(votes, rater.trials, strict=True):
            assert vote["pictures"] == list(trial.pictures)
            assert vote["correct"] == (vote["answer"] == rater.right(trial))
            assert vote["reaction"] >= vote["shown"] > 0
            if trial.exposure:
                assert 50 - 17 <= vote["shown"] < 500
    page.get_by_role("link", name="What the answers say").click()
    rows = page.locator("#real tbody tr")
    said = {rater.name: dict(rater.said) for rater in raters}
    for i, exposure in enumerate((50, None)):
        fakes = [
            said[name][t.id]
            for rater in raters
            for name, t in ((rater.name, t) for t in rater.trials)
            if t.exposure == exposure and rater.right(t) == "fake"
        ]
        share = 100 * fakes.count("real") / len(fakes)
        cell = rows.nth(i).locator("[data-figure=fool_rate]").inner_text()
        assert cell.startswith(f"{share:.1f} %")
        expected = results(made, studies.all_votes(made))["real"][i]
        cell = rows.nth(i).locator("[data-figure=d_prime]").inner_text()
        assert cell.startswith(f"{expected['d_prime']:.2f}")
        assert rows.nth(i).locator("[data-figure=n]").inner_text() == "12 by 2"
    assert "HYPE∞" in rows.nth(1).inner_text()
    assert "2 raters, 12 shared trials" in page.locator("main").inner_text()
    assert page.locator("#raters tbody tr").count() == 2


@needs_chromium
def test_which_is_better(page, address, made):
    settings = Settings("better", RUNS, (50,), 6)
    rater = Rater(page, address, made, settings, "Ann", 1.0)
    rater.begin()
    rater.go_on(6)
    page.wait_for_selector("#end:visible")
    page.goto(f"{address}/results")
    first = page.locator("#strengths tbody tr").first
    assert first.get_attribute("data-run") == RUNS[1]
    assert first.locator("[data-figure=strength]").inner_text() == f"{13**0.5:.2f}"
    assert page.locator("#wins tbody td").all_inner_texts() == ["–", "0 0 %", "6 100 %", "–"]
    assert "Intervals are of the answers only" in page.locator("main").inner_text()


@needs_chromium
def test_a_reload_goes_on_where_the_rater_was(page, address, made):
    rater = Rater(page, address, made, Settings("real", RUNS[:1], (None,), 5), "Ann", 0.7)
    rater.begin()
    rater.go_on(2)
    page.wait_for_selector("#stage[data-phase=picture]")
    page.reload()
    page.wait_for_selector("#begin:visible")
    assert "Ann has answered 2 of 5 trials already" in page.locator("#again").inner_text()
    assert page.locator("#count").inner_text() == "2 of 5"
    page.get_by_role("button", name="Go on").click()
    rater.go_on(3)
    page.wait_for_selector("#end:visible")
    votes = studies.votes_of(made, "Ann")
    assert [(vote["trial"], vote["answer"]) for vote in votes] == rater.said
    page.reload()
    page.wait_for_selector("#end:visible")


@needs_chromium
def test_from_the_first_page_to_the_trials(page, address, made):
    page.goto(address.removesuffix(f"/judge/{made.id}"))
    page.get_by_role("link", name="Judge").click()
    page.get_by_role("link", name=made.id, exact=True).click()
    eventually(lambda: page.locator("#most").inner_text() == "at most 60")
    page.get_by_label("Which is better?").check()
    eventually(lambda: page.locator("#most").inner_text() == "at most 30")
    page.get_by_label(RUNS[0]).locator("visible=true").uncheck()
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Go on").click()
    assert page.locator("#wrong").inner_text() == "Choose two runs or more."
    page.get_by_label(RUNS[0]).locator("visible=true").check()
    page.get_by_label("500 ms").uncheck()
    page.get_by_role("button", name="Go on").click()
    assert "Choose how long" in page.locator("#wrong").inner_text()
    page.get_by_label("250 ms").check()
    page.get_by_label("as long as").check()
    page.get_by_label("Trials").fill("8")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("#begin:visible")
    assert page.locator("#count").inner_text() == "0 of 8"
    others = page.locator("#others").get_attribute("href")
    assert "rater" not in others
    page.get_by_role("link", name="this address").click()
    page.wait_for_selector("#who:visible")
    field = page.get_by_label("Your name")
    assert field.input_value() == "Ann"  # this browser knows it
    field.fill("Ben")
    page.keyboard.press("Enter")
    page.wait_for_selector("#begin:visible")
    assert "rater=Ben" in page.url


@needs_chromium
def test_buttons_by_touch_and_the_truth_if_asked_for(browser, address, made):
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 640})
    page = context.new_page()
    settings = Settings("real", RUNS[:1], (50,), 2)
    trials = for_rater(made, settings, "Ann")
    page.goto(f"{address}/trials?{query(settings, 'Ann', feedback=1)}")
    page.get_by_role("button", name="Begin").tap()
    page.wait_for_selector("#stage[data-phase=cross]")
    assert page.get_by_role("button", name="Fake").is_disabled()
    page.wait_for_selector("#stage[data-phase=mask]")
    page.get_by_role("button", name="Fake").tap()
    real = made.pictures[trials[0].pictures[0]].real
    expected = "Wrong: it was real" if real else "Right"
    eventually(lambda: page.locator("#told").inner_text() == expected)
    assert studies.votes_of(made, "Ann")[0]["feedback"] is True
    context.close()


@needs_chromium
def test_an_answer_that_cannot_be_stored_is_kept_and_sent_again(browser, address, made):
    context = browser.new_context()
    page = context.new_page()
    rater = Rater(page, address, made, Settings("real", RUNS[:1], (50,), 2), "Ann", 1.0)
    rater.begin()
    page.route("**/votes", lambda route: route.abort())
    page.wait_for_selector("#stage[data-phase=mask]")
    page.wait_for_selector(".answers button:enabled >> nth=0")
    page.keyboard.press("f")
    page.wait_for_selector("#paused:visible")
    assert "could not be stored" in page.locator("#why").inner_text()
    assert studies.all_votes(made) == []
    page.unroute("**/votes")
    page.get_by_role("button", name="Go on").click()
    eventually(lambda: len(studies.all_votes(made)) == 1)
    rater.said.append(None)
    rater.go_on(1)
    page.wait_for_selector("#end:visible")
    context.close()


@needs_chromium
def test_what_nobody_could_see_comes_again(page, address, made):
    rater = Rater(page, address, made, Settings("real", RUNS[:1], (50,), 2), "Ann", 1.0)
    rater.begin()
    page.wait_for_selector("#stage[data-phase=cross]")
    page.evaluate(
        "() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')); delete document.hidden; }"
    )
    page.wait_for_selector("#paused:visible")
    assert "out of sight" in page.locator("#why").inner_text()
    assert studies.all_votes(made) == []
    page.get_by_role("button", name="Go on").click()
    rater.trials.reverse()
    rater.go_on(2)
    page.wait_for_selector("#end:visible")
    votes = studies.votes_of(made, "Ann")
    assert [(vote["trial"], vote["correct"]) for vote in votes] == [
        (trial.id, True) for trial in rater.trials
    ]


@needs_chromium
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("task=real&run=gone@1&exposure=50&n=4&rater=Ann", "run 'gone@1': the study has abcdef"),
        (f"task=real&run={RUNS[0]}&exposure=50&n=999&rater=Ann", "has pictures for 1 to 60"),
        (f"task=real&run={RUNS[0]}&n=4&rater=Ann", "choose an exposure"),
        (f"task=better&run={RUNS[0]}&exposure=50&n=4&rater=Ann", "two runs or more"),
    ],
)
def test_settings_that_cannot_be_are_said_in_words(browser, address, asked, words):
    page = browser.new_page()
    page.goto(f"{address}/trials?{asked}")
    page.wait_for_selector("#wrong:visible")
    assert words in page.locator("#wrong").inner_text()
    page.get_by_role("link", name="Choose again").click()
    page.wait_for_selector("#choose")
    page.close()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_everything_has_a_name_and_room(browser, address, made, scheme, width):
    for settings in (
        Settings("real", RUNS[:1], (50, None), 20),
        Settings("better", RUNS, (500,), 20),
    ):
        for name in ("Ann", "x" * 60):
            for vote in judge(
                made, settings, name, lambda rows: "real" if len(rows) == 1 else "left"
            ):
                studies.add_vote(made, vote)
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    one = query(Settings("better", RUNS, (None,), 4), "Ben")
    for where in (
        address.rpartition("/")[0],
        address,
        f"{address}/trials?{one}",
        f"{address}/results",
    ):
        page.goto(where)
        if "trials" in where:
            page.get_by_role("button", name="Begin").click()
            page.wait_for_selector("#stage[data-phase=picture]")
            box = page.locator(".answers").bounding_box()
            assert box["y"] + box["height"] <= 800
        assert page.evaluate(NAMELESS, CONTROLS) == []
        assert page.evaluate(TWICE) == []
        levels = page.evaluate(HEADINGS)
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    context.close()


# Without a browser


def client(made, **tokens):
    return TestClient(build(made.path.parents[1], ["testserver"], **tokens))


ONE = Settings("real", RUNS[:1], (100,), 10)


def body(made, rater="Ann", place=0, **changes):
    trial = for_rater(made, ONE, rater)[place]
    return {
        "task": "real", "runs": list(RUNS[:1]), "exposures": [100], "n": 10, "rater": rater,
        "trial": trial.id, "answer": "real", "shown": 99.9, "reaction": 500.5, **changes,
    }  # fmt: skip


def test_nothing_gives_the_truth_away_before_the_vote(made):
    asked = client(made)
    found = asked.get(f"/api/judge/{made.id}/trials?{query(ONE, 'Ann')}")
    assert found.json().keys() == {"rater", "trials", "done"}
    assert {key for row in found.json()["trials"] for key in row} == {
        "trial",
        "pictures",
        "exposure",
    }
    name = found.json()["trials"][0]["pictures"][0]
    picture = asked.get(f"/judge/{made.id}/pictures/{name}.webp")
    assert picture.status_code == 200
    assert picture.content == made.file(name).read_bytes()
    assert not {"last-modified", "etag", "content-disposition"} & set(picture.headers)
    pages = [f"/judge/{made.id}", f"/judge/{made.id}/trials?{query(ONE, 'Ann')}", "/judge"]
    for where in (*pages, "/api/judge", f"/api/judge/{made.id}/results"):
        text = asked.get(where).text
        assert not [p for p in made.pictures.values() if p.id in text or p.sha256 in text]
        assert made.seed not in text
    stored = asked.post(f"/api/judge/{made.id}/votes", json=body(made))
    assert stored.json() == {
        "correct": made.pictures[for_rater(made, ONE, "Ann")[0].pictures[0]].real
    }


def test_a_second_answer_does_not_count(made):
    asked = client(made)
    where = f"/api/judge/{made.id}/votes"
    assert asked.post(where, json=body(made)).status_code == 200
    again = asked.post(where, json={**body(made), "rater": "  Ann ", "answer": "fake"})
    assert again.status_code == 409
    assert "answered already" in again.json()["error"]
    assert "correct" not in again.json()
    (vote,) = studies.all_votes(made)
    assert (vote["rater"], vote["answer"]) == ("Ann", "real")
    assert vote["shown"] == 99.9
    done = asked.get(f"/api/judge/{made.id}/trials?{query(ONE, 'Ann')}").json()["done"]
    assert done == [vote["trial"]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answer": "left"}, "fake or real"),
        ({"trial": "x@100"}, "no such trial"),
        ({"runs": ["gone"]}, "run 'gone'"),
        ({"runs": "abcdef"}, "runs: expected a list of texts"),
        ({"exposures": [True]}, "exposures: expected"),
        ({"exposures": [5]}, "10 to 10000 ms"),
        ({"n": 10.5}, "n: expected a whole number"),
        ({"n": 11}, "no such trial for this rater|answer"),
        ({"rater": " "}, "1 to 60 letters"),
        ({"rater": None}, "rater: expected a text"),
        ({"shown": -1}, "shown: expected milliseconds"),
        ({"reaction": "soon"}, "reaction: expected milliseconds"),
    ],
)
def test_votes_that_cannot_be(made, changes, words):
    answer = client(made).post(f"/api/judge/{made.id}/votes", json=body(made, **changes))
    if changes == {"n": 11}:  # more trials have those of fewer among them
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    assert any(part in answer.json()["error"] for part in words.split("|"))
    assert studies.all_votes(made) == []


def test_bodies_that_are_none(made):
    asked, where = client(made), f"/api/judge/{made.id}/votes"
    assert asked.post(where, content=b"{").status_code == 400
    assert asked.post(where, json=[1]).status_code == 400
    less = body(made)
    del less["shown"]
    assert asked.post(where, json=less).json() == {"error": "shown is missing"}


def test_who_may_vote(made):
    where = f"/api/judge/{made.id}/votes"
    asked = client(made)
    other = asked.post(where, json=body(made), headers={"sec-fetch-site": "cross-site"})
    assert other.status_code == 403
    asked = client(made, token="w" * 20, read_token="r" * 20)
    assert asked.post(where, json=body(made)).status_code == 401
    for token, status in (("r" * 20, 403), ("w" * 20, 200)):
        headers = {"authorization": f"Bearer {token}"}
        assert asked.post(where, json=body(made), headers=headers).status_code == status
    assert len(studies.all_votes(made)) == 1


def test_studies_that_are_not_there(made):
    asked = client(made)
    for where in ("/judge/gone", "/judge/gone/trials", "/judge/gone/results"):
        assert asked.get(where).status_code == 404
    assert "There is no study gone" in asked.get("/judge/gone").text
    assert asked.get("/judge/gone/pictures/x.webp").status_code == 404
    assert asked.get(f"/judge/{made.id}/pictures/x.webp").status_code == 404
    for where in ("trials", "results"):
        answer = asked.get(f"/api/judge/gone/{where}?{query(ONE, 'Ann')}")
        assert answer.status_code == 404
        assert answer.json() == {"error": "there is no study gone"}
    assert asked.post("/api/judge/gone/votes", json=body(made)).status_code == 404


def test_no_studies_and_damaged_ones(tmp_path, made):
    empty = TestClient(build(tmp_path / "none", ["testserver"]))
    assert "ganbench judge RUN" in empty.get("/judge").text
    assert empty.get("/api/judge").json() == {"studies": [], "problems": []}
    asked = client(made)
    assert "Nobody has answered yet" in asked.get(f"/judge/{made.id}/results").text
    (made.path / "study.json").write_text("{")
    assert "damaged" in asked.get("/judge").text
    answer = asked.get(f"/judge/{made.id}")
    assert answer.status_code == 503


def test_names_from_strangers_are_text(made):
    asked = client(made)
    evil = "<img src=x onerror=alert(1)>"
    assert asked.post(f"/api/judge/{made.id}/votes", json=body(made, rater=evil)).status_code == 200
    text = asked.get(f"/judge/{made.id}/results").text
    assert evil not in text
    assert "&lt;img" in text
    assert orjson.loads(asked.get(f"/api/judge/{made.id}/results").content)["raters"] == 1
