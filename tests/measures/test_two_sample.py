"""Two-sample tests by classifiers: Gaussians, whose best accuracy is known, and copies."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.neighbors import KNeighborsClassifier

from ganbench.measures.neighbours import k_nearest, nearest_other
from ganbench.measures.nets import conv_classifier, draw, mlp
from ganbench.measures.two_sample import _split, c2st, c2st_knn, one_nn, power


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws) + shift


TESTS = [lambda real, fake: c2st(real, fake, epochs=20), c2st_knn]


class TestC2st:
    @pytest.mark.parametrize("test", TESTS)
    def test_equal_distributions_are_told_by_chance(self, test):
        found = test(normal(1500, 4, 0), normal(1700, 4, 1))
        assert found.detail["n_test"] == 1500
        assert abs(found.value - 0.5) < 3 * found.detail["null_sd"]
        assert found.detail["null_sd"] == pytest.approx(1 / (2 * math.sqrt(1500)))

    @pytest.mark.parametrize("test", TESTS)
    def test_the_best_accuracy_between_shifted_normals_is_reached(self, test):
        """Φ(|μ|/2), for unit variance."""
        found = test(normal(3000, 1, 0), normal(3000, 1, 1, shift=1.5))
        assert found.value == pytest.approx(stats.norm.cdf(0.75), abs=0.025)
        assert found.detail["p"] < 1e-6
        assert found.detail["power"] > 0.999

    @pytest.mark.parametrize("test", TESTS)
    def test_far_apart(self, test):
        found = test(normal(300, 3, 0), normal(300, 3, 1, shift=20))
        assert found.value == 1
        assert found.detail["p"] == pytest.approx(2.0**-300)
        assert found.detail["real"] == found.detail["fake"] == 1

    def test_p_is_that_of_a_binomial(self):
        found = c2st(normal(200, 2, 0), normal(200, 2, 1, shift=0.3), epochs=5)
        hits = round(found.value * 200)
        expected = stats.binomtest(hits, 200, 0.5, alternative="greater").pvalue
        assert found.detail["p"] == pytest.approx(expected)

    def test_power_is_that_of_simulated_tests(self):
        n, accuracy, alpha = 400, 0.54, 0.05
        hits = np.random.default_rng(0).binomial(n, accuracy, 20_000)
        limit = 0.5 + stats.norm.ppf(1 - alpha) / (2 * math.sqrt(n))
        assert power(accuracy, n, alpha) == pytest.approx((hits / n > limit).mean(), abs=0.02)
        assert power(0.5, n, alpha) == pytest.approx(alpha)
        assert power(1.0, n) == 1
        assert power(0.0, n) == 0

    def test_collapse_and_its_opposite_differ_by_side(self):
        """Spread-out fakes are called fake; reals in the middle are called real."""
        wide, narrow = normal(1000, 4, 0), normal(1000, 4, 1, scale=0.2)
        collapsed, scattered = c2st_knn(wide, narrow).detail, c2st_knn(narrow, wide).detail
        assert collapsed["fake"] > collapsed["real"]
        assert scattered["fake"] < scattered["real"]

    def test_votes_are_those_of_sklearn(self):
        """With an odd k, so that no vote is tied."""
        real, fake = normal(240, 3, 0), normal(240, 3, 1, shift=0.4)
        x, label, half = _split(real, fake, 10_000, torch.Generator().manual_seed(3))
        k = math.isqrt(half)
        assert k % 2
        peer = KNeighborsClassifier(k).fit(x[:half], label[:half])
        found = c2st_knn(real, fake, seed=3)
        assert found.detail["k"] == k
        assert found.value == pytest.approx(peer.score(x[half:], label[half:]))

    def test_the_seed_decides(self):
        real, fake = normal(200, 2, 0), normal(200, 2, 1, shift=0.3)
        once, again, other = (c2st(real, fake, epochs=3, seed=seed) for seed in (1, 1, 2))
        assert once == again
        assert once.value != other.value

    def test_constant_dimensions_do_no_harm(self):
        real, fake = normal(100, 3, 0), normal(100, 3, 1)
        real[:, 0] = fake[:, 0] = 5
        assert 0.2 < c2st(real, fake, epochs=5).value < 0.8

    def test_too_few(self):
        with pytest.raises(ValueError, match="too few"):
            c2st(normal(9, 2, 0), normal(4, 2, 1))
        with pytest.raises(ValueError, match="NaN"):
            c2st(normal(9, 2, 0), normal(9, 2, 1) / 0)


class TestOneNn:
    def test_equal_distributions(self):
        """The expectation (n − 1)/(2n − 1), over repetitions, whatever the distribution."""
        n = 60
        found = [one_nn(normal(n, 3, i), normal(n, 3, i + 99), permutations=0) for i in range(80)]
        values = np.array([outcome.value for outcome in found])
        assert found[0].detail["expected"] == (n - 1) / (2 * n - 1)
        error = values.std() / math.sqrt(len(values))
        assert values.mean() == pytest.approx((n - 1) / (2 * n - 1), abs=3 * error)

    def test_copies_are_0_and_distance_is_1(self):
        real = normal(300, 4, 0)
        copies = one_nn(real, real.clone())
        assert copies.value == 0
        assert copies.detail["p"] == pytest.approx(0.001)
        assert one_nn(real, normal(300, 4, 1, shift=30)).value == 1

    def test_collapse_is_low_among_reals_and_high_among_fakes(self):
        """The asymmetric case. In many dimensions, for in few both have ∫ p²/(p + q)."""
        wide, narrow = normal(400, 20, 0), normal(400, 20, 1, scale=0.5)
        collapsed, scattered = one_nn(wide, narrow).detail, one_nn(narrow, wide).detail
        assert collapsed["fake"] > collapsed["real"] + 0.1
        assert scattered["fake"] < scattered["real"] - 0.1

    def test_p_of_equal_distributions_is_uniform(self):
        found = [
            one_nn(normal(40, 2, i), normal(40, 2, i + 999), permutations=99).detail["p"]
            for i in range(100)
        ]
        assert stats.kstest(found, "uniform").pvalue > 0.001

    def test_sides_are_balanced(self):
        assert one_nn(normal(500, 2, 0), normal(100, 2, 1)).detail["n"] == 100


class TestNeighbours:
    """The two searches that these tests rest on, across the borders of the blocks."""

    @pytest.mark.parametrize("n", [20, 1500])
    def test_nearest_other(self, n):
        x = normal(n, 3, 0).double() + 1e3
        distance = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
        assert torch.equal(nearest_other(x), distance.fill_diagonal_(math.inf).argmin(1))

    @pytest.mark.parametrize("n", [20, 1500])
    def test_k_nearest(self, n):
        x, y = normal(n, 3, 0).double(), normal(1100, 3, 1).double()
        distance, index = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").sort(1)
        found, places = k_nearest(x, y, 7)
        assert torch.equal(places, index[:, :7])
        assert torch.allclose(found.sqrt(), distance[:, :7])

    def test_too_few(self):
        with pytest.raises(ValueError, match="got 3"):
            k_nearest(normal(5, 2, 0), normal(3, 2, 1), 4)


class TestNets:
    def test_the_global_generator_is_not_touched(self):
        before = torch.random.get_rng_state()
        c2st(normal(20, 2, 0), normal(20, 2, 1), epochs=1)
        conv_classifier(1, torch.Generator().manual_seed(0))
        assert torch.equal(before, torch.random.get_rng_state())

    def test_weights_are_those_of_the_seed(self):
        one, other = (mlp((50, 9), torch.Generator().manual_seed(seed))[0] for seed in (0, 1))
        assert not torch.equal(one.weight, other.weight)
        assert one.weight.abs().max() <= 50**-0.5
        assert one.bias.abs().max() > 0.5 * 50**-0.5

    @pytest.mark.parametrize("size", [8, 28, 32])
    def test_convolutions_of_any_size(self, size):
        net = conv_classifier(3, torch.Generator().manual_seed(0))
        assert net(torch.zeros((2, 3, size, size))).shape == (2, 1)

    def test_a_draw_has_no_repetitions(self):
        found = draw(torch.arange(9), 5, torch.Generator().manual_seed(0))
        assert len(set(found.tolist())) == 5
