"""Wasserstein distances of samples without a critic, which a trained critic can be held against."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Features

PROJECTED = 64  # directions whose projections are in memory at once


def wasserstein_exact(real: Features, fake: Features, *, n: int = 1000, seed: int = 0) -> float:
    """W₁ between n reals and as many fakes: the cheapest matching's mean Euclidean distance.

    Kantorovich (1942); by linear assignment, for what the critic of Arjovsky et al., "Wasserstein
    GAN" (2017), estimates. In [0, ∞), 0 is best, in the features' units; real N×D, fake M×D. At
    most `n` of each are drawn, all where there are as few. In many dimensions it is far above 0 for
    equal distributions and falls slowly with n (as n^(−1/D)): compare with real against real.
    """
    # Imported here because it takes a second.
    from scipy.optimize import linear_sum_assignment

    x, y = _equal(real, fake, n, seed)
    # By differences: a distance of 0 must not become the root of a rounding error.
    costs = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    rows, columns = linear_sum_assignment(costs.cpu().numpy())
    return costs[torch.from_numpy(rows), torch.from_numpy(columns)].mean().item()


def sliced_wasserstein(
    real: Features,
    fake: Features,
    *,
    projections: int = 256,
    order: int = 1,
    n: int = 10_000,
    seed: int = 0,
) -> float:
    """(E W_p^p)^(1/p) of the samples' projections on random directions, p being `order`.

    Bonneel et al., "Sliced and Radon Wasserstein Barycenters of Measures" (2015), eq. 9. In [0, ∞),
    0 is best, in the features' units, below W_p; real N×D, fake M×D, at most `n` of each, equally
    many. In D dimensions a shift by m moves it by m E|u₁|, about m √(2/πD).
    """
    x, y = _equal(real, fake, n, seed)
    draws = torch.Generator().manual_seed(seed)
    axes = torch.randn((x.shape[1], projections), generator=draws, dtype=torch.float64).to(x.device)
    axes /= torch.linalg.vector_norm(axes, dim=0)
    total = 0.0
    for part in axes.split(PROJECTED, 1):
        gaps = (x @ part).sort(0).values - (y @ part).sort(0).values
        total += gaps.abs().pow(order).mean(0).sum().item()
    return float((total / projections) ** (1 / order))


def _equal(real: Tensor, fake: Tensor, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Equally many of both, at most n, float64 around the reals' mean; all in their order if so."""
    size = min(n, len(real), len(fake))
    draws = torch.Generator().manual_seed(seed)
    centre = real.double().mean(0)
    x, y = (
        side[torch.randperm(len(side), generator=draws)[:size].to(side.device)].double() - centre
        for side in (real, fake)
    )
    return x, y
