"""Runs side by side: what differs, and which scores may be compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganbench.store import comparison

CONFIG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)


def score(value, interval=None, better="lower", **protocol):
    return {
        "measure": "frechet",
        "extractor": "e",
        "n_fake": protocol.get("n_fake", 10),
        "value": value,
        "interval": interval,
        "better": better,
        "protocol": protocol,
        "fingerprint": repr(sorted((k, v) for k, v in protocol.items() if k != "versions")),
    }


@given(st.lists(CONFIG, min_size=1, max_size=4))
def test_what_is_left_out_of_the_differences_is_the_same_everywhere(configs):
    rows, different = comparison.side_by_side(configs), comparison.differences(configs)
    assert different.items() <= rows.items()
    for i, config in enumerate(configs):
        for name, value in comparison.flatten(config):
            assert comparison.same(rows[name][i], value)
    for name in rows.keys() - different.keys():
        assert len({repr(value) for value in rows[name]}) == 1
    assert not comparison.differences(configs[:1] * 3)


def test_one_is_not_true():
    assert comparison.differences([{"a": 1}, {"a": True}]) == {"a": [1, True]}
    assert comparison.differences([{"a": 1}, {"a": 1.0}]) == {}


def test_scores_of_one_protocol_have_a_best():
    (row,) = comparison.scores([[score(3.0)], [score(1.0)], [score(2.0)]])
    assert row["comparable"]
    assert row["protocols"] == [0, 0, 0]
    assert row["best"] == [1]
    assert "may be noise" in row["verdict"]


def test_a_better_value_of_another_protocol_is_not_the_best():
    runs = [[score(3.0, n_fake=10)], [score(1.0, n_fake=20)], [score(4.0, n_fake=10)], []]
    (row,) = comparison.scores(runs)
    assert not row["comparable"]
    assert row["protocols"] == [0, 1, 0, None]
    assert row["differs"] == ["n_fake"]
    assert row["best"] == [0]


def test_two_protocols_of_two_runs_have_no_best():
    (row,) = comparison.scores([[score(3.0, n_fake=10)], [score(1.0, n_fake=20)]])
    assert (row["best"], row["verdict"]) == ([], None)


def test_library_versions_are_told_and_do_not_matter():
    first, second = score(1.0, versions="a"), score(2.0, versions="b")
    (row,) = comparison.scores([[first], [{**second, "fingerprint": "other"}]])
    assert row["comparable"]
    assert row["differs"] == []


@pytest.mark.parametrize(
    ("intervals", "words"),
    [
        ([(0.9, 1.1), (1.9, 2.1), (2.9, 3.1)], "apart from the others"),
        ([(0.9, 2.0), (1.9, 2.1), (2.9, 3.1)], "1 of the 2 others"),
        ([(0.0, 4.0), (1.9, 2.1), (2.9, 3.1)], "cannot be told from the others"),
        ([(0.0, 4.0), None, (2.9, 3.1)], "not every run has an interval"),
    ],
)
def test_more_than_noise_only_where_intervals_do_not_overlap(intervals, words):
    runs = [[score(float(i + 1), interval)] for i, interval in enumerate(intervals)]
    (row,) = comparison.scores(runs)
    assert row["best"] == [0]
    assert words in row["verdict"]


@pytest.mark.parametrize(
    ("better", "best"), [("lower", [2]), ("higher", [0]), ("to 1", [1]), (None, [])]
)
def test_the_best_is_where_the_measure_says(better, best):
    runs = [[score(value, better=better)] for value in (3.0, 1.5, 0.2, "NaN", None)]
    (row,) = comparison.scores(runs)
    assert row["best"] == best


def test_the_same_values_have_no_best():
    (row,) = comparison.scores([[score(1.0)], [score(1.0)]])
    assert (row["best"], row["verdict"]) == ([], "all the same")
