"""Which parameters mattered for a target over many runs, and how far that can be believed.

A random forest learns the rank of the target from the parameters (ranks, since one run that
diverged would outweigh all others). A parameter's importance is by how much the forest's error on
runs that a tree has not seen grows when the parameter's values are shuffled among them (Breiman,
"Random Forests", 2001), as a share of twice the target's variance: 1 for a parameter that alone
decides, and Sobol's total index for a forest that is right. It is set against the largest
importance that any parameter gets when the target itself is shuffled (as in Altmann et al.,
"Permutation importance", 2010): what is not above that is not told from chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 8  # runs, below which nothing can be said
MOST = 1000  # runs that are read
TREES = 100
SHUFFLES = 19  # of the target: the largest of 19 is passed by chance once in 20 times
TOGETHER = 0.9  # rank correlation beyond which two parameters count as one
LEVELS = 20  # values of a parameter that is no number

Array = NDArray[np.float64]
Row = dict[str, Any]


def importance(configs: Sequence[Mapping[str, Any]], target: Sequence[float | None]) -> Row:
    """What mattered for `target`, a number for each of the flat `configs`.

    {"runs": with a finite target, "left_out": the others, "r2": of the forest on runs that it has
    not seen, "chance": the importance that chance can give, "parameters": rows, "same": names with
    one value, "skipped": names that nothing can be said of, "problem": in words why there are no
    rows, or None}. A row: names (more than one if they were varied together), importance, matters,
    and rho, the rank correlation with the target, None if the parameter is no number or there is no
    direction that can be told from chance.
    """
    kept = [i for i, y in enumerate(target) if y is not None and math.isfinite(y)]
    left_out, kept = len(target) - len(kept), kept[:MOST]
    found: Row = {"runs": len(kept), "left_out": left_out, "r2": None, "chance": None}
    found |= {"parameters": [], "same": [], "skipped": [], "problem": None}
    if len(kept) < LEAST:
        found["problem"] = f"this needs at least {LEAST} runs with the target, not {len(kept)}"
        return found
    y = np.array([target[i] for i in kept], np.float64)
    columns, found["same"], found["skipped"] = _columns([configs[i] for i in kept])
    if not columns or np.ptp(y) == 0:
        what = "no parameter" if not columns else "the target"
        found["problem"] = f"{what} differs between these runs"
        return found
    groups = _together(columns)
    found["r2"], shares, found["chance"] = _permute(columns, groups, _ranks(y))
    rows = [
        {
            "names": group,
            "importance": share,
            "matters": bool(found["r2"] > 0 and share > found["chance"]),
            "rho": _direction(columns[group[0]], y, len(groups)),
        }
        for group, share in zip(groups, shares, strict=True)
    ]
    found["parameters"] = sorted(rows, key=lambda row: -row["importance"])
    return found


def _columns(configs: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Array], list[str], list[str]]:
    """The parameters that vary as n×k numbers, those that do not, and those with too many values.

    A number is one column, NaN where a run has none; anything else has a column for each value.
    """
    names = dict.fromkeys(name for config in configs for name in config)
    columns, alike, skipped = {}, [], []
    for name in names:
        values = [config.get(name) for config in configs]
        words = [repr(value) for value in values]
        levels = list(dict.fromkeys(words))
        if len(levels) == 1:
            alike.append(name)
        elif all(_is_number(value) for value in values):
            columns[name] = np.array([[np.nan if v is None else v] for v in values], np.float64)
        elif len(levels) <= LEVELS and len(levels) < len(values):
            columns[name] = np.array([[w == level for level in levels] for w in words], np.float64)
        else:
            skipped.append(name)
    return columns, alike, skipped


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _together(columns: Mapping[str, Array]) -> list[list[str]]:
    """The names, those that were varied together in one group: no data can tell them apart."""
    names = list(columns)
    ranks = {name: _ranks_of_columns(columns[name]) for name in names}
    group = {name: name for name in names}
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if group[one] != group[other] and _tied(ranks[one], ranks[other]):
                old, new = group[other], group[one]
                group = {name: new if g == old else g for name, g in group.items()}
    return [[n for n in names if group[n] == first] for first in dict.fromkeys(group.values())]


def _tied(one: Array, other: Array) -> bool:
    """Whether each column of either is near ± a column of the other."""
    pairs = np.abs(one.T @ other)
    return bool((pairs.max(0) > TOGETHER).all() and (pairs.max(1) > TOGETHER).all())


def _ranks_of_columns(columns: Array) -> Array:
    """Ranks, each column of mean 0 and length 1; missing values have the mean."""
    made = np.zeros_like(columns)
    for k, column in enumerate(columns.T):
        there = np.isfinite(column)
        if there.sum() > 1:
            ranks = _ranks(column[there])
            made[there, k] = ranks - ranks.mean()
    lengths = np.linalg.norm(made, axis=0)
    return made / np.where(lengths > 0, lengths, 1)


def _ranks(values: Array) -> Array:
    """From 1 on; equal values share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: Array = (last - (counts - 1) / 2)[where]
    return mean


def _direction(columns: Array, y: Array, of: int) -> float | None:
    """Spearman's ρ where it is told from chance at 5 %, as one `of` so many that are looked at."""
    if columns.shape[1] > 1:
        return None
    from scipy.stats import spearmanr

    there = np.isfinite(columns[:, 0])
    if there.sum() < LEAST or np.ptp(columns[there, 0]) == 0:
        return None
    rho, p = spearmanr(columns[there, 0], y[there])
    return float(rho) if p < 0.05 / of else None


def _permute(
    columns: Mapping[str, Array], groups: Sequence[Sequence[str]], y: Array
) -> tuple[float, list[float], float]:
    """R² on unseen runs, the importance of each group, and the largest that chance gives."""
    random = np.random.default_rng(0)
    x = np.concatenate([columns[name] for group in groups for name in group], axis=1)
    x = np.nan_to_num(x, nan=-1e30).astype(np.float32)  # missing is a value of its own
    widths = [sum(columns[name].shape[1] for name in group) for group in groups]
    ends = np.cumsum(widths)
    parts = [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
    r2, shares = _forest(x, y, parts, random)
    chance = max(max(_forest(x, random.permutation(y), parts, random)[1]) for _ in range(SHUFFLES))
    return r2, shares, max(chance, 0.0)


def _forest(
    x: NDArray[np.float32], y: Array, parts: Sequence[slice], random: np.random.Generator
) -> tuple[float, list[float]]:
    """A forest's R² and the importance of each part of the columns, both on unseen runs."""
    from sklearn.ensemble import RandomForestRegressor

    n = len(y)
    forest = RandomForestRegressor(
        TREES,
        min_samples_leaf=2,
        max_samples=min(n, 256),
        random_state=int(random.integers(2**31)),
    ).fit(x, y)
    told, times = np.zeros(n), np.zeros(n)
    grown = []
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        unseen = np.setdiff1d(np.arange(n), drawn)
        if len(unseen) < 2:
            continue
        asked = np.repeat(x[unseen][None], len(parts) + 1, axis=0)
        for number, part in enumerate(parts, 1):
            asked[number, :, part] = asked[number][random.permutation(len(unseen)), part]
        answers = tree.tree_.predict(asked.reshape(-1, x.shape[1])).reshape(len(asked), -1)
        told[unseen] += answers[0]
        times[unseen] += 1
        errors = np.square(answers - y[unseen]).mean(1)
        grown.append(errors[1:] - errors[0])
    seen = times > 0
    left = np.square(told[seen] / times[seen] - y[seen]).mean()
    return float(1 - left / y.var()), (np.mean(grown, axis=0) / (2 * y.var())).tolist()
