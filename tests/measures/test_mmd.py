"""KID and CMMD: closed forms, brute forces, and intervals that hold the truth."""

import itertools
import math

import numpy as np
import pytest
import torch

from ganbench.measures import mmd
from ganbench.measures.mmd import cmmd, cmmd_spread, kid, kid_spread, kid_variance


def normal(n, d, seed, shift=0.0):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


def moved(n, d, seed, a):
    """Normals with the mean √a along the first axis."""
    x = normal(n, d, seed)
    x[:, 0] += math.sqrt(a)
    return x


def truth(d, a):
    """E KID of N(0, I) and N(μ, I), |μ|² = a."""
    pp = 1 + 3 / d
    pq = 1 + 3 * (a + d) / d**2
    qq = 1 + 3 * a / d + 3 * (a**2 + 2 * a + d) / d**2
    qq += (a**3 + 3 * a * (2 * a + d) + 6 * a) / d**3
    return pp + qq - 2 * pq


def cubic(x, y):
    return ((x @ y.T).numpy() / x.shape[1] + 1) ** 3


class TestKid:
    def test_closed_form_for_normals(self):
        d, a, n = 10, 1.0, 4000
        assert truth(d, a) == pytest.approx(0.373)
        found = [kid(normal(n, d, 2 * i), moved(n, d, 2 * i + 1, a)) for i in range(5)]
        assert np.mean(found) == pytest.approx(0.373, abs=0.012)

    def test_is_unbiased(self):
        found = [kid(normal(30, 4, 2 * i), normal(40, 4, 2 * i + 1)) for i in range(400)]
        assert abs(np.mean(found)) < 4 * np.std(found) / 20

    def test_equals_the_double_sum(self):
        x, y = normal(7, 3, 0), normal(5, 3, 1)
        k = lambda a, b: (a @ b / 3 + 1) ** 3  # noqa: E731
        xx = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
        yy = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
        xy = np.mean([k(a, b) for a in x for b in y])
        assert kid(x, y) == pytest.approx(xx + yy - 2 * xy, rel=1e-9)

    def test_blocks_do_not_matter(self, monkeypatch):
        x, y = normal(700, 5, 0), normal(900, 5, 1, shift=0.1)
        whole = (kid(x, y), kid_variance(x, y), cmmd(x, y))
        monkeypatch.setattr(mmd, "BLOCK", 13)
        assert (kid(x, y), kid_variance(x, y), cmmd(x, y)) == pytest.approx(whole, rel=1e-9)

    def test_neither_order_nor_sides_matter(self):
        """For float32 too, although a float32 product has its own rounding."""
        real, fake = normal(1300, 64, 0, shift=3.0).float(), normal(1100, 64, 1, shift=3.1).float()
        for measure in (kid, cmmd):
            value = pytest.approx(measure(real, fake), rel=1e-9)
            assert measure(fake, real) == value
            assert measure(real[torch.randperm(1300)], fake[torch.randperm(1100)]) == value

    @pytest.mark.parametrize("offset", [0.0, 30.0, 1000.0])
    @pytest.mark.parametrize("gain", [1.0, 1.02, 1.5])
    def test_float32_products_cost_less_than_a_millionth(self, offset, gain):
        """Of the value or of its error, whatever the mean of the features."""
        real, fake = (normal(600, 512, 0).relu() + offset), (gain * normal(600, 512, 1)).relu()
        real, fake = real.float(), (fake + offset).float()
        exact = kid(real.double(), fake.double())
        error = kid_spread(real.double(), fake.double()).error
        assert kid(real, fake) == pytest.approx(exact, rel=1e-6, abs=1e-6 * error)

    def test_subsets_are_the_mean_over_draws(self):
        """Fakes are drawn first; with subsets of everything each draw is the whole."""
        real, fake = normal(60, 4, 0), normal(50, 4, 1, shift=0.2)
        rng, values = np.random.RandomState(7), []
        for _ in range(3):
            f = fake[rng.choice(50, 20, replace=False)]
            values.append(kid(real[rng.choice(60, 20, replace=False)], f))
        found = kid(real, fake, subsets=3, size=20, seed=7)
        assert found == pytest.approx(np.mean(values), rel=1e-12)
        assert found != kid(real, fake, subsets=3, size=20, seed=8)
        assert kid(real[:50], fake, subsets=2, size=50) == pytest.approx(kid(real[:50], fake))

    def test_refuses_what_it_cannot_do(self):
        with pytest.raises(ValueError, match="2 samples or more a side, got 1 and 9"):
            kid(normal(1, 2, 0), normal(9, 2, 1))
        with pytest.raises(ValueError, match="1000 samples or more a side, got 9 and 9"):
            kid(normal(9, 2, 0), normal(9, 2, 1), subsets=100)
        with pytest.raises(ValueError, match="4 samples or more"):
            kid_spread(normal(3, 2, 0), normal(9, 2, 1))


class TestVariance:
    def test_each_expectation_is_a_mean_over_distinct_samples(self):
        """The U-statistics written out for 6 and 5 samples."""
        n, m = 6, 5
        x, y = normal(n, 3, 0), normal(m, 3, 1, shift=0.3)
        kx, ky, kc = cubic(x, x), cubic(y, y), cubic(x, y)
        mean = lambda values: np.mean(list(values))  # noqa: E731
        some = itertools.permutations

        def within(k, size):
            """Var E[k(x, x′) | x] and Var k(x, x′)."""
            square = mean(k[a, b] * k[c, d] for a, b, c, d in some(range(size), 4))
            shared = mean(k[a, b] * k[a, c] for a, b, c in some(range(size), 3))
            return shared - square, mean(k[a, b] ** 2 for a, b in some(range(size), 2)) - square

        def covariance(k, cross, size, others):
            shared = mean(
                k[a, b] * cross[a, c] for a, b in some(range(size), 2) for c in range(others)
            )
            apart = mean(
                k[a, b] * cross[c, d] for a, b, c in some(range(size), 3) for d in range(others)
            )
            return shared - apart

        rows, columns = range(n), range(m)
        square = mean(kc[i, j] * kc[h, g] for i, h in some(rows, 2) for j, g in some(columns, 2))
        eta_x = mean(kc[i, j] * kc[i, h] for i in rows for j, h in some(columns, 2))
        eta_y = mean(kc[i, j] * kc[h, j] for i, h in some(rows, 2) for j in columns)
        eta_x, eta_y, eta = eta_x - square, eta_y - square, (kc**2).mean() - square
        (x1, x2), (y1, y2) = within(kx, n), within(ky, m)
        expected = (4 * (n - 2) * x1 + 2 * x2) / (n * (n - 1))
        expected += (4 * (m - 2) * y1 + 2 * y2) / (m * (m - 1))
        expected += 4 * ((m - 1) * eta_x + (n - 1) * eta_y + eta) / (n * m)
        expected -= 8 / n * covariance(kx, kc, n, m) + 8 / m * covariance(ky, kc.T, m, n)
        assert kid_variance(x, y) == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("a", [0.0, 0.5])
    def test_is_the_variance_of_repetitions(self, a):
        pairs = [(normal(60, 10, 2 * i), moved(45, 10, 2 * i + 1, a)) for i in range(800)]
        found = np.var([kid(x, y) for x, y in pairs])
        assert np.mean([kid_variance(x, y) for x, y in pairs]) == pytest.approx(found, rel=0.2)


class TestSpreads:
    def test_its_parts_are_the_values_without_them(self):
        real, fake = normal(47, 5, 0), normal(61, 5, 1, shift=0.3)
        kernel = mmd._cubic(real, fake)
        for spread, measure in ((kid_spread(real, fake), kid), (cmmd_spread(real, fake), cmmd)):
            assert len(spread.fake) == len(spread.real) == 20
            for part in range(20):
                x = real[mmd._side(real, kernel, 20).parts[:, part] == 0]
                y = fake[mmd._side(fake, kernel, 20).parts[:, part] == 0]
                assert spread.real[part] == pytest.approx(measure(x, fake), rel=1e-9)
                assert spread.fake[part] == pytest.approx(measure(real, y), rel=1e-9)

    def test_the_estimates_are_unbiased(self):
        real, fake = normal(47, 5, 0), normal(61, 5, 1, shift=0.3)
        assert kid_spread(real, fake).estimate == pytest.approx(kid(real, fake), rel=1e-12)
        spreads = [cmmd_spread(normal(40, 5, 2 * i), normal(50, 5, 2 * i + 1)) for i in range(300)]
        found = [spread.estimate for spread in spreads]
        assert abs(np.mean(found)) < 4 * np.std(found) / 300**0.5

    def test_far_apart_the_error_is_that_of_the_jackknife(self):
        spread = kid_spread(moved(3000, 10, 0, 0.0), moved(2000, 10, 1, 1.0))
        parts = [np.var(side) * 19 for side in (spread.fake, spread.real)]
        assert spread.error == pytest.approx(math.sqrt(sum(parts)), rel=0.3)

    @pytest.mark.slow
    @pytest.mark.parametrize("a", [0.0, 0.02, 0.1, 0.3, 1.0])
    @pytest.mark.parametrize(("n", "m", "d"), [(200, 150, 10), (300, 300, 40)])
    def test_they_hold_the_truth(self, n, m, d, a):
        """400 intervals each, of equal distributions and of others."""
        hits = 0
        for i in range(400):
            spread = kid_spread(normal(n, d, 2 * i), moved(m, d, 2 * i + 1, a))
            hits += abs(spread.estimate - truth(d, a)) <= 1.96 * spread.error
        assert 0.92 <= hits / 400 <= 0.98

    @pytest.mark.slow
    @pytest.mark.parametrize("a", [0.0, 0.1, 1.0])
    def test_those_of_cmmd_hold_the_truth(self, a):
        """The truth is that of 20,000 samples a side."""
        known = cmmd_spread(normal(20_000, 10, 1), moved(20_000, 10, 3, a)).estimate if a else 0.0
        hits = 0
        for i in range(400):
            spread = cmmd_spread(normal(200, 10, 2 * i + 10), moved(150, 10, 2 * i + 11, a))
            hits += abs(spread.estimate - known) <= 1.96 * spread.error
        assert 0.92 <= hits / 400 <= 0.98


class TestCmmd:
    def test_agrees_with_a_brute_force(self):
        real, fake = normal(70, 6, 0), normal(50, 6, 1, shift=0.4)
        for sigma in (10.0, 0.5):
            x, y = (side / side.norm(dim=1, keepdim=True) for side in (real, fake))
            k = lambda a, b: (torch.cdist(a, b).square() / (-2 * sigma**2)).exp().mean()  # noqa: B023, E731
            expected = 1000 * (k(x, x) + k(y, y) - 2 * k(x, y))
            assert cmmd(real, fake, sigma=sigma) == pytest.approx(expected.item(), rel=1e-6)

    def test_is_all_but_the_distance_of_the_mean_directions(self):
        """(1000/σ²)|difference of means|², to 2 %, for σ = 10."""
        real, fake = normal(500, 30, 0, shift=1.0), normal(400, 30, 1, shift=0.5)
        means = [(side / side.norm(dim=1, keepdim=True)).mean(0) for side in (real, fake)]
        linear = 10 * (means[0] - means[1]).square().sum().item()
        assert cmmd(real, fake) == pytest.approx(linear, rel=0.02)

    def test_sees_directions_only(self):
        real, fake = normal(70, 6, 0), normal(50, 6, 1, shift=0.4)
        assert cmmd(7 * real, fake.float()) == pytest.approx(cmmd(real, fake), rel=1e-5)

    def test_a_set_against_itself_is_0(self):
        real = normal(1500, 20, 0)
        assert cmmd(real, real[torch.randperm(1500)]) == pytest.approx(0, abs=1e-10)

    def test_its_floor(self):
        """E = (1/n + 1/m) scale (1 − E k) for equal distributions."""
        n, m = 60, 40
        found = [cmmd(normal(n, 8, 2 * i), normal(m, 8, 2 * i + 1)) for i in range(100)]
        x = torch.nn.functional.normalize(normal(4000, 8, 999), dim=1)
        mean = torch.exp((x[:2000] @ x[2000:].T - 1) / 100).mean().item()
        assert np.mean(found) == pytest.approx(1000 * (1 / n + 1 / m) * (1 - mean), rel=0.05)

    def test_refuses_what_has_no_direction(self):
        with pytest.raises(ValueError, match="zeros"):
            cmmd(normal(9, 2, 0), normal(9, 2, 1) * 0)
