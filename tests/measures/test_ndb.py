"""Bins that differ: hand computations, Fisher and Holm by other code, and the level."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.spatial.distance import jensenshannon

from ganbench.measures.ndb import _holm, _p_values, jensen_shannon, ndb

CENTRES = 20 * torch.randn((20, 4), generator=torch.Generator().manual_seed(0))


def mixture(n, seed, modes=20):
    draws = torch.Generator().manual_seed(seed)
    label = torch.randint(modes, (n,), generator=draws)
    return CENTRES[label] + torch.randn((n, 4), generator=draws)


class TestTests:
    def test_two_proportions(self):
        """z with the pooled share: (0.2 − 0.3) / √(0.25 · 0.75 · (1/1000 + 1/500))."""
        r, f = torch.tensor([200.0, 800.0]).double(), torch.tensor([150.0, 350.0]).double()
        z = 0.1 / math.sqrt((350 / 1500) * (1150 / 1500) * (1 / 1000 + 1 / 500))
        p, exact = _p_values(r, f)
        assert p[0].item() == pytest.approx(2 * stats.norm.sf(z))
        assert not exact.any()
        table = [[200, 800], [150, 350]]
        peer = stats.chi2_contingency(table, correction=False)
        assert p[0].item() == pytest.approx(peer.pvalue)

    def test_few_are_fishers(self):
        r, f = torch.tensor([3.0, 0.0, 97.0]).double(), torch.tensor([0.0, 0.0, 100.0]).double()
        p, exact = _p_values(r, f)
        assert exact.all()
        assert p[0].item() == pytest.approx(stats.fisher_exact([[3, 97], [0, 100]]).pvalue)
        assert p[1].item() == 1

    def test_holm(self):
        p = torch.tensor([0.01, 0.04, 0.03, 0.005])
        assert _holm(p, 0.05) == 2  # 0.005 < 0.05/4, 0.01 < 0.05/3, 0.03 ≥ 0.05/2
        assert _holm(torch.full((4,), 1e-9), 0.05) == 4
        assert _holm(torch.ones(4), 0.05) == 0


class TestNdb:
    def test_the_reals_themselves_differ_nowhere(self):
        real = mixture(2000, 1)
        found = ndb(real, real, bins=20)
        assert found.value == 0
        assert jensen_shannon(real, real, bins=20) == 0
        assert found.detail == {"share": 0, "expected": 1.0, "holm": 0, "exact_tests": 0}

    def test_each_dropped_mode_is_found(self):
        """All others are then too frequent, by 5/20 to 20/20: with 5,000 samples that is seen."""
        real, fake = mixture(5000, 1), mixture(5000, 2, modes=10)
        found = ndb(real, fake, bins=20)
        assert found.value == 20
        assert found.detail["holm"] == 20
        assert ndb(real, mixture(5000, 3), bins=20).value <= 5

    def test_dropping_half_of_the_mass_in_nats(self):
        """p uniform over 20, q over 10 of them: ½ ln(4/3) + ½ (½ ln(2/3) + ½ ln 2)."""
        real, fake = mixture(20_000, 1), mixture(20_000, 2, modes=10)
        expected = math.log(4 / 3) / 2 + (math.log(2 / 3) + math.log(2)) / 4
        # k-means may split one mode and join two, which hides as much of the difference.
        found = jensen_shannon(real, fake, bins=20)
        assert expected * 0.8 < found < expected * 1.01

    def test_equal_shares_give_alpha_of_the_bins(self):
        """Multinomial counts, without a clustering."""
        rng, found = np.random.default_rng(0), []
        for _ in range(200):
            r, f = (torch.tensor(rng.multinomial(5000, [1 / 50] * 50)).double() for _ in range(2))
            found.append(int((_p_values(r, f)[0] < 0.05).sum()))
        assert np.mean(found) == pytest.approx(2.5, abs=0.4)

    def test_reals_and_fakes_are_not_exchanged(self):
        """The bins are of the reals: fakes between them have no bins of their own."""
        real, fake = mixture(3000, 1, modes=2), mixture(3000, 2)
        one = jensen_shannon(real, fake, bins=10)
        assert jensen_shannon(fake, real, bins=10) > 1.3 * one

    def test_disjoint_is_ln_2(self):
        assert jensen_shannon(mixture(500, 1), mixture(500, 1) * 0 + 500, bins=5) < math.log(2)

    def test_agrees_with_scipy(self):
        from ganbench.measures.ndb import _histograms

        real, fake = mixture(900, 1), mixture(700, 2, modes=12)
        r, f = _histograms(real, fake, 20, 10_000, 0)
        assert (r.sum(), f.sum()) == (900, 700)
        expected = jensenshannon(r.numpy(), f.numpy()) ** 2
        assert jensen_shannon(real, fake, bins=20) == pytest.approx(expected)

    def test_refuses_fewer_reals_than_bins(self):
        with pytest.raises(ValueError, match="100 bins need as many reals"):
            ndb(mixture(99, 0), mixture(200, 1))

    def test_fewer_different_reals_than_bins(self):
        real = mixture(5, 0).repeat(40, 1)
        assert ndb(real, real, bins=20).value == 0
