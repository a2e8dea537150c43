"""The Fréchet distance that infinitely many fakes would have, by extrapolation."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ganbench.measures.frechet import frechet
from ganbench.moments import Moments
from ganbench.types import Features

LEAST = 5_000  # the smallest size of the paper


@dataclass(frozen=True)
class Curve:
    """The distance at several sample sizes and the line intercept + slope/n through them."""

    sizes: tuple[int, ...]
    values: tuple[float, ...]
    intercept: float
    slope: float


def frechet_infinity(real: Moments, fake: Features, *, points: int = 15, seed: int = 0) -> float:
    """The intercept of a line in 1/n through the distance at `points` sizes; 0 is best.

    Chong and Forsyth, "Effectively Unbiased FID and Inception Score and where to find them" (2020),
    section 3. May be negative, since it is an estimate without the bias of the distance itself.

    Raises ValueError below 20 fakes.
    """
    return frechet_curve(real, fake, points=points, seed=seed).intercept


def frechet_curve(real: Moments, fake: Features, *, points: int = 15, seed: int = 0) -> Curve:
    """The distance of growing parts of the fakes, in a seeded order, and the line through them.

    The sizes go in equal steps from the paper's 5,000, or a tenth of fewer fakes, to all of them.
    Each part holds the one before, so each fake is added once.
    """
    n = len(fake)
    if n < 20:
        raise ValueError(f"an extrapolation needs 20 samples or more, got {n}")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    ends = torch.linspace(min(LEAST, max(n // 10, 2)), n, points).round().long().unique().tolist()
    moments, values = None, []
    for start, end in zip([0, *ends], ends, strict=False):
        part = Moments.of(fake[order[start:end].to(fake.device)])
        moments = part if moments is None else moments + part
        values.append(frechet(real, moments))
    x = 1 / torch.tensor(ends, dtype=torch.float64)
    y = torch.tensor(values, dtype=torch.float64)
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    intercept = y.mean() - slope * x.mean()
    return Curve(tuple(ends), tuple(values), intercept.item(), slope.item())
