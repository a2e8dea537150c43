"""Improved precision and recall: how much of one set lies in the k-NN balls of the other."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Features

BLOCK = 512  # rows at a time, so that a block stays in the cache


def precision(real: Features, fake: Features, *, k: int = 3) -> float:
    """Share of fakes inside the ball of some real: radius the distance to its k-th neighbour.

    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models"
    (2019), eq. 1 and 2; a point on a sphere is inside. In [0, 1], higher is better; below 1 even
    for equal distributions.

    Raises ValueError if a side has k samples or fewer.
    """
    return _covered(fake, real, k)


def recall(real: Features, fake: Features, *, k: int = 3) -> float:
    """Share of reals inside the ball of some fake: the same with the roles exchanged."""
    return _covered(real, fake, k)


def _covered(points: Tensor, centres: Tensor, k: int) -> float:
    """Share of `points` inside a ball around one of the `centres`."""
    x, c = points.double(), centres.double()
    radii = _radii(c, k)
    inside = [(_squares(part, c) <= radii).any(1) for part in x.split(BLOCK)]
    return torch.cat(inside).double().mean().item()


def _radii(x: Tensor, k: int) -> Tensor:
    """Squared distance of each point to its k-th nearest neighbour, itself not counted."""
    if len(x) <= k:
        raise ValueError(f"{k} neighbours need more than {k} samples, got {len(x)}")
    nearest = [_squares(part, x).topk(k + 1, largest=False).values for part in x.split(BLOCK)]
    return torch.cat(nearest)[:, -1]


def _squares(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances, len(x) × len(y); 0 for identical points to rounding."""
    squares = torch.addmm(y.square().sum(1), x, y.T, alpha=-2)
    return squares.add_(x.square().sum(1)[:, None]).clamp_(min=0)
