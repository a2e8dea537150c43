"""One pass over the distances between real and fake samples, for all measures of neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ganbench.types import Features

BLOCK = 1024  # rows and columns of a tile of distances: 8 MiB, whatever N and D are


@dataclass(frozen=True, eq=False)
class Neighbours:
    """How N real and M fake samples lie to each other: what `neighbours` makes of a pair.

    The ball of a sample reaches to its k-th nearest neighbour in its own set. Distances are squared
    and float64. `real_radii` N×max(k) and `fake_radii` M×max(k): to the 1st, 2nd, … neighbour.
    `nearest` (int64) and `distance`, M: the nearest real of each fake. Per k of `ks`, in rows:
    `balls` (int64, M): the number of open real balls that hold each fake;
    `smallest` (M): the squared radius of the smallest closed real ball that holds it, or ∞;
    `reached` (bool, N): whether the open ball of each real holds a fake;
    `covered` (bool, N): whether each real lies in a closed fake ball.
    """

    ks: tuple[int, ...]
    real_radii: Tensor
    fake_radii: Tensor
    nearest: Tensor
    distance: Tensor
    balls: Tensor
    smallest: Tensor
    reached: Tensor
    covered: Tensor

    def row(self, k: int) -> int:
        """The row of `k`; ValueError if the pair was not asked for it."""
        if k not in self.ks:
            raise ValueError(f"k = {k} was not counted: this pair knows k = {self.ks}")
        return self.ks.index(k)


def neighbours(real: Features, fake: Features, ks: Sequence[int] = (3, 5)) -> Neighbours:
    """The neighbours of real N×D and fake M×D, for all `ks`, in O(N + M) memory.

    Everything is float64 around the mean of the reals, so a common offset costs no digits. Squared
    distances that differ by less than rounding, 4(D + 4)ε of the squared norms, count as equal.
    The cost is 2D(N²/2 + M²/2 + NM) operations.

    Raises ValueError if a side has max(ks) samples or fewer, or holds NaN or infinity.
    """
    k = max(ks)
    centre = _centre(real, fake)
    real_radii, fake_radii = _radii(real, k, centre), _radii(fake, k, centre)
    n, m = len(real), len(fake)
    found = Neighbours(
        ks=tuple(ks),
        real_radii=real_radii,
        fake_radii=fake_radii,
        nearest=real_radii.new_zeros(m, dtype=torch.int64),
        distance=real_radii.new_full((m,), math.inf),
        balls=real_radii.new_zeros((len(ks), m), dtype=torch.int64),
        smallest=real_radii.new_full((len(ks), m), math.inf),
        reached=real_radii.new_zeros((len(ks), n), dtype=torch.bool),
        covered=real_radii.new_zeros((len(ks), n), dtype=torch.bool),
    )
    for tile in _tiles(real, fake, centre, slack=_slack(real)):
        _count(found, tile)
        _approach(found.distance, found.nearest, tile)
    found.distance.copy_(_exact(fake, real, found.nearest))
    return found


def nearest(points: Features, others: Features) -> tuple[Tensor, Tensor]:
    """Squared distance (float64) and index (int64) of the nearest of `others` to each point."""
    centre = _centre(others, points)
    distance = centre.new_full((len(points),), math.inf)
    index = torch.zeros_like(distance, dtype=torch.int64)
    for tile in _tiles(others, points, centre):
        _approach(distance, index, tile)
    return _exact(points, others, index), index


def k_nearest(points: Features, others: Features, k: int) -> tuple[Tensor, Tensor]:
    """Squared distances (float64) and indices (int64) of the k nearest of `others`: both M×k.

    In order, the nearest first. Raises ValueError for fewer than k others.
    """
    if len(others) < k:
        raise ValueError(f"{k} neighbours need as many samples, got {len(others)}")
    centre = _centre(others, points)
    best = centre.new_full((len(points), k), math.inf)
    index = torch.zeros_like(best, dtype=torch.int64)
    for i, j, squares, *_ in _tiles(points, others, centre):
        _keep_indexed(best[i : i + BLOCK], index[i : i + BLOCK], squares, j)
    return best.clamp_(min=0), index


def nearest_other(points: Features) -> Tensor:
    """Index (int64) of the sample nearest to each, itself left out: N."""
    centre = _centre(points, points)
    distance = centre.new_full((len(points),), math.inf)
    index = torch.zeros_like(distance, dtype=torch.int64)
    for tile in _tiles(points, points, centre, triangle=True):
        if tile.i == tile.j:
            tile.low.fill_diagonal_(math.inf)
        else:
            _approach(distance, index, tile._replace(i=tile.j, j=tile.i, low=tile.low.T))
        _approach(distance, index, tile)
    return index


def radii(points: Features, k: int) -> Tensor:
    """Squared distances (float64) of each sample to its k nearest others, in order: N×k.

    Raises ValueError for k samples or fewer.
    """
    return _radii(points, k, _centre(points, points))


def tiles(points: Features, others: Features) -> Iterator[Tile]:
    """The squared distances between two sets, less an allowance for rounding, by tiles.

    Those of copies are 0 or a little less. Raises ValueError for an empty set, NaN and infinity.
    """
    return _tiles(points, others, _centre(points, others), _slack(points))


class Tile(NamedTuple):
    """Squared distances of the samples from `i` of one set to those from `j` of the other.

    `low` is a lower bound: the distances less an allowance for rounding, whose parts by row and
    by column are `above` and `right`.
    """

    i: int
    j: int
    low: Tensor
    above: Tensor
    right: Tensor


def _tiles(
    x: Tensor, y: Tensor, centre: Tensor, slack: float = 0.0, triangle: bool = False
) -> Iterator[Tile]:
    """|x − y|² − slack·(|x|² + |y|²) tile by tile; of a triangle only those with j ≥ i."""
    for i in range(0, len(x), BLOCK):
        a = x[i : i + BLOCK].double() - centre
        aa = a.square().sum(1)
        for j in range(i if triangle else 0, len(y), BLOCK):
            b = y[j : j + BLOCK].double() - centre
            bb = b.square().sum(1)
            low = torch.addmm((1 - slack) * bb, a, b.T, alpha=-2)
            yield Tile(i, j, low.add_((1 - slack) * aa[:, None]), slack * aa, slack * bb)


def _slack(x: Tensor) -> float:
    """Bound of the rounding error of a squared distance, relative to the squared norms."""
    return 4 * (x.shape[1] + 4) * torch.finfo(torch.float64).eps


def _centre(x: Tensor, y: Tensor) -> Tensor:
    """A point near the middle, float64: any does, since distances do not move with it."""
    if not len(x) or not len(y):
        raise ValueError(f"no distances between {len(x)} and {len(y)} samples")
    centre = x.mean(0).double()
    if not (centre + y.mean(0)).isfinite().all():
        raise ValueError("the features hold NaN or infinity; distances need finite numbers")
    return centre


def _radii(x: Tensor, k: int, centre: Tensor) -> Tensor:
    """Squared distances of each sample to its k nearest neighbours, itself not counted: N×k."""
    if len(x) <= k:
        raise ValueError(f"{k} neighbours need more than {k} samples, got {len(x)}")
    best = centre.new_full((len(x), k), math.inf)
    for i, j, squares, *_ in _tiles(x, x, centre, triangle=True):
        if i == j:
            squares.fill_diagonal_(math.inf)
        else:
            _keep(best[j : j + BLOCK], squares.T)
        _keep(best[i : i + BLOCK], squares)
    return best.clamp_(min=0)


def _keep(best: Tensor, squares: Tensor) -> None:
    """Puts the smallest of each row into `best`, in order."""
    both = torch.cat((best, squares), 1)
    best.copy_(both.topk(best.shape[1], largest=False).values)


def _keep_indexed(best: Tensor, index: Tensor, squares: Tensor, offset: int) -> None:
    """The same, with the columns of the smallest, of which the first is number `offset`."""
    columns = torch.arange(offset, offset + squares.shape[1], device=index.device)
    both = torch.cat((best, squares), 1)
    named = torch.cat((index, columns.expand(len(index), -1)), 1)
    values, places = both.topk(best.shape[1], largest=False)
    best.copy_(values)
    index.copy_(named.gather(1, places))


def _approach(distance: Tensor, index: Tensor, tile: Tile) -> None:
    """Notes for each column the nearest row, where it is nearer than what is known."""
    columns = slice(tile.j, tile.j + BLOCK)
    low, row = tile.low.T.contiguous().min(1)
    index[columns] = torch.where(low < distance[columns], tile.i + row, index[columns])
    distance[columns] = torch.minimum(low, distance[columns])


def _count(found: Neighbours, tile: Tile) -> None:
    """Adds a tile of real × fake to the balls that hold something."""
    rows, columns = slice(tile.i, tile.i + BLOCK), slice(tile.j, tile.j + BLOCK)
    real_radii, fake_radii = found.real_radii[rows], found.fake_radii[columns]
    i, j = (tile.low <= real_radii[:, -1:]).nonzero(as_tuple=True)
    low = tile.low[i, j]
    high = low + 2 * (tile.above[i] + tile.right[j])
    for row, k in enumerate(found.ks):
        radius = real_radii[i, k - 1]
        closed, inside = low <= radius, high < radius
        found.balls[row, columns] += torch.bincount(j[inside], minlength=len(fake_radii))
        found.reached[row, tile.i + i[inside]] = True
        smallest = found.smallest[row, columns]
        smallest.scatter_reduce_(0, j[closed], radius[closed], "amin")
        found.covered[row, rows] |= (tile.low <= fake_radii[:, k - 1]).any(1)


def _exact(points: Tensor, others: Tensor, index: Tensor) -> Tensor:
    """|pᵢ − o(indexᵢ)|² by differences, which is 0 for copies and loses no digits nearby."""
    size = max(1, BLOCK**2 // points.shape[1])
    parts = zip(points.split(size), index.split(size), strict=True)
    squares = [(p.double() - others[i].double()).square().sum(1) for p, i in parts]
    return torch.cat(squares)
