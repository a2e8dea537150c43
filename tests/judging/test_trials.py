"""Which trials raters get: balanced, the same for all, in an order of their own."""

from collections import Counter
from dataclasses import replace

import pytest

from ganbench.errors import InputError
from ganbench.judging.trials import Settings, for_rater, most_trials, plan
from tests.judging.people import study

REAL = Settings("real", ("a@1",), (100, 500, None), 60)
PAIRS = Settings("better", ("a@1", "b@1", "c@1"), (250,), 45)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return study(tmp_path_factory.mktemp("runs"), ("a@1", "b@1", "c@1"), n=40)


def test_reals_and_fakes_are_balanced_at_each_exposure(three):
    trials = plan(three, REAL)
    shown = [three.pictures[trial.pictures[0]] for trial in trials]
    assert {picture.run for picture in shown} == {"a@1"}
    assert len({picture.id for picture in shown}) == 60
    counts = Counter((trial.exposure, p.real) for trial, p in zip(trials, shown, strict=True))
    assert counts == {(e, real): 10 for e in (100, 500, None) for real in (False, True)}


def test_all_pairs_come_equally_often_with_new_pictures(three):
    trials = plan(three, PAIRS)
    runs = [tuple(three.pictures[p].run for p in trial.pictures) for trial in trials]
    assert Counter(runs) == dict.fromkeys([("a@1", "b@1"), ("a@1", "c@1"), ("b@1", "c@1")], 15)
    used = [p for trial in trials for p in trial.pictures]
    assert len(set(used)) == 90
    assert not any(three.pictures[p].real for p in used)


@pytest.mark.parametrize("settings", [REAL, PAIRS], ids=["real", "better"])
def test_raters_share_trials_and_not_their_order(three, settings):
    one, other = (for_rater(three, settings, rater) for rater in ("Ann", "Ben"))
    assert one == for_rater(three, settings, "Ann")
    ids = [[trial.id for trial in trials] for trials in (one, other)]
    assert ids[0] != ids[1]
    assert set(ids[0]) == set(ids[1]) == {trial.id for trial in plan(three, settings)}
    fewer = {trial.id for trial in plan(three, replace(settings, n=20))}
    assert fewer < set(ids[0])


def test_the_order_of_settings_does_not_matter(three):
    other = replace(REAL, exposures=(None, 500, 100, 100))
    assert for_rater(three, other, "Ann") == for_rater(three, REAL, "Ann")
    other = replace(PAIRS, runs=("c@1", "a@1", "b@1"))
    assert for_rater(three, other, "Ann") == for_rater(three, PAIRS, "Ann")


def test_no_side_is_preferred(three):
    left = Counter(
        three.pictures[trial.pictures[0]].run
        for rater in map(str, range(40))
        for trial in for_rater(three, PAIRS, rater)
    )
    assert all(500 < left[run] < 700 for run in PAIRS.runs)


def test_ids_tell_nothing(three):
    """Neither the order of the trials nor the names of pictures say which are real."""
    trials = for_rater(three, REAL, "Ann")
    real = [three.pictures[trial.pictures[0]].real for trial in trials]
    assert 5 < sum(real[::2]) < 25
    by_name = [r for _, r in sorted(zip([t.id for t in trials], real, strict=True))]
    assert 5 < sum(by_name[:30]) < 25


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (replace(REAL, task="guess"), "expected real or better"),
        (replace(REAL, runs=("z@1",)), "the study has a@1, b@1, c@1"),
        (replace(REAL, runs=("a@1", "b@1")), "one run at a time"),
        (replace(REAL, runs=()), "one run at a time"),
        (replace(PAIRS, runs=("a@1",)), "two runs or more"),
        (replace(REAL, exposures=()), "choose an exposure"),
        (replace(REAL, exposures=(5,)), "expected 10 to 10000 ms"),
        (replace(REAL, n=0), "for 1 to 80"),
        (replace(REAL, n=81), "for 1 to 80"),
        (replace(PAIRS, n=61), "for 1 to 60"),
    ],
)
def test_settings_that_cannot_be(three, settings, words):
    with pytest.raises(InputError, match=words):
        for_rater(three, settings, "Ann")


def test_as_many_as_there_are_pictures_for(three):
    assert most_trials(three, "real", ["a@1"]) == 80
    assert most_trials(three, "better", ["a@1", "b@1"]) == 40
    assert most_trials(three, "better", three.runs) == 60
    assert len(plan(three, replace(PAIRS, n=60))) == 60
