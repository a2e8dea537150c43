"""Image retrieval: who is nearer to held-out queries, by hand and by SciPy."""

import numpy as np
import pytest
import torch
from scipy import stats

from ganbench.measures.retrieval import image_retrieval


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


REAL, FAKE, QUERIES = normal(300, 5, 0), normal(300, 5, 1), normal(200, 5, 2)


def test_is_the_share_of_the_nearer():
    fakes, reals = (torch.cdist(QUERIES, x).sort(1).values for x in (1.3 * FAKE, REAL))
    for k in (1, 4):
        found = image_retrieval(REAL, 1.3 * FAKE, QUERIES, (), k=k)
        a, b = fakes[:, k - 1], reals[:, k - 1]
        assert found.value == (a < b).double().mean().item()
        assert found.detail["distances"] == pytest.approx(
            {"training set": b.mean().item(), "fake": a.mean().item()}
        )
        expected = stats.wilcoxon(a.numpy(), b.numpy()).pvalue
        assert found.detail["p_value"] == pytest.approx(expected)


def test_equal_distributions_and_equal_samples():
    assert image_retrieval(REAL, FAKE, QUERIES, ()).value == pytest.approx(0.5, abs=0.12)
    found = image_retrieval(REAL, REAL, QUERIES, ())
    assert found.value == 0.5
    assert found.detail["p_value"] == 1


def test_noise_never_wins_and_training_images_always():
    found = image_retrieval(REAL, normal(300, 5, 3, shift=50), QUERIES, ())
    assert found.value == 0
    assert found.detail["p_value"] < 1e-6
    turned = image_retrieval(normal(300, 5, 3, shift=50), REAL, QUERIES, ())
    assert turned.value == 1


def test_a_collapse_is_seen():
    """The asymmetric case: fakes that are all good, and few."""
    collapsed = REAL[:3].repeat(100, 1) + 1e-3 * FAKE
    assert image_retrieval(REAL, collapsed, QUERIES, ()).value < 0.05
    assert image_retrieval(collapsed, REAL, QUERIES, ()).value > 0.95


def test_the_matrix_of_models():
    found = image_retrieval(REAL, FAKE, QUERIES, (normal(300, 5, 4, scale=3), FAKE))
    detail = found.detail
    assert detail["models"] == ["training set", "fake", "rival 1", "rival 2"]
    wins, p = np.array(detail["wins"]), np.array(detail["p_values"])
    assert wins + wins.T == pytest.approx(np.ones((4, 4)))
    assert wins[1, 0] == found.value
    assert wins[1, 2] > 0.9
    assert wins[1, 3] == 0.5
    assert p == pytest.approx(p.T)
    assert np.diag(p) == pytest.approx(1)
    assert p[1, 2] < 1e-6


def test_databases_are_equally_large():
    """A larger set of fakes is nearer by its number alone: as many are drawn."""
    many = normal(3000, 5, 5)
    found = image_retrieval(REAL, many, QUERIES, (many[:100],), seed=3)
    assert found.detail["database"] == 100
    assert found.value == pytest.approx(0.5, abs=0.15)
    assert image_retrieval(REAL, FAKE, QUERIES, (), queries=50).detail["queries"] == 50


def test_refuses_a_database_without_a_kth():
    with pytest.raises(ValueError, match="no neighbour number 5"):
        image_retrieval(REAL, FAKE[:4], QUERIES, (), k=5)
