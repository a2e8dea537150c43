"""Glicko-2: ratings of players from the scores of their games, with how sure they are.

Glickman, "Example of the Glicko-2 system" (2013 edition), steps 1 to 8, whose letters these are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SCALE = 173.7178  # rating points of one unit of μ
START = 1500.0
EXACT = 1e-9  # of the logarithm of the volatility's square


@dataclass(frozen=True)
class Rating:
    """A player's strength, its standard deviation, and how much the strength itself varies."""

    value: float = START
    deviation: float = 350.0
    volatility: float = 0.06


def updated(player: Rating, games: Sequence[tuple[Rating, float]], tau: float = 0.5) -> Rating:
    """The rating after a period of games, each (opponent before the period, score in [0, 1]).

    The score is 1 for a win, 0 for a loss, and what lies between for parts of one. `tau` bounds how
    fast the volatility changes. Without games only the deviation grows.
    """
    mu, phi = (player.value - START) / SCALE, player.deviation / SCALE
    if not games:
        return Rating(player.value, SCALE * math.hypot(phi, player.volatility), player.volatility)
    precision, surprise = 0.0, 0.0
    for opponent, score in games:
        weight = 1 / math.sqrt(1 + 3 * (opponent.deviation / SCALE / math.pi) ** 2)
        expected = _logistic(weight * (mu - (opponent.value - START) / SCALE))
        precision += weight**2 * expected * (1 - expected)
        surprise += weight * (score - expected)
    variance = 1 / precision
    sigma = _volatility(player.volatility, phi, variance, variance * surprise, tau)
    phi = 1 / math.sqrt(1 / (phi**2 + sigma**2) + precision)
    return Rating(START + SCALE * (mu + phi**2 * surprise), SCALE * phi, sigma)


def rate(
    players: int, periods: Sequence[Sequence[tuple[int, int, float]]], tau: float = 0.5
) -> list[Rating]:
    """The ratings after periods of games, each (one, other, score of the one), from equal starts.

    All games of a period count with the ratings before it, so their order does not matter.
    """
    ratings = [Rating()] * players
    for games in periods:
        met: list[list[tuple[Rating, float]]] = [[] for _ in ratings]
        for one, other, score in games:
            met[one].append((ratings[other], score))
            met[other].append((ratings[one], 1 - score))
        ratings = [updated(r, played, tau) for r, played in zip(ratings, met, strict=True)]
    return ratings


def _volatility(sigma: float, phi: float, variance: float, delta: float, tau: float) -> float:
    """Step 5: the root of f by the Illinois algorithm."""
    start = math.log(sigma**2)

    def f(x: float) -> float:
        total = phi**2 + variance + math.exp(x)
        return math.exp(x) * (delta**2 - total) / (2 * total**2) - (x - start) / tau**2

    low, high = start, _other_side(f, start, delta**2 - phi**2 - variance, tau)
    f_low, f_high = f(low), f(high)
    while abs(high - low) > EXACT:
        middle = low + (low - high) * f_low / (f_high - f_low)
        f_middle = f(middle)
        if f_middle * f_high <= 0:
            low, f_low = high, f_high
        else:
            f_low /= 2
        high, f_high = middle, f_middle
    return math.exp(low / 2)


def _other_side(f: Callable[[float], float], start: float, excess: float, tau: float) -> float:
    """A point beyond the root of f, seen from `start`."""
    if excess > 0:
        return math.log(excess)
    steps = 1
    while f(start - steps * tau) < 0:
        steps += 1
    return start - steps * tau


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
