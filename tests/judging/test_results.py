"""The figures of a study agree with what its raters answered."""

import numpy as np
import pytest

from ganbench.judging.results import results
from ganbench.judging.trials import Settings
from tests.judging.people import judge, study


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return study(tmp_path_factory.mktemp("runs"), ("a@1", "b@1", "c@1"), n=80)


def real_votes(made, accuracy, raters=("Ann", "Ben"), exposures=(None,)):
    draws = np.random.RandomState(0)

    def answer(pictures):
        right = draws.random_sample() < accuracy
        return "real" if pictures[0].real == right else "fake"

    settings = Settings("real", ("a@1",), exposures, 160)
    return [vote for rater in raters for vote in judge(made, settings, rater, answer)]


def test_nobody_has_voted(made):
    found = results(made, [])
    assert found["real"] == found["by_rater"] == []
    assert found["better"] is None
    assert found["agreement"] == {"real": None, "better": None}
    assert (found["votes"], found["raters"]) == (0, 0)


def test_guessing(made):
    (row,) = results(made, real_votes(made, 0.5, map(str, range(6))))["real"]
    low, high = row["d_prime_interval"]
    assert low < 0 < high
    assert row["error_rate"]["interval"][0] < 0.5 < row["error_rate"]["interval"][1]
    assert row["fool_rate"]["value"] == pytest.approx(0.5, abs=0.07)


def test_figures_are_those_of_the_answers(made):
    votes = real_votes(made, 0.8, exposures=(100, None))
    rows = results(made, votes)["real"]
    assert [row["exposure"] for row in rows] == [100, None]
    for row in rows:
        of = [vote for vote in votes if vote["exposure"] == row["exposure"]]
        fakes = [v for v in of if not made.pictures[v["pictures"][0]].real]
        fooled = sum(vote["answer"] == "real" for vote in fakes)
        assert (row["fool_rate"]["k"], row["fool_rate"]["n"]) == (fooled, len(fakes))
        assert row["n"] == len(of) == 160
        assert row["error_rate"]["k"] == sum(not vote["correct"] for vote in of)
        assert row["hit_rate"]["n"] + row["fool_rate"]["n"] == 160
        assert row["d_prime"] == pytest.approx(1.68, abs=0.5)
        assert row["raters"] == 2


def test_always_real_is_no_skill(made):
    settings = Settings("real", ("a@1",), (100,), 100)
    (row,) = results(made, judge(made, settings, "Ann", lambda _: "real"))["real"]
    assert row["fool_rate"]["value"] == row["hit_rate"]["value"] == 1
    assert row["d_prime"] == pytest.approx(0)
    assert row["criterion"] < -2
    assert row["error_rate"]["value"] == 0.5


def better_votes(made, chance, raters, n=120):
    """Raters who prefer the run that comes first in the alphabet with this chance."""
    draws = np.random.RandomState(1)

    def answer(pictures):
        first = min(pictures, key=lambda picture: picture.run)
        chosen = first if draws.random_sample() < chance else max(pictures, key=lambda p: p.run)
        return "left" if chosen is pictures[0] else "right"

    settings = Settings("better", ("a@1", "b@1", "c@1"), (500,), n)
    return [vote for rater in raters for vote in judge(made, settings, rater, answer)]


def test_preferences(made):
    votes = better_votes(made, 0.75, map(str, range(6)))
    found = results(made, votes)["better"]
    wins = np.array(found["wins"])
    assert found["runs"] == ["a@1", "b@1", "c@1"]
    assert wins.sum() == found["n"] == 720
    assert (wins + wins.T)[np.triu_indices(3, 1)].tolist() == [240, 240, 240]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        counted = 0
        for vote in votes:
            chosen = vote["pictures"][0 if vote["answer"] == "left" else 1]
            runs = {made.pictures[p].run for p in vote["pictures"]}
            counted += runs == {found["runs"][i], found["runs"][j]} and (
                made.pictures[chosen].run == found["runs"][i]
            )
        assert wins[i, j] == counted
    values = [row["strength"] for row in found["strengths"]]
    assert values[0] > values[1] > values[2]
    assert found["intervals_by"] == "raters"
    assert np.prod(values) == pytest.approx(1)
    assert found["left"]["value"] == pytest.approx(0.5, abs=0.06)
    assert "c@1" not in str(
        results(made, [v for v in votes if "c@1" not in runs_of(made, v)])["better"]
    )


def runs_of(made, vote):
    return [made.pictures[p].run for p in vote["pictures"]]


def test_one_rater_has_an_interval_of_the_answers(made):
    found = results(made, better_votes(made, 0.75, ["Ann"]))["better"]
    assert found["intervals_by"] == "answers"
    for row in found["strengths"]:
        low, high = row["interval"]
        assert low < row["strength"] < high


def test_agreement(made):
    votes = real_votes(made, 1.0)
    found = results(made, votes)["agreement"]["real"]
    assert found == {"raters": 2, "trials": 160, "alpha": 1.0, "by_all": 160, "kappa": 1.0}
    guessed = results(made, real_votes(made, 0.5, "abcdef"))["agreement"]["real"]
    assert guessed["kappa"] == pytest.approx(0, abs=0.06)
    pairs = results(made, better_votes(made, 0.5, "abcdef"))["agreement"]["better"]
    assert pairs["kappa"] == pytest.approx(0, abs=0.06)
    same = results(made, better_votes(made, 1.0, "abc"))["agreement"]["better"]
    assert same["kappa"] == same["alpha"] == 1  # wherever the pictures stood
    some = [vote for vote in votes if vote["rater"] == "Ann"] + votes[-10:]
    found = results(made, some)["agreement"]["real"]
    assert (found["trials"], found["by_all"], found["alpha"]) == (10, 10, 1.0)
    assert results(made, votes[:160])["agreement"]["real"] is None


def test_raters_one_by_one(made):
    votes = real_votes(made, 0.8) + better_votes(made, 0.75, ["Ann"])
    rows = results(made, votes)["by_rater"]
    assert [(row["rater"], row["task"], row["n"]) for row in rows] == [
        ("Ann", "better", 120), ("Ann", "real", 160), ("Ben", "real", 160),
    ]  # fmt: skip
    assert rows[0]["right"] is None
    assert rows[1]["right"]["k"] == sum(v["correct"] for v in votes[:160])


def test_pictures_that_are_not_there_are_left_out(made):
    votes = real_votes(made, 0.8)
    odd = {**votes[0], "pictures": ["gone"]}
    assert results(made, [*votes, odd])["votes"] == len(votes)
