"""Precision and recall of the supports that a bootstrap finds significant: TopP&R."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.measures.neighbours import BLOCK, radii, tiles
from ganbench.measures.nets import draw
from ganbench.types import Features, Outcome

NEIGHBOURS = 5  # a dimension: the bandwidth reaches to so many


@dataclass(frozen=True, eq=False)
class Supports:
    """Which reals (N) and fakes (M) are significant, bool: in their own set, and in the other."""

    real: Tensor
    fake: Tensor
    real_in_fake: Tensor
    fake_in_real: Tensor


def topological_precision(
    real: Features,
    fake: Features,
    *,
    n: int = 5000,
    alpha: float = 0.1,
    repeats: int = 10,
    dimensions: int = 32,
    seed: int = 0,
) -> Outcome:
    """Share of the significant fakes that the reals' density is significant at (TopP).

    Kim et al., "TopP&R: Robust Support Estimation Approach for Evaluating Fidelity and Diversity in
    Generative Models" (2023). Features of more than `dimensions` are projected at random; of each
    side at most `n` count. The density of a side is Σ cos(π|x − xᵢ|/2h)/n over the samples nearer
    than h, h the median distance to the 5D-th nearest other; it is significant where it exceeds the
    1 − `alpha` quantile, over `repeats` bootstraps, of the largest change at a sample. So scattered
    outliers on either side count for nothing. In [0, 1], higher is better, 1 for a set against
    itself; 0 if no fake is significant.

    In up to three dimensions the authors choose h by persistent homology instead. Their h looks
    only at the samples that stand later in the file; here all others count.
    `detail`: `precision`, `recall`, `f1`, and the shares that are significant on their own side,
    `significant_real` and `significant_fake`.

    Raises ValueError for 5D samples or fewer on a side, of at most `dimensions` D.
    """
    detail = _compared(supports(real, fake, n, alpha, repeats, dimensions, seed))
    return Outcome(detail["precision"], detail=detail)


def topological_recall(
    real: Features,
    fake: Features,
    *,
    n: int = 5000,
    alpha: float = 0.1,
    repeats: int = 10,
    dimensions: int = 32,
    seed: int = 0,
) -> Outcome:
    """The same with the roles exchanged: significant reals in the fakes' support (TopR)."""
    detail = _compared(supports(real, fake, n, alpha, repeats, dimensions, seed))
    return Outcome(detail["recall"], detail=detail)


def topological_f1(
    real: Features,
    fake: Features,
    *,
    n: int = 5000,
    alpha: float = 0.1,
    repeats: int = 10,
    dimensions: int = 32,
    seed: int = 0,
) -> Outcome:
    """The harmonic mean of both; 0 if one is 0."""
    detail = _compared(supports(real, fake, n, alpha, repeats, dimensions, seed))
    return Outcome(detail["f1"], detail=detail)


def supports(
    real: Tensor, fake: Tensor, n: int, alpha: float, repeats: int, dimensions: int, seed: int
) -> Supports:
    """The supports, as `topological_precision` says; a side is drawn and bootstrapped by `seed`."""
    drawn = [draw(side, n, torch.Generator().manual_seed(seed)) for side in (real, fake)]
    centre = drawn[0].double().mean(0)
    x, g = (_projected(side.double() - centre, dimensions, seed) for side in drawn)
    reals, (h_real, c_real) = _own(x, alpha, repeats, seed)
    fakes, (h_fake, c_fake) = _own(g, alpha, repeats, seed)
    return Supports(
        real=reals,
        fake=fakes,
        real_in_fake=density(g, x, h_fake)[:, 0] > c_fake,
        fake_in_real=density(x, g, h_real)[:, 0] > c_real,
    )


def density(data: Tensor, points: Tensor, h: float, weights: Tensor | None = None) -> Tensor:
    """Σ wᵢ cos(π|p − xᵢ|/2h) over the data nearer than h to each point: points×columns of weights.

    `weights`: data×columns, 1/n by default. The factor that makes it a density is left out.
    """
    if weights is None:
        weights = data.new_full((len(data), 1), 1 / len(data))
    found = data.new_zeros((len(points), weights.shape[1]))
    for i, j, squares, *_ in tiles(Features(points), Features(data)):
        inwards = (1 - squares.clamp_(min=0).sqrt_().div_(h)).clamp_(min=0)  # sin is 0 at h, as cos
        found[i : i + BLOCK] += inwards.mul_(math.pi / 2).sin_() @ weights[j : j + BLOCK]
    return found


def _own(data: Tensor, alpha: float, repeats: int, seed: int) -> tuple[Tensor, tuple[float, float]]:
    """Which of the data are significant, the bandwidth, and what a density must exceed."""
    n, dimensions = data.shape
    h = radii(Features(data), NEIGHBOURS * dimensions)[:, -1].median().sqrt().item()
    h = max(h, torch.finfo(data.dtype).tiny)  # of a side that is one point
    draws = torch.Generator().manual_seed(seed)
    taken = [torch.randint(n, (n,), generator=draws).bincount(minlength=n) for _ in range(repeats)]
    counts = torch.stack([torch.ones_like(taken[0]), *taken], 1)
    found = density(data, data, h, counts.to(data) / n)
    change = (found[:, 1:] - found[:, :1]).abs().amax(0)
    limit = torch.quantile(change, 1 - alpha).item()
    return found[:, 0] > limit, (h, limit)


def _projected(x: Tensor, dimensions: int, seed: int) -> Tensor:
    """Through a random matrix of normals, to that many dimensions, if there are more."""
    if x.shape[1] <= dimensions:
        return x
    draws = torch.Generator().manual_seed(seed)
    matrix = torch.randn((x.shape[1], dimensions), generator=draws, dtype=x.dtype)
    projected: Tensor = x @ matrix / dimensions**0.5
    return projected


def _compared(found: Supports) -> dict[str, float]:
    precision = _share(found.fake_in_real, found.fake)
    recall = _share(found.real_in_fake, found.real)
    both = precision + recall
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / both if both else 0.0,
        "significant_real": found.real.double().mean().item(),
        "significant_fake": found.fake.double().mean().item(),
    }


def _share(inside: Tensor, significant: Tensor) -> float:
    """Of the significant ones inside; 0 if there are none."""
    return inside[significant].double().mean().item() if significant.any() else 0.0
