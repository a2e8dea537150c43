"""The figures of judgements: known answers, simulated raters, and choix."""

from itertools import combinations
from statistics import NormalDist

import choix
import numpy as np
import pytest

from ganbench.judging.agreement import fleiss_kappa, krippendorff_alpha
from ganbench.judging.detection import d_prime, wilson
from ganbench.judging.preference import bradley_terry, strengths

NORMAL = NormalDist()


class TestWilson:
    def test_of_a_textbook(self):  # Newcombe (1998), table I: 81 of 263
        low, high = wilson(81, 263)
        assert low == pytest.approx(0.2553, abs=5e-5)
        assert high == pytest.approx(0.3662, abs=5e-5)

    def test_ends(self):
        assert wilson(0, 0) is None
        assert wilson(0, 10)[0] == pytest.approx(0)
        assert wilson(10, 10)[1] == pytest.approx(1)
        assert wilson(0, 10)[1] == pytest.approx(1 - wilson(10, 10)[0])

    def test_it_holds_as_often_as_it_says(self):
        draws = np.random.RandomState(0).binomial(40, 0.3, 4000)
        held = np.mean([low <= 0.3 <= high for low, high in (wilson(int(k), 40) for k in draws)])
        assert 0.93 < held < 0.97


class TestDPrime:
    def test_guessing_is_zero(self):
        value, criterion, (low, high) = d_prime(50, 100, 50, 100)
        assert value == criterion == 0
        assert low < 0 < high

    def test_the_log_linear_correction_by_hand(self):
        value, criterion, _ = d_prime(10, 10, 0, 10)
        z = NORMAL.inv_cdf(10.5 / 11)
        assert value == pytest.approx(2 * z)
        assert criterion == pytest.approx(0)
        value, criterion, _ = d_prime(8, 10, 2, 20)
        z = NORMAL.inv_cdf(8.5 / 11), NORMAL.inv_cdf(2.5 / 21)
        assert value == pytest.approx(z[0] - z[1])
        assert criterion == pytest.approx(-(z[0] + z[1]) / 2)

    def test_turned_round_it_is_negative(self):
        value, criterion, _ = d_prime(9, 10, 3, 10)
        other, same, _ = d_prime(3, 10, 9, 10)
        assert other == pytest.approx(-value)
        assert same == pytest.approx(criterion)
        assert d_prime(0, 0, 3, 10) is None
        assert d_prime(3, 10, 0, 0) is None

    @pytest.mark.parametrize(("true", "criterion"), [(0.0, 0.0), (1.0, 0.3), (2.0, -0.4)])
    def test_simulated_raters_are_found_out(self, true, criterion):
        draws = np.random.RandomState(1)
        hit, false = NORMAL.cdf(true / 2 - criterion), NORMAL.cdf(-true / 2 - criterion)
        found = [
            d_prime(int(draws.binomial(400, hit)), 400, int(draws.binomial(400, false)), 400)
            for _ in range(400)
        ]
        assert np.mean([value for value, _, _ in found]) == pytest.approx(true, abs=0.02)
        assert np.mean([c for _, c, _ in found]) == pytest.approx(criterion, abs=0.02)
        held = np.mean([low <= true <= high for _, _, (low, high) in found])
        assert 0.92 < held < 0.98


def games(wins):
    return [
        (i, j)
        for i, row in enumerate(np.asarray(wins, int))
        for j, n in enumerate(row)
        for _ in range(n)
    ]


class TestBradleyTerry:
    def test_75_of_100_is_three_times_as_strong(self):
        a, b = bradley_terry(np.array([[0.0, 75], [25, 0]]))
        assert a / b == pytest.approx(3)
        assert a * b == pytest.approx(1)
        b, a = bradley_terry(np.array([[0.0, 25], [75, 0]]))
        assert a / b == pytest.approx(3)

    def test_it_agrees_with_choix(self):
        wins = np.random.RandomState(0).poisson(8, (5, 5)).astype(float)
        np.fill_diagonal(wins, 0)
        expected = choix.mm_pairwise(5, games(wins), tol=1e-12)
        assert np.log(bradley_terry(wins)) == pytest.approx(expected - expected.mean(), abs=1e-8)

    def test_pairs_that_never_met_are_linked_through_others(self):
        wins = np.array([[0.0, 30, 0], [10, 0, 20], [0, 10, 0]])
        expected = choix.ilsr_pairwise(3, games(wins))
        found = strengths(wins[None])
        assert np.log(found.values) == pytest.approx(expected - expected.mean(), abs=1e-6)
        with pytest.raises(ValueError, match="compared"):
            strengths(np.array([[[0.0, 3, 0], [1, 0, 0], [0, 0, 0]]]))

    def test_the_interval_of_two_is_that_of_a_logit(self):
        found = strengths(np.array([[[0.0, 75], [25, 0]]]))
        half = 1.959964 * (1 / 75 + 1 / 25) ** 0.5 / 2  # of the log of one strength
        assert found.by == "answers"
        assert np.log(found.intervals[0]) == pytest.approx(
            (np.log(3) / 2 - half, np.log(3) / 2 + half), abs=1e-4
        )

    def test_who_never_loses_is_strong_but_finite(self):
        found = strengths(np.array([[[0.0, 20], [0, 0]]]))
        assert found.smoothed
        assert found.values[0] / found.values[1] == pytest.approx(41)
        assert not strengths(np.array([[[0.0, 75], [25, 0]]])).smoothed

    def test_pairs_that_never_met_get_no_half_wins(self):
        found = strengths(np.array([[[0.0, 5, 0], [0, 0, 3], [0, 1, 0]]]))
        assert found.smoothed
        a, b, c = found.values
        assert a / b == pytest.approx(11)
        assert b / c == pytest.approx(3.5 / 1.5)

    def test_raters_who_disagree_widen_the_interval(self):
        one = np.array([[0.0, 15], [5, 0]])
        alike = strengths(np.stack([one] * 8))
        apart = strengths(np.stack([one, one.T, one, one, one.T, one, one, one]))
        assert alike.by == apart.by == "raters"
        assert alike.intervals[0] == pytest.approx((3**0.5, 3**0.5))
        low, high = apart.intervals[0]
        assert low < 1.2 < high

    def test_simulated_raters_are_found_out(self):
        draws, true = np.random.RandomState(2), np.array([4.0, 2, 1, 0.5])
        true /= np.exp(np.log(true).mean())
        held = np.zeros(4)
        for _ in range(100):
            wins = np.zeros((4, 4))
            for i, j in combinations(range(4), 2):
                wins[i, j] = draws.binomial(60, true[i] / (true[i] + true[j]))
                wins[j, i] = 60 - wins[i, j]
            found = np.array(strengths(wins[None]).intervals)
            held += (found[:, 0] <= true) & (true <= found[:, 1])
        assert (held >= 87).all()


FLEISS = [  # the example of Fleiss (1971) as it is usually given: 14 raters, 10 things
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


class TestAgreement:
    def test_kappa_of_the_example(self):
        assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)

    def test_kappa_by_hand(self):
        # P = (1 + 1 + 0 + 1)/4, shares 5/8 and 3/8
        assert fleiss_kappa([[2, 0], [2, 0], [1, 1], [0, 2]]) == pytest.approx(
            (0.75 - 34 / 64) / (1 - 34 / 64)
        )

    def test_alpha_of_krippendorffs_example(self):
        # "Computing Krippendorff's Alpha-Reliability" (2011), section C: nominal, 0.743
        counts = [
            [3, 0, 0, 0, 0], [0, 3, 1, 0, 0], [0, 0, 4, 0, 0], [0, 0, 4, 0, 0], [0, 4, 0, 0, 0],
            [1, 1, 1, 1, 0], [0, 0, 0, 4, 0], [3, 1, 0, 0, 0], [0, 4, 0, 0, 0], [0, 0, 0, 0, 3],
            [2, 0, 0, 0, 0], [0, 0, 1, 0, 0],
        ]  # fmt: skip
        assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)

    def test_ends(self):
        apart = [[1, 1]] * 6
        assert krippendorff_alpha([[2, 0], [0, 2]]) == fleiss_kappa([[2, 0], [0, 2]]) == 1
        assert fleiss_kappa(apart) == -1
        assert krippendorff_alpha(apart) < 0
        assert fleiss_kappa([[3, 0], [3, 0]]) is None
        assert krippendorff_alpha([[3, 0], [3, 0]]) is None
        assert krippendorff_alpha([[1, 0], [0, 1]]) is None
        assert fleiss_kappa([]) is None
        with pytest.raises(ValueError, match="between 2 and 3 raters"):
            fleiss_kappa([[2, 0], [2, 1]])

    def test_raters_who_guess_agree_as_by_chance(self):
        yes = np.random.RandomState(0).binomial(5, 0.7, 2000)
        counts = [[int(k), int(5 - k)] for k in yes]
        assert fleiss_kappa(counts) == pytest.approx(0, abs=0.03)
        assert krippendorff_alpha(counts) == pytest.approx(fleiss_kappa(counts), abs=1e-3)
