"""What an audit finds of each measure: our measured version of Borji's seven desiderata."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from ganbench.audit.cells import NOTHING, Cell
from ganbench.audit.degradations import DEGRADATIONS
from ganbench.measures import MEASURES

NOT_MEASURED = {
    "disentanglement": "it is about latent spaces, and an audit has images only",
    "perception": "it needs human ratings: ganbench judge collects them",
}


@dataclass(frozen=True)
class Reaction:
    """How one measure answers one degradation, at one number of images.

    `verdict` is "notices" where all replicates at the highest level are worse than all untouched
    ones, "is fooled" where all are better, else "is blind". `from_level` is the lowest level from
    which it notices. `effect` is the change at the highest level in standard deviations of the
    untouched ones, positive for worse; `monotone` the rank correlation of the level with how bad
    the mean value is, in [−1, 1]. `plain` are the values on untouched images, `levels` are
    (level, values).
    """

    verdict: str
    effect: float
    monotone: float
    from_level: float | None
    plain: tuple[float, ...]
    levels: tuple[tuple[float, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Verdict:
    """What is found of one measure.

    `reactions` by degradation. `discriminability` is the share of pairs (untouched, degraded at the
    lowest level) of images that it orders rightly, over all distortions: 0.5 by chance.
    `overfitting` is its verdict on a memory of the training set, `distortion` the mean of
    `monotone` over the distortions. `cv` is the coefficient of variation of untouched ones by size,
    `drift` their mean at the smallest size over that at the largest, `seconds` the median by size.
    `refused` says why the measure did not apply.
    """

    reactions: Mapping[str, Reaction]
    discriminability: float | None
    overfitting: str | None
    bounds: str
    distortion: float | None
    cv: Mapping[int, float]
    drift: float | None
    seconds: Mapping[int, float]
    refused: str = ""


def verdicts(cells: Sequence[Cell], measures: Iterable[str]) -> dict[str, Verdict]:
    """A Verdict for each measure, at the largest number of images."""
    return {name: _verdict(cells, name) for name in measures}


def _verdict(cells: Sequence[Cell], name: str) -> Verdict:
    row = name.partition(":")[0]
    bounds = MEASURES[row].bounds
    mine = [cell for cell in cells if cell.values.get(name) is not None]
    sizes = sorted({cell.n for cell in mine})
    plain = {n: _values(mine, n, NOTHING, 0.0, name) for n in sizes}
    if not sizes or not plain[sizes[-1]]:
        reasons = [cell.refused[name] for cell in cells if name in cell.refused]
        refused = (reasons or ["it was not measured"])[0]
        return Verdict({}, None, None, bounds, None, {}, None, {}, refused)
    largest = sizes[-1]
    reactions = {}
    for degradation, about in DEGRADATIONS.items():
        levels = [(v, _values(mine, largest, degradation, v, name)) for v in about.levels]
        known = [(level, values) for level, values in levels if values]
        if known:
            reactions[degradation] = reaction(row, plain[largest], known)
    distortions = [d for d in reactions if DEGRADATIONS[d].kind == "distortion"]
    lowest = [v for d in distortions for v in reactions[d].levels[0][1]]
    memory = reactions.get("memorisation")
    return Verdict(
        reactions,
        _order(row, plain[largest], lowest) if lowest else None,
        memory.verdict if memory else None,
        bounds,
        statistics.fmean(reactions[d].monotone for d in distortions) if distortions else None,
        {n: _cv(plain[n]) for n in sizes if len(plain[n]) > 1},
        _drift(plain[sizes[0]], plain[largest]) if len(sizes) > 1 else None,
        {n: statistics.median(c.seconds[name] for c in mine if c.n == n) for n in sizes},
    )


def reaction(
    name: str, plain: Sequence[float], levels: Sequence[tuple[float, Sequence[float]]]
) -> Reaction:
    """How the measure `name` answers, from its values on untouched images and at each level."""
    loss = MEASURES[name].loss
    usual = [loss(v) for v in plain]
    worse = [[loss(v) for v in values] for _, values in levels]
    verdict = "is blind"
    if min(worse[-1]) > max(usual):
        verdict = "notices"
    elif max(worse[-1]) < min(usual):
        verdict = "is fooled"
    noticed = None
    for (level, _), losses in zip(reversed(levels), reversed(worse), strict=True):
        if min(losses) <= max(usual):
            break
        noticed = level
    means = [statistics.fmean(usual), *map(statistics.fmean, worse)]
    spread = statistics.stdev(usual) if len(usual) > 1 else 0.0
    change = means[-1] - means[0]
    effect = change / spread if spread else math.copysign(math.inf, change) if change else 0.0
    return Reaction(
        verdict,
        effect,
        _rank_correlation(means),
        noticed,
        tuple(plain),
        tuple((level, tuple(values)) for level, values in levels),
    )


def as_json(found: Mapping[str, Verdict]) -> dict[str, Any]:
    """The verdicts as JSON has them, infinities as strings."""
    return {
        name: {
            "refused": v.refused,
            "discriminability": v.discriminability,
            "overfitting": v.overfitting,
            "disentanglement": None,
            "bounds": v.bounds,
            "perception": None,
            "distortion": v.distortion,
            "efficiency": {
                "cv": {str(n): _plain(x) for n, x in v.cv.items()},
                "drift": None if v.drift is None else _plain(v.drift),
                "seconds": {str(n): x for n, x in v.seconds.items()},
            },
            "reactions": {
                d: {
                    "verdict": r.verdict,
                    "effect": _plain(r.effect),
                    "monotone": r.monotone,
                    "from_level": r.from_level,
                    "plain": list(map(_plain, r.plain)),
                    "levels": [[level, list(map(_plain, values))] for level, values in r.levels],
                }
                for d, r in v.reactions.items()
            },
        }
        for name, v in found.items()
    }


def _values(
    cells: Sequence[Cell], n: int, degradation: str, level: float, name: str
) -> list[float]:
    return [
        cell.values[name]
        for cell in cells
        if (cell.n, cell.degradation, cell.level) == (n, degradation, level)
    ]


def _order(name: str, plain: Sequence[float], worse: Sequence[float]) -> float:
    """The share of pairs in which the degraded one is worse; a tie counts half (an AUC)."""
    loss = MEASURES[name].loss
    pairs = [(loss(a), loss(b)) for a in plain for b in worse]
    return statistics.fmean(1.0 if a < b else 0.5 if a == b else 0.0 for a, b in pairs)


def _rank_correlation(means: Sequence[float]) -> float:
    """Spearman's, of the order of the levels with how bad they are; 0 where nothing changes."""
    if len(set(means)) < 2:
        return 0.0
    return float(stats.spearmanr(range(len(means)), means).statistic)


def _cv(values: Sequence[float]) -> float:
    mean = statistics.fmean(values)
    return statistics.stdev(values) / abs(mean) if mean else math.inf


def _drift(small: Sequence[float], large: Sequence[float]) -> float:
    mean = statistics.fmean(large)
    return statistics.fmean(small) / mean if mean else math.inf


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
