"""The kernel distance: squared MMD with a cubic kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Features

BLOCK = 512  # rows at a time, so that a block stays in the cache


def kid(real: Features, fake: Features) -> float:
    """The unbiased estimate of MMD² with k(x, y) = (x·y/D + 1)³, over all pairs; 0 is best.

    Bińkowski et al., "Demystifying MMD GANs" (2018), eq. 4. Its mean does not depend on the sample
    sizes and is 0 for equal distributions, so single values may be negative.

    Raises ValueError below 2 samples on either side.
    """
    n, m = len(real), len(fake)
    if min(n, m) < 2:
        raise ValueError(f"the kernel distance needs 2 samples or more a side, got {n} and {m}")
    x, y = real.double(), fake.double()
    within_x = (_sum(x, x) - _diagonal(x)) / (n * (n - 1))
    within_y = (_sum(y, y) - _diagonal(y)) / (m * (m - 1))
    return (within_x + within_y - 2 * _sum(x, y) / (n * m)).item()


def _sum(x: Tensor, y: Tensor) -> Tensor:
    """Σᵢⱼ k(xᵢ, yⱼ), in blocks of rows."""
    one = torch.ones((), dtype=x.dtype, device=x.device)
    sums = []
    for part in x.split(BLOCK):
        k = torch.addmm(one, part, y.T, alpha=1 / x.shape[1])
        sums.append(torch.dot((k * k).flatten(), k.flatten()))
    return torch.stack(sums).sum()


def _diagonal(x: Tensor) -> Tensor:
    return (x.square().sum(1) / x.shape[1] + 1).pow(3).sum()
