"""Which is better: strengths of runs from pairwise answers, by the model of Bradley and Terry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganbench.judging.detection import Interval, Z

FEWEST = 5  # raters for a bootstrap over raters
RESAMPLES = 1000
ROUNDS = 20_000  # of MM
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Strengths:
    """One a run, with geometric mean 1: `a` wins against `b` with the chance a/(a + b).

    `intervals` are 95 % and `by` says how: "raters" (bootstrap) or "answers" (Fisher information).
    `smoothed`: some runs never lost to others, and half a win was added both ways to each pair.
    """

    values: tuple[float, ...]
    intervals: tuple[Interval, ...]
    by: str
    smoothed: bool


def strengths(wins: Array, seed: int = 0) -> Strengths:
    """Of `wins`, R×K×K: how often rater r preferred run i to run j.

    With 5 raters or more the intervals are percentiles over 1,000 resamples of raters, which hold
    for other raters of the kind; with fewer they are of the answers only. Raises ValueError if the
    runs were not compared, directly or through others.
    """
    total = wins.sum(0)
    if not _connected(total + total.T)[()]:
        raise ValueError("not all runs were compared, directly or through others")
    values = bradley_terry(_finite(total))
    raters, k = len(wins), len(total)
    if raters >= FEWEST:
        draws = np.random.RandomState(seed).multinomial(raters, [1 / raters] * raters, RESAMPLES)
        drawn = np.tensordot(draws.astype(np.float64), wins, 1)
        drawn = drawn[_connected(drawn + drawn.swapaxes(1, 2))]
        found = bradley_terry(_finite(drawn), 1e-6)
        low, high = np.quantile(found, (0.025, 0.975), axis=0)
    else:
        spread = np.exp(Z * _errors(_finite(total), values))
        low, high = values / spread, values * spread
    return Strengths(
        values=tuple(values.tolist()),
        intervals=tuple((float(low[i]), float(high[i])) for i in range(k)),
        by="raters" if raters >= FEWEST else "answers",
        smoothed=not _connected(total)[()],
    )


def bradley_terry(wins: Array, tolerance: float = 1e-10) -> Array:
    """Maximum-likelihood strengths, …×K, geometric mean 1, of wins …×K×K (i over j).

    Hunter (2004), eq. 3: p_i ← W_i / Σ_j n_ij/(p_i + p_j). They are finite only if no set of runs
    won, or lost, all its comparisons with the others.
    """
    games = wins + wins.swapaxes(-1, -2)
    p = np.ones(wins.shape[:-1])
    for _ in range(ROUNDS):
        new = wins.sum(-1) / (games / (p[..., :, None] + p[..., None, :])).sum(-1)
        new /= np.exp(np.log(new).mean(-1, keepdims=True))
        moved = np.abs(np.log(new / p)).max(initial=0.0)
        p = new
        if moved < tolerance:
            break
    return p


def _errors(wins: Array, p: Array) -> Array:
    """Standard errors of log strengths that sum to 0: the pseudo-inverse of the information."""
    pairs = p[:, None] + p[None, :]
    weights = (wins + wins.T) * np.outer(p, p) / pairs**2
    np.fill_diagonal(weights, 0)
    information = np.diag(weights.sum(1)) - weights
    variances = np.diag(np.linalg.pinv(information, hermitian=True))
    return np.asarray(np.sqrt(variances.clip(0)))


def _finite(wins: Array) -> Array:
    """`wins`, with half a win both ways in each pair where the strengths would be infinite."""
    games = wins + wins.swapaxes(-1, -2)
    return np.where(_connected(wins)[..., None, None], wins, wins + 0.5 * (games > 0))


def _connected(links: Array) -> NDArray[np.bool_]:
    """Whether each of K can be reached from each other one, along positive links …×K×K."""
    k = links.shape[-1]
    reach = (links > 0) | np.eye(k, dtype=bool)
    for _ in range(k.bit_length()):
        reach = reach @ reach
    return np.asarray(reach.all((-1, -2)))
