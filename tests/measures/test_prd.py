"""Precision and recall of distributions: closed forms of discrete distributions, and samples."""

import pytest
import torch

from ganbench.measures.prd import Prd, prd_curve, prd_f1_8, prd_f8, prd_of_histograms


def cluster(n, centre, seed):
    return torch.randn((n, 3), generator=torch.Generator().manual_seed(seed)) * 0.1 + centre


def test_equal_distributions_reach_one():
    p = torch.tensor([0.2, 0.3, 0.5])
    curve = prd_of_histograms(p, p)
    assert prd_f8(curve) == pytest.approx(1, abs=1e-9)
    assert prd_f1_8(curve) == pytest.approx(1, abs=1e-9)


def test_disjoint_distributions_stay_at_zero():
    curve = prd_of_histograms(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    assert curve.precision.max() == 0
    assert curve.recall.max() == 0


def test_half_the_modes():
    """All of the fakes are real (precision 1), and half of the reals are covered (recall 1/2)."""
    curve = prd_of_histograms(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0]))
    assert curve.precision.max() == pytest.approx(1)
    assert curve.recall.max() == pytest.approx(0.5)
    # on the curve recall = min(1/2, 1/λ), precision = min(λ/2, 1): both are best at λ = 2
    assert prd_f8(curve) == pytest.approx(65 * 0.5 / (64 * 1 + 0.5), abs=1e-3)
    assert prd_f1_8(curve) == pytest.approx((1 + 1 / 64) * 0.5 / (1 / 64 + 0.5), abs=1e-3)


def test_exchanging_the_sides_exchanges_precision_and_recall():
    p, q = torch.tensor([0.1, 0.6, 0.3]), torch.tensor([0.5, 0.2, 0.3])
    there, back = prd_of_histograms(p, q), prd_of_histograms(q, p)
    torch.testing.assert_close(there.precision, back.recall.flip(0), atol=1e-6, rtol=1e-6)


def test_samples_of_two_clusters():
    """The fakes have one of two modes: high precision, recall one half; the asymmetric case."""
    real = torch.cat((cluster(400, 0.0, 0), cluster(400, 5.0, 1)))
    fake = cluster(800, 0.0, 2)
    curve = prd_curve(real, fake, clusters=2)
    assert curve.precision.max() == pytest.approx(1, abs=0.01)
    assert curve.recall.max() == pytest.approx(0.5, abs=0.05)
    back = prd_curve(fake, real, clusters=2)
    assert back.recall.max() == pytest.approx(1, abs=0.01)
    assert back.precision.max() == pytest.approx(0.5, abs=0.05)


def test_the_larger_side_is_drawn_down():
    real, fake = cluster(2000, 0.0, 0), cluster(100, 0.0, 1)
    assert prd_f8(prd_curve(real, fake, clusters=2)) > 0.9


def test_the_seed_decides():
    real, fake = cluster(300, 0.0, 0), cluster(300, 0.05, 1)
    a, b = (prd_curve(real, fake, runs=2, seed=s).precision for s in (0, 0))
    assert torch.equal(a, b)


def test_needs_as_many_samples_as_clusters():
    with pytest.raises(ValueError, match="20 clusters"):
        prd_curve(cluster(19, 0.0, 0), cluster(50, 0.0, 1))


def test_f_of_a_known_point():
    curve = Prd(torch.tensor([0.8]), torch.tensor([0.4]))
    assert prd_f8(curve) == pytest.approx(65 * 0.32 / (64 * 0.8 + 0.4))
