"""TopP&R beside a direct computation, and with outliers that must not count."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from ganbench.measures.manifold import precision
from ganbench.measures.neighbours import neighbours
from ganbench.measures.nets import draw
from ganbench.measures.significant_supports import (
    density,
    topological_f1,
    topological_precision,
    topological_recall,
)


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


def kernel(points, data, h):
    distance = cdist(points, data)
    return np.where(distance <= h, np.cos(np.pi / 2 * distance / h), 0)


def own(x, alpha=0.1, repeats=10, seed=0):
    """The median distance to the 5D-th nearest other, and the band of that many bootstraps."""
    n, d = x.shape
    h = torch.tensor(np.sort(cdist(x, x), 1)[:, 5 * d]).median().item()
    weights = kernel(x, x, h)
    whole = weights.mean(1)
    draws = torch.Generator().manual_seed(seed)
    change = []
    for _ in range(repeats):
        rows = torch.randint(n, (n,), generator=draws).numpy()
        change.append(np.abs(weights[:, rows].mean(1) - whole).max())
    limit = np.quantile(change, 1 - alpha)
    return h, limit, whole > limit


class TestTopological:
    @pytest.mark.parametrize("n", [400, 1200])
    def test_agrees_with_a_direct_computation(self, n):
        real, fake = normal(n, 4, 0), normal(n + 50, 4, 1, shift=0.5, scale=0.8)
        x, g = (draw(s, len(s), torch.Generator().manual_seed(0)).numpy() for s in (real, fake))
        (h_x, c_x, ours), (h_g, c_g, theirs) = own(x), own(g)
        expected_precision = (kernel(g, x, h_x).mean(1) > c_x)[theirs].mean()
        expected_recall = (kernel(x, g, h_g).mean(1) > c_g)[ours].mean()
        found = topological_f1(real, fake)
        assert found.detail["precision"] == pytest.approx(expected_precision)
        assert found.detail["recall"] == pytest.approx(expected_recall)
        assert found.detail["significant_real"] == pytest.approx(ours.mean())
        assert found.detail["significant_fake"] == pytest.approx(theirs.mean())
        assert found.value == pytest.approx(2 / (1 / expected_precision + 1 / expected_recall))
        assert topological_precision(real, fake).value == found.detail["precision"]
        assert topological_recall(real, fake).value == found.detail["recall"]

    def test_the_density_by_hand(self):
        """A third of the way to h is cos 30°; beyond h there is none."""
        data, at = torch.tensor([[0.0], [1.0], [9.0]]).double(), torch.tensor([[0.0]]).double()
        assert density(data, at, 3.0).item() == pytest.approx((1 + 3**0.5 / 2) / 3)

    def test_apart_is_0(self):
        assert topological_f1(normal(300, 3, 0), normal(300, 3, 1, shift=30)).value == 0

    def test_outliers_on_both_sides_do_not_count(self):
        """Their large balls hold each other, which precision cannot tell from the data."""
        real = torch.cat((normal(1000, 16, 0), normal(60, 16, 2, scale=10)))
        honest = torch.cat((normal(1000, 16, 1), normal(60, 16, 3, scale=10)))
        clean = topological_f1(normal(1000, 16, 0), normal(1000, 16, 1))
        assert topological_f1(real, honest).value == pytest.approx(clean.value, abs=0.06)
        assert clean.value > 0.85
        outliers = normal(300, 16, 4, scale=10)
        assert precision(neighbours(real, outliers)) > 0.4
        assert topological_precision(real, outliers).value == 0

    def test_collapse_is_precise_and_recalls_little(self):
        real, narrow = normal(600, 3, 0), normal(600, 3, 1, scale=0.2)
        found = topological_f1(real, narrow).detail
        assert found["precision"] == 1
        assert found["recall"] < 0.2
        assert topological_recall(narrow, real).value == 1

    def test_one_point_recalls_nothing(self):
        real = normal(300, 3, 0)
        found = topological_f1(real, real[:1].expand(300, -1)).detail
        assert found["recall"] <= 1 / 300 / found["significant_real"] + 1e-9
        assert topological_f1(real, real * 0 + 50).value == 0

    def test_many_dimensions_are_projected(self):
        real, fake = normal(400, 60, 0), normal(400, 60, 1)
        found = topological_f1(real, fake, dimensions=4)
        assert found.value > 0.6
        assert topological_f1(real, fake + 5, dimensions=4).value == 0
        assert found != topological_f1(real, fake, dimensions=4, seed=1)
        assert found == topological_f1(real + 1e3, fake + 1e3, dimensions=4)

    def test_budget_and_refusals(self):
        real = normal(400, 3, 0)
        assert topological_f1(real, normal(400, 3, 1), n=100).detail[
            "significant_real"
        ] * 100 % 1 == pytest.approx(0, abs=1e-9)
        with pytest.raises(ValueError, match="more than 15 samples"):
            topological_f1(real, real[:15])
