"""Real or fake, as signal detection: how often fakes fool, and how well the two are told apart."""

from __future__ import annotations

import math
from statistics import NormalDist

NORMAL = NormalDist()
Z = NORMAL.inv_cdf(0.975)
Interval = tuple[float, float]


def wilson(k: int, n: int) -> Interval | None:
    """The 95 % score interval of a share k/n (Wilson 1927); None if n is 0."""
    if n == 0:
        return None
    share, z2 = k / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def d_prime(hits: int, reals: int, fooled: int, fakes: int) -> tuple[float, float, Interval] | None:
    """(d′, criterion, 95 % interval of d′) of yes/no answers; None without reals or fakes.

    The signal is "real": `hits` of `reals` and `fooled` of `fakes` were judged real.
    d′ = z(H) − z(F), from 0, guessing, upwards; c = −(z(H) + z(F))/2, above 0 for those who rather
    say "fake". Rates have Hautus's (1995) log-linear correction, (k + ½)/(n + 1), so that all right
    is finite: with n of each, d′ is at most 2 z((n + ½)/(n + 1)). The interval is normal, with the
    variance of Gourevitch and Galanter (1967).
    """
    if not reals or not fakes:
        return None
    value, criterion, variance = 0.0, 0.0, 0.0
    for k, n, sign in ((hits, reals, 1), (fooled, fakes, -1)):
        rate = (k + 0.5) / (n + 1)
        z = NORMAL.inv_cdf(rate)
        value += sign * z
        criterion -= z / 2
        variance += rate * (1 - rate) / (n * NORMAL.pdf(z) ** 2)
    half = Z * math.sqrt(variance)
    return value, criterion, (value - half, value + half)
