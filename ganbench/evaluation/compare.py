"""Two evaluations side by side: whether their scores can be compared, and whether they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from ganbench.evaluation.protocol import RECORDED
from ganbench.measures import MEASURES


@dataclass(frozen=True)
class Comparison:
    """One measure of A and of B.

    `differs` are the fields of the protocol that make the two incomparable, as "field: A, B".
    `difference` is B − A between the estimates without bias, `interval` its 95 % interval, both
    None where they cannot be had. `verdict` says it in a sentence.
    """

    measure: str
    extractor: str
    group: str | None
    a: float | None
    b: float | None
    differs: tuple[str, ...]
    difference: float | None
    interval: tuple[float, float] | None
    verdict: str


def compare(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> list[Comparison]:
    """The measures that both have, each compared; scores are as `report.to_json` gives them."""
    others = {_key(score): score for score in b}
    return [_compare(score, others[_key(score)]) for score in a if _key(score) in others]


def _key(score: Mapping[str, Any]) -> tuple[Any, ...]:
    return score["measure"], score["extractor"], score.get("group")


def _compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    differs = _differs(a["protocol"] or {}, b["protocol"] or {})
    difference, interval = None, None
    if a["value"] is None or b["value"] is None:
        verdict = "one of the two has no value"
    elif differs:
        verdict = "not comparable: " + "; ".join(differs)
    else:
        difference, interval = _difference(a, b)
        verdict = _verdict(a, b, difference, interval)
    return Comparison(
        a["measure"],
        a["extractor"],
        a.get("group"),
        a["value"],
        b["value"],
        differs,
        difference,
        interval,
        verdict,
    )


def _differs(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = "") -> tuple[str, ...]:
    """The fields that differ, nested ones with a dot."""
    found: list[str] = []
    for key in sorted(set(a) | set(b)):
        if not prefix and key in RECORDED:
            continue
        one, other = a.get(key), b.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += _differs(one, other, f"{prefix}{key}.")
        elif one != other:
            found.append(f"{prefix}{key}: {_short(one)}, {_short(other)}")
    return tuple(found)


def _difference(
    a: Mapping[str, Any], b: Mapping[str, Any]
) -> tuple[float, tuple[float, float] | None]:
    """B − A and its 95 % interval.

    The fakes of both are independent, so the squared errors of their side add up. The reals are
    the same: their part is the jackknife of the difference, block by block, in which what A and B
    have in common cancels.
    """
    one, other = a["spread"], b["spread"]
    if one is None or other is None:
        return b["value"] - a["value"], None
    difference = other["estimate"] - one["estimate"]
    sides = [_jackknife(np.array(s["fake"])) for s in (one, other)]
    if one["fake"] and other["fake"]:
        variances = sides
        if one["real"] and other["real"]:
            variances.append(_jackknife(np.array(other["real"]) - np.array(one["real"])))
        blocks = len(one["fake"])
        total = sum(variances)
        freedom = total**2 * (blocks - 1) / sum(v**2 for v in variances) if total else blocks - 1
    else:
        total, freedom = one["error"] ** 2 + other["error"] ** 2, np.inf
    reach = float(stats.t.ppf(0.975, freedom) * total**0.5)
    return difference, (difference - reach, difference + reach)


def _jackknife(values: np.ndarray) -> float:
    """The squared standard error from the values without each block."""
    if not len(values):
        return 0.0
    return float((len(values) - 1) / len(values) * np.square(values - values.mean()).sum())


def _verdict(
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    difference: float,
    interval: tuple[float, float] | None,
) -> str:
    if a["protocol"].get("fake_fingerprint") == b["protocol"].get("fake_fingerprint"):
        return "the same images"
    loss = MEASURES[a["measure"]].loss
    better = "B" if loss(a["value"] + difference) < loss(a["value"]) else "A"
    if interval is None:
        return f"{better} is better, but no interval is valid: it may be noise"
    if interval[0] <= 0 <= interval[1]:
        return "no difference that these samples can tell from noise"
    return (
        f"{better} is better, by more than the noise of these samples; another training may differ"
    )


def _short(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= 24 else text[:21] + "..."
