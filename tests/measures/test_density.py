"""Kernel densities: closed forms, and scikit-learn."""

import math

import pytest
import torch
from scipy import special, stats
from sklearn.neighbors import KernelDensity

from ganbench.measures.density import (
    average_log_likelihood,
    coverage_adagan,
    log_density,
    perfect_coverage,
)


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


class TestLogDensity:
    @pytest.mark.parametrize("s", [1.0, 0.2])
    def test_one_kernel(self, s):
        origin, width = torch.zeros((1, 6)), torch.tensor([s]).double()
        found = log_density(origin, origin, width).item()
        assert found == pytest.approx(-3 * math.log(2 * math.pi * s**2))
        away = log_density(origin, origin + 1, width).item()
        assert away == pytest.approx(-3 * math.log(2 * math.pi * s**2) - 6 / (2 * s**2))

    def test_agrees_with_scikit_learn_and_scipy(self):
        kernels, x = normal(150, 4, 0), normal(200, 4, 1, shift=0.5)
        widths = torch.tensor([0.3, 2.0, 0.05], dtype=torch.float64)
        found = log_density(kernels + 1e3, x + 1e3, widths)
        for row, width in zip(found[:2], widths[:2], strict=True):
            peer = KernelDensity(bandwidth=float(width)).fit(kernels.numpy())
            assert row.numpy() == pytest.approx(peer.score_samples(x.numpy()), rel=1e-6)
        # scikit-learn's tree stops near −29 for far points under narrow kernels.
        logs = stats.norm.logpdf(x[:, None], kernels, 0.05).sum(2)
        expected = special.logsumexp(logs, 1) - math.log(150)
        assert found[2].numpy() == pytest.approx(expected, rel=1e-8)

    def test_far_away_it_is_small_and_finite(self):
        found = log_density(normal(9, 2, 0), normal(9, 2, 1, shift=1e4), torch.ones(1).double())
        assert found.isfinite().all()
        assert float(found.max()) < -1e7


class TestAverageLogLikelihood:
    def test_a_given_bandwidth_is_the_formula(self):
        """g and x of N(0, I), kernels of variance s²: −d/2 log 2π(1 + s²) − d / 2(1 + s²)."""
        d, s = 2, 0.5
        found = average_log_likelihood(normal(4000, d, 0), normal(3000, d, 1), bandwidth=s)
        expected = -d / 2 * math.log(2 * math.pi * (1 + s**2)) - d / (2 * (1 + s**2))
        assert found.value == pytest.approx(expected, abs=4 * found.spread.error)
        assert found.spread.error < 0.02
        assert found.detail["n"] == 3000
        assert found.detail["bits_per_dimension"] == pytest.approx(-found.value / 2 / math.log(2))

    def test_the_bandwidth_is_the_best_for_the_other_half(self):
        fake, control = normal(400, 3, 0), normal(300, 3, 1)
        found = average_log_likelihood(fake, control, grid=40)
        assert not found.detail["at_edge"]
        order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
        half, other = control[order[:150]], control[order[150:]]

        def score(s, x):
            return float(log_density(fake, x, torch.tensor([s]).double()).mean())

        best = found.detail["bandwidth"]
        assert found.value == pytest.approx(score(best, other))
        assert score(best, half) > max(score(best * 1.3, half), score(best / 1.3, half))

    @pytest.mark.parametrize("d", [1, 8, 100])
    def test_the_best_stands_inside_the_grid(self, d):
        for fake in (normal(200, d, 0), normal(200, d, 0, scale=0.01), normal(200, d, 0, shift=9)):
            assert not average_log_likelihood(fake, normal(80, d, 1)).detail["at_edge"]

    def test_a_better_generator_is_likelier(self):
        control = normal(400, 3, 1)
        good, broad, aside, narrow = (
            average_log_likelihood(normal(400, 3, 0, shift, scale), control).value
            for shift, scale in ((0, 1), (0, 5), (2, 1), (0, 0.2))
        )
        assert good > max(broad, aside)
        assert narrow > good  # as the docs warn: wide kernels make good for a collapse

    def test_refusals(self):
        with pytest.raises(ValueError, match="every held-out sample is a fake"):
            average_log_likelihood(normal(50, 2, 0), normal(50, 2, 0))
        with pytest.raises(ValueError, match="too few for a bandwidth"):
            average_log_likelihood(normal(50, 2, 0), normal(3, 2, 0))


class TestCoverage:
    def test_of_normals(self):
        """g of N(0, s²), x of N(0, 1): 2Φ(1.96 s) − 1; 0.95 for a perfect generator."""
        real = normal(4000, 1, 0)
        for s in (0.5, 1.0):
            found = coverage_adagan(real, normal(4000, 1, 1, scale=s)).value
            assert found == pytest.approx(2 * stats.norm.cdf(1.96 * s) - 1, abs=0.03)
        assert perfect_coverage(real, real) == 0.95

    def test_a_broad_generator_covers_and_a_distant_one_does_not(self):
        real = normal(500, 2, 0)
        assert coverage_adagan(real, normal(500, 2, 1, scale=4)).value > 0.98
        assert coverage_adagan(real, normal(500, 2, 1, shift=50)).value == 0

    def test_reals_and_fakes_are_not_exchanged(self):
        wide, narrow = normal(1000, 1, 0, scale=3), normal(1000, 1, 1)
        assert coverage_adagan(narrow, wide).value > 0.98
        assert coverage_adagan(wide, narrow).value < 0.6

    def test_the_threshold_is_not_over_the_kernels_themselves(self):
        """Where each kernel is far from all others, its own point would be the likeliest."""
        found = [
            coverage_adagan(normal(300, 12, 2 * i), normal(400, 12, 2 * i + 1)).value
            for i in range(10)
        ]
        assert sum(found) / 10 == pytest.approx(0.95, abs=0.02)

    def test_a_generator_of_one_sample(self):
        assert coverage_adagan(normal(90, 2, 0), torch.full((90, 2), 0.5)).value == 0

    def test_the_quantile_is_a_knob(self):
        real, fake = normal(3000, 2, 0), normal(3000, 2, 1)
        assert coverage_adagan(real, fake, quantile=0.5).value == pytest.approx(0.5, abs=0.05)
