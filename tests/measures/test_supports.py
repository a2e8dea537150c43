"""α-precision, β-recall and their probable kin: closed forms, and naive numpy beside them."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.spatial.distance import cdist

from ganbench.measures.supports import (
    alpha_precision,
    beta_recall,
    probabilistic_precision,
    probabilistic_recall,
)


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws) + shift


REAL, FAKE = normal(500, 3, 0), normal(400, 3, 1, shift=0.3, scale=1.2)


class TestAlphaPrecision:
    @pytest.mark.parametrize("scale", [0.5, 2.0])
    def test_of_normals_that_are_too_narrow_or_too_wide(self, scale):
        """P_α = F(F⁻¹(α)/σ²), F of χ² with d degrees: both are errors, where precision sees one."""
        d = 4
        gap = lambda a: abs(stats.chi2.cdf(stats.chi2.ppf(a, d) / scale**2, d) - a)  # noqa: E731
        expected = 1 - 2 * integrate.quad(gap, 0, 1)[0]
        found = alpha_precision(normal(20_000, d, 0), normal(20_000, d, 1, scale=scale))
        assert found.value == pytest.approx(expected, abs=0.015)
        assert (np.subtract(found.detail["p"], found.detail["alpha"])[1:-1] > 0).all() == (
            scale < 1
        )

    def test_equal_distributions_are_near_1(self):
        assert alpha_precision(normal(5000, 4, 0), normal(4000, 4, 1)).value > 0.97

    def test_far_away_is_0_and_so_is_the_centre(self):
        assert alpha_precision(REAL, FAKE + 50).value == 0
        centre = REAL.mean(0) + 0 * FAKE
        assert alpha_precision(REAL, centre).value == pytest.approx(1 / len(REAL))

    def test_it_is_that_of_the_curve_by_hand(self):
        """Reals at distances 1, 2, 3, 4 from their mean; fakes at 1.5 and 9: ½ inside from 2 on."""
        reals = torch.tensor([[-1.0], [2], [3], [-4]])
        found = alpha_precision(reals, torch.tensor([[1.5], [9]]))
        gaps = [0, 1 / 4, 0, 1 / 4, 1 / 2]
        assert found.value == pytest.approx(1 - 2 * np.trapezoid(gaps, dx=1 / 4))


class TestBetaRecall:
    @pytest.mark.parametrize("k", [1, 5])
    def test_agrees_with_a_direct_computation(self, k):
        x, g = REAL.double().numpy(), FAKE.double().numpy()
        reach = np.sort(cdist(x, x), 1)[:, k]
        cross = cdist(x, g)
        radius = np.linalg.norm(g - g.mean(0), axis=1)
        betas = np.arange(len(g) + 1) / len(g)
        near = cross.argmin(1)
        covered = cross.min(1) <= reach
        shares = [0.0] + [(covered & (radius[near] <= r)).mean() for r in np.sort(radius)]
        expected = 1 - 2 * np.trapezoid(np.abs(shares - betas), betas)
        found = beta_recall(REAL, FAKE, k=k)
        assert found.value == pytest.approx(expected, abs=1e-9)
        assert found.detail["covered"] == pytest.approx(covered.mean())

    def test_one_neighbour_leaves_a_perfect_generator_at_a_half(self):
        """P(the nearest of 2n points is of the other side) = ½, at every level alike."""
        found = beta_recall(normal(3000, 2, 0), normal(3000, 2, 1), k=1)
        assert found.value == pytest.approx(0.5, abs=0.04)

    def test_collapse_is_low_and_roles_matter(self):
        narrow = normal(500, 3, 1, scale=0.1)
        assert beta_recall(REAL, narrow).value < 0.3
        assert beta_recall(narrow, REAL).value < 0.3  # scattered fakes are far from narrow reals
        assert beta_recall(REAL, narrow).value != beta_recall(narrow, REAL).value
        assert beta_recall(REAL, REAL + 50).value == 0

    def test_refusals(self):
        with pytest.raises(ValueError, match="more than 5 samples"):
            beta_recall(REAL[:5], FAKE)


class TestProbabilistic:
    def naive(self, support, points, k=4, scale=1.2):
        support, points = support.double().numpy(), points.double().numpy()
        radius = scale * np.sort(cdist(support, support), 1)[:, k].mean()
        return 1 - np.prod(1 - np.clip(1 - cdist(support, points) / radius, 0, None), 0)

    @pytest.mark.parametrize("n", [400, 1500])
    def test_both_agree_with_a_direct_computation(self, n):
        """Across the borders of tiles, and asymmetric."""
        real, fake = normal(n, 3, 0), normal(n + 100, 3, 1, shift=0.5, scale=0.7)
        precision, recall = probabilistic_precision(real, fake), probabilistic_recall(real, fake)
        assert precision.value == pytest.approx(self.naive(real, fake).mean(), rel=1e-9)
        assert recall.value == pytest.approx(self.naive(fake, real).mean(), rel=1e-9)
        assert precision.value > recall.value + 0.1

    def test_one_fake_by_hand(self):
        """Reals 0, 1 and 3, whose nearest are at 1, 1 and 2: R = 2·4/3; the fake is at 2."""
        found = probabilistic_precision(
            torch.tensor([[0.0], [1], [3]]), torch.tensor([[2.0]]), k=1, scale=2.0
        )
        assert found.detail["radius"] == pytest.approx(8 / 3)
        assert found.value == pytest.approx(1 - (2 / (8 / 3)) * (1 / (8 / 3)) ** 2)

    def test_the_interval_is_of_a_mean_over_samples(self):
        found = probabilistic_precision(REAL, FAKE)
        psr = self.naive(REAL, FAKE)
        assert found.spread.error == pytest.approx(psr.std(ddof=1) / len(FAKE) ** 0.5)
        assert found.spread.freedom == len(FAKE) - 1

    def test_an_outlier_counts_for_little(self):
        """One real far away and fakes half-way to it, which its ball would hold."""
        reals = torch.cat((REAL, torch.full((1, 3), 40.0)))
        assert probabilistic_precision(reals, FAKE + 20).value < 0.01

    def test_a_collapsed_generator_recalls_nothing_but_its_point(self):
        assert probabilistic_recall(REAL, 0 * FAKE + 50).value == 0
        assert probabilistic_recall(REAL, REAL[:1].expand(9, -1)).value == pytest.approx(1 / 500)
