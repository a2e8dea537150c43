"""The Gaussian kernel's distance and its test: closed form, direct sums, the level of the test."""

import math

import numpy as np
import pytest
import torch

from ganbench.measures.mmd_test import _p_value, mmd_rbf


def normal(n, d, seed, shift=0.0):
    draws = torch.Generator().manual_seed(seed)
    x = torch.randn((n, d), generator=draws, dtype=torch.float64)
    x[:, 0] += shift
    return x


def direct(x, y, sigma):
    """Gretton et al. 2012, eq. 3."""
    kxx, kyy, kxy = (
        np.exp(-torch.cdist(a, b).square().numpy() / (2 * sigma**2))
        for a, b in ((x, x), (y, y), (x, y))
    )
    n, m = len(x), len(y)
    within = (kxx.sum() - n) / (n * (n - 1)) + (kyy.sum() - m) / (m * (m - 1))
    return within - 2 * kxy.mean()


def test_is_the_formula():
    x, y = normal(60, 4, 0), normal(50, 4, 1, shift=0.5)
    found = mmd_rbf(x, y, bandwidth=1.5)
    assert found.value == pytest.approx(direct(x, y, 1.5), rel=1e-10)
    assert found.detail["n"] == [60, 50]


def test_normals_with_a_shift():
    """2 (b/(b + 2))^(d/2) (1 − exp(−|μ|²/(2(b + 2)))), b = σ²: 0.0711 for d = 4, b = 4, |μ| = 1."""
    b, d = 4, 4
    expected = 2 * (b / (b + 2)) ** (d / 2) * (1 - math.exp(-1 / (2 * (b + 2))))
    assert expected == pytest.approx(0.0711, abs=1e-4)
    found = mmd_rbf(normal(1500, d, 0), normal(1500, d, 1, shift=1), bandwidth=2.0, permutations=20)
    assert abs(found.value - expected) < 3 * found.spread.error
    assert found.spread.error < 0.01
    assert found.detail["p_value"] == 1 / 21


def test_the_bandwidth_is_the_median_of_the_reals():
    x, y = normal(90, 3, 0), normal(80, 3, 1, shift=5)
    pairs = torch.pdist(x)
    found = mmd_rbf(x, y)
    assert found.detail["bandwidth"] == pytest.approx(float(pairs.median()))
    assert not found.detail["bandwidth_of_other_reals"]
    others = mmd_rbf(normal(400, 3, 0), y, n=200)
    assert others.detail["bandwidth_of_other_reals"]
    assert (
        others.detail["bandwidth"] == mmd_rbf(normal(400, 3, 0), 9 * y, n=200).detail["bandwidth"]
    )


def test_the_level_is_exact():
    """Equal distributions: p ≤ 0.1 in one of ten, p being (1 + count) / 20."""
    p = [
        mmd_rbf(
            normal(130, 2, 2 * i), normal(30, 2, 2 * i + 1), n=30, permutations=19, seed=i
        ).detail["p_value"]
        for i in range(400)
    ]
    error = math.sqrt(0.1 * 0.9 / 400)
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=3.5 * error)
    assert np.mean(p) == pytest.approx(0.525, abs=3.5 * math.sqrt(1 / 12 / 400))


def test_p_is_the_share_of_permutations_that_are_as_far():
    """Every permuted MMD² by the formula, of sides that are not equally large."""
    x, y, sigma = normal(20, 2, 4), normal(12, 2, 5, shift=0.4), 1.5
    both = torch.cat((x, y))
    gram = torch.exp(-torch.cdist(both, both).square() / (2 * sigma**2)).fill_diagonal_(0)
    draws, far = torch.Generator().manual_seed(3), 0
    for _ in range(60):
        order = torch.randperm(32, generator=draws)
        far += direct(both[order[:20]], both[order[20:]], sigma) >= direct(x, y, sigma)
    assert 0 < far < 60
    found = _p_value(gram, 20, 60, torch.Generator().manual_seed(3))
    assert found == pytest.approx((1 + far) / 61)


def test_the_mean_of_equal_distributions_is_0():
    found = [
        mmd_rbf(normal(40, 2, 2 * i), normal(40, 2, 2 * i + 1), permutations=1).value
        for i in range(100)
    ]
    assert min(found) < 0
    assert np.mean(found) == pytest.approx(0, abs=4 * np.std(found) / 10)


def test_the_sides_are_not_exchanged():
    """The bandwidth is of the reals, whatever the fakes are."""
    narrow, wide = normal(80, 2, 0), 10 * normal(80, 2, 1)
    a, b = mmd_rbf(narrow, wide), mmd_rbf(wide, narrow)
    assert b.detail["bandwidth"] > 5 * a.detail["bandwidth"]
    assert a.value != pytest.approx(b.value, rel=0.1)


def test_refusals():
    with pytest.raises(ValueError, match="4 samples or more"):
        mmd_rbf(normal(3, 2, 0), normal(9, 2, 1))
    with pytest.raises(ValueError, match="median distance between reals is 0"):
        mmd_rbf(torch.ones((9, 2)), normal(9, 2, 1))
