"""The mixtures have the modes, the weights and the spread that they state."""

import pytest
import torch

from ganbench.datasets import load, mixture


@pytest.mark.parametrize(("name", "k", "sigma"), [("ring8", 8, 0.01), ("grid25", 25, 0.05)])
def test_points_are_where_the_labels_say(name, k, sigma):
    data = load(f"builtin:{name}:train")
    assert data.modes.centres.shape == (k, 2)
    offsets = (data.tensor() - data.modes.centres[data.labels]).double()
    assert offsets.std().item() == pytest.approx(sigma, rel=0.01)
    assert offsets.mean(0).abs().max() < 4 * sigma / data.n**0.5
    weights = data.labels.bincount(minlength=k) / data.n
    assert (weights - 1 / k).abs().max() < 4 * (1 / k / data.n) ** 0.5


def test_geometry():
    ring = load("builtin:ring8:test").modes.centres
    assert torch.allclose(ring.norm(dim=1), torch.ones(8))
    assert torch.allclose(ring.sum(0), torch.zeros(2), atol=1e-6)
    grid = load("builtin:grid25:test").modes.centres
    assert sorted(set(grid.flatten().tolist())) == [-4, -2, 0, 2, 4]
    assert len(grid.unique(dim=0)) == 25


def test_sampling_follows_the_generator():
    modes = load("builtin:ring8:test").modes
    a, _ = mixture.sample(modes, 10, torch.Generator().manual_seed(3))
    b, _ = mixture.sample(modes, 10, torch.Generator().manual_seed(3))
    assert torch.equal(a, b)
