"""The two Gaussian mixtures on which mode collapse is studied: 8 on a ring, 25 on a grid.

Parameters as in the experiments of Lin et al., "PacGAN" (2018): the ring of radius 1 with standard
deviation 0.01, the grid {−4, −2, 0, 2, 4}² with 0.05, 100,000 training points.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganbench.types import Modes, Points

SIZES = {"train": 100_000, "test": 10_000}
SEEDS = {"train": 0, "test": 1}


def ring8(split: str) -> Points:
    """8 Gaussians on the unit circle, σ = 0.01: float32 N×2; the label is the mode."""
    angle = torch.arange(8) * (2 * math.pi / 8)
    return _mixture("ring8", split, Modes(torch.stack((angle.cos(), angle.sin()), 1), 0.01))


def grid25(split: str) -> Points:
    """25 Gaussians on a 5×5 grid of spacing 2, σ = 0.05: float32 N×2; the label is the mode."""
    line = torch.arange(-4.0, 5.0, 2.0)
    return _mixture("grid25", split, Modes(torch.cartesian_prod(line, line), 0.05))


def sample(modes: Modes, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """n points of the mixture (float32 n×D) and the mode of each (int64 n)."""
    labels = torch.randint(len(modes.centres), (n,), generator=generator)
    centres = modes.centres[labels]
    return centres + modes.sigma * torch.randn(centres.shape, generator=generator), labels


def _mixture(name: str, split: str, modes: Modes) -> Points:
    points, labels = sample(modes, SIZES[split], torch.Generator().manual_seed(SEEDS[split]))
    return Points(
        name=f"builtin:{name}:{split}",
        n=len(points),
        shape=(2,),
        batches=lambda size: iter(points.split(size)),
        fingerprint=f"{name} n={len(points)} seed {SEEDS[split]}",
        labels=labels,
        modes=modes,
    )
