"""Verdicts by hand."""

import math

import pytest

from ganbench.audit.cells import Cell
from ganbench.audit.verdicts import as_json, reaction, verdicts


def test_what_gets_worse_is_noticed_from_the_level_on_that_all_draws_show():
    levels = [(0.1, (1.5, 2.5)), (0.2, (2.5, 3.0)), (0.3, (5.0, 6.0))]
    found = reaction("frechet", (1.0, 2.0), levels)  # lower is better
    assert found.verdict == "notices"
    assert found.from_level == 0.2
    assert found.monotone == pytest.approx(1.0)
    assert found.effect == pytest.approx((5.5 - 1.5) / math.sqrt(0.5))


def test_a_measure_that_says_better_is_fooled_and_one_that_overlaps_is_blind():
    assert reaction("frechet", (1.0, 2.0), [(1.0, (0.1, 0.2))]).verdict == "is fooled"
    assert reaction("frechet", (1.0, 2.0), [(1.0, (1.5, 9.0))]).verdict == "is blind"


def test_higher_is_better_and_to_one_turn_round():
    assert reaction("precision", (0.7, 0.8), [(1.0, (0.1, 0.2))]).verdict == "notices"
    assert reaction("copying_ratio", (0.95, 1.02), [(1.0, (0.0, 0.1))]).verdict == "notices"
    assert reaction("copying_ratio", (0.95, 1.02), [(1.0, (1.5, 1.6))]).verdict == "notices"


def test_a_level_that_is_not_worse_again_is_not_noticed_from_before_it():
    levels = [(0.1, (9.0,)), (0.2, (1.5,)), (0.3, (9.0,))]
    assert reaction("frechet", (1.0, 2.0), levels).from_level == 0.3


def cell(n, degradation, level, replicate, value):
    return Cell(n, degradation, level, replicate, {"frechet": value}, {"frechet": n / 1000})


def test_desiderata_by_hand():
    cells = [
        cell(100, "none", 0.0, 0, 4.0),
        cell(100, "none", 0.0, 1, 6.0),
        cell(1000, "none", 0.0, 0, 1.0),
        cell(1000, "none", 0.0, 1, 3.0),
        *(cell(1000, "noise", v, 0, x) for v, x in ((0.05, 2.5), (0.1, 4), (0.2, 8))),
        *(cell(1000, "blur", v, 0, x) for v, x in ((0.02, 5), (0.04, 4), (0.08, 3))),
        cell(1000, "memorisation", 1.0, 0, 0.5),
    ]
    (found,) = verdicts(cells, ["frechet"]).values()
    assert found.discriminability == pytest.approx((0.5 + 1) / 2)  # 2.5 and 5 against 1 and 3
    assert found.overfitting == "is fooled"
    assert found.distortion == pytest.approx((1 + 0.2) / 2)  # Spearman's of 2 2.5 4 8 and 2 5 4 3
    assert found.drift == pytest.approx(2.5)
    assert found.cv[1000] == pytest.approx(math.sqrt(2) / 2)
    assert found.seconds == {100: 0.1, 1000: 1.0}


def test_what_does_not_apply_says_why_and_json_has_no_infinity():
    refused = Cell(10, "none", 0.0, 0, refused={"vendi": "because"})
    assert verdicts([refused], ["vendi"])["vendi"].refused == "because"
    cells = [cell(10, "none", 0.0, r, 1.0) for r in (0, 1)] + [cell(10, "noise", 0.2, 0, 2.0)]
    told = as_json(verdicts(cells, ["frechet"]))
    assert told["frechet"]["reactions"]["noise"]["effect"] == "inf"
