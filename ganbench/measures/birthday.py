"""The birthday paradox test: how many different samples can a generator make?"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench.types import Features, Outcome

FULL = 0.75  # share of batches with a duplicate, above which smaller batches say more
PAIRS = 20  # that are told
MOST = 20_000  # reals that the threshold is made of
BATCHES = 10  # at least, where there are samples enough for batches of two


def birthday_paradox(
    real: Features,
    fake: Features,
    *,
    size: int = 500,
    quantile: float = 0.05,
    threshold: float = 0.0,
    seed: int = 0,
) -> Outcome:
    """The number of different samples that the generator makes, from duplicates in batches.

    Arora and Zhang, "Do GANs actually learn the distribution?" (2017). In [1, ∞), higher is better;
    real N×D, fake M×D. The fakes are cut into R batches of `size` without overlap; the share P of
    those that hold a duplicate is inverted by P = 1 − Π_{0<i<size} (1 − i/S), for S equally likely
    samples: a few heavy modes make it small. Batches are halved while more than 3/4 hold one.

    A duplicate is a pair of fakes as near as `threshold` (a Euclidean distance), or if that is 0 as
    near as the closest pair is in `quantile` of batches of as many reals: so a generator like the
    reals has duplicates in 5 % of the batches too, and its value says no more than "large".

    `detail`: P, R, the size and the threshold; the 95 % `interval` of S, by that of Clopper and
    Pearson (1934) for P; `relation`: ">" where no batch has a duplicate, for then the value is a
    lower bound at 95 %, else "="; and the closest pairs of fakes in the first batches, as
    [row, row, distance], the closest first.

    Raises ValueError below 4 reals or fakes.
    """
    if min(len(real), len(fake)) < 4:
        raise ValueError("batches need 4 samples a side or more")
    draws = torch.Generator().manual_seed(seed)
    centre = real.double().mean(0)
    order = torch.randperm(len(fake), generator=draws).to(fake.device)
    x = real[torch.randperm(len(real), generator=draws)[:MOST].to(real.device)].double() - centre
    y = fake[order].double() - centre
    size = max(2, min(size, len(x) // 2, len(y) // BATCHES))
    pairs, minima = _closest(y, order, size)
    while True:
        limit = threshold or _minima(x, size).quantile(quantile).item()
        holds = minima <= limit
        share = holds.double().mean().item()
        if share <= FULL or size == 2:
            break
        size = max(2, size // 2)
        minima = _minima(y, size)
    found = int(holds.sum())
    value, interval = _support(found, len(holds), size)
    detail: dict[str, Any] = {
        "relation": "=" if found else ">",
        "interval": interval,
        "share": share,
        "batches": len(holds),
        "size": size,
        "threshold": limit,
        "closest_pairs": pairs,
    }
    return Outcome(value, detail=detail)


def collision_probability(size: int, support: float) -> float:
    """P = 1 − Π_{0<i<size} (1 − i/S) that `size` draws of S equally likely values hold a pair."""
    return -math.expm1(-_surprise(size, support))


def support_of(size: int, probability: float) -> float:
    """The S ≥ size − 1 with that `collision_probability`; about size² / −2 log(1 − P). ∞ for 0."""
    if probability <= 0:
        return math.inf
    if probability >= 1:
        return size - 1.0
    wanted = -math.log1p(-probability)
    low, high = math.log(size - 1), math.log(size**2 / wanted + size)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _surprise(size, math.exp(middle)) > wanted else (low, middle)
    return math.exp((low + high) / 2)


def _surprise(size: int, support: float) -> float:
    """−log of the probability that all are different."""
    if support <= size - 1:
        return math.inf
    i = torch.arange(1, size, dtype=torch.float64)
    return -torch.log1p(-i / support).sum().item()


def _support(found: int, batches: int, size: int) -> tuple[float, list[float | None]]:
    """S and its 95 % interval; without duplicates the lower bound at 95 %. None is infinity."""
    # Imported here because it takes a second.
    from scipy.stats import beta

    def at(level: float, above: int) -> float:
        return float(beta.ppf(level, found + above, batches - found + 1 - above))

    high = support_of(size, at(0.025, 0)) if found else None
    low = support_of(size, at(0.975, 1) if found < batches else 1.0)
    value = support_of(size, found / batches if found else at(0.95, 1))
    return value, [low, high]


def _batches(x: Tensor, size: int) -> tuple[Tensor, ...]:
    """Without what is left over."""
    batches: tuple[Tensor, ...] = x[: len(x) // size * size].split(size)
    return batches


def _minima(x: Tensor, size: int) -> Tensor:
    """The distance of the closest pair in each batch of `size`."""
    return torch.stack([_distances(batch).min() for batch in _batches(x, size)])


def _closest(y: Tensor, order: Tensor, size: int) -> tuple[list[list[float]], Tensor]:
    """The rows and distances of the closest pairs inside batches, and `_minima`."""
    best: list[list[float]] = []
    minima, rows = [], torch.triu_indices(size, size, 1, device=y.device)
    for i, batch in enumerate(_batches(y, size)):
        distance, place = _distances(batch).sort()
        minima.append(distance[0])
        for d, p in zip(distance[:PAIRS].tolist(), place[:PAIRS].tolist(), strict=True):
            first, second = (int(order[i * size + int(row)]) for row in rows[:, p])
            best.append([first, second, d])
    return sorted(best, key=lambda pair: pair[2])[:PAIRS], torch.stack(minima)


def _distances(x: Tensor) -> Tensor:
    """Of all pairs, by differences: copies are at 0 exactly."""
    return torch.nn.functional.pdist(x)
