"""Several runs side by side: the parameters that differ, and scores with their comparability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

Row = dict[str, Any]
TOLD = ("reference", "fake", "fake_fingerprint", "preset", "versions")
"""Entries of a protocol that do not make scores incomparable (evaluation.protocol.RECORDED)."""


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested dicts as dotted names: ("optimizer_d.lr", 0.001)."""
    if not isinstance(value, dict):  # a Mapping would be asked for ten times as long
        if prefix:
            yield prefix, value
        return
    for key, item in value.items():
        yield from flatten(item, f"{prefix}.{key}" if prefix else key)


def side_by_side(configs: Sequence[Any]) -> dict[str, list[Any]]:
    """The dotted names of all configs, each with its value in each; None where there is none."""
    flat = [dict(flatten(config)) for config in configs]
    names = dict.fromkeys(name for one in flat for name in one)
    return {name: [one.get(name) for one in flat] for name in names}


def differences(configs: Sequence[Any]) -> dict[str, list[Any]]:
    """Those of `side_by_side` whose values are not all the same."""
    rows = side_by_side(configs)
    return {name: row for name, row in rows.items() if any(not same(row[0], v) for v in row)}


def same(a: Any, b: Any) -> bool:
    """Whether two values are: 1 is 1.0 but not true."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def scores(runs: Sequence[Sequence[Mapping[str, Any]]]) -> list[Row]:
    """The scores of several runs by measure, extractor and group.

    Each row: measure, extractor, group and better; `scores`, what each run has of it or None;
    `protocols`, for each run the number of its protocol, and scores can be compared if theirs is
    the same; `differs`, the fields in which the protocols differ; `comparable`, whether all runs
    have it with one protocol; `best`, the runs with the best value among those of the protocol that
    most have; and `verdict` on them in words. None where there is nothing to compare.
    """
    found: list[dict[Any, Mapping[str, Any]]] = [{_key(s): s for s in run} for run in runs]
    keys = dict.fromkeys(key for run in found for key in run)
    return [_row(key, [run.get(key) for run in found]) for key in keys]


def _key(score: Mapping[str, Any]) -> tuple[Any, ...]:
    return score["measure"], score["extractor"], score.get("group")


def _row(key: tuple[Any, ...], found: list[Mapping[str, Any] | None]) -> Row:
    kinds: list[Mapping[str, Any]] = []  # one score of each protocol
    protocols: list[int | None] = []
    for score in found:
        number = None
        if score is not None:
            alike = (i for i, kind in enumerate(kinds) if not _protocols_differ(kind, score))
            number = next(alike, len(kinds))
            if number == len(kinds):
                kinds.append(score)
        protocols.append(number)
    differs = [name for a, b in combinations(kinds, 2) for name in _protocols_differ(a, b)]
    better = next((s["better"] for s in kinds if s.get("better")), None)
    best, verdict = _best(better, found, protocols)
    return {
        "measure": key[0],
        "extractor": key[1],
        "group": key[2],
        "better": better,
        "scores": found,
        "protocols": protocols,
        "differs": list(dict.fromkeys(differs)),
        "comparable": None not in protocols and len(kinds) == 1,
        "best": best,
        "verdict": verdict,
    }


def _protocols_differ(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """The fields that make two scores incomparable."""
    one, other = a.get("fingerprint"), b.get("fingerprint")
    if one is not None and one == other:
        return []
    if one is None or other is None:
        return [] if one == other and a.get("n_fake") == b.get("n_fake") else ["protocol"]
    fields = differences([a.get("protocol"), b.get("protocol")])
    return [name for name in fields if name.split(".")[0] not in TOLD]


def _best(
    better: str | None, found: Sequence[Mapping[str, Any] | None], protocols: Sequence[int | None]
) -> tuple[list[int], str | None]:
    """Which runs have the best value among those that can be compared, and what that is worth."""
    numbers = [number for number in protocols if number is not None]
    if better is None or not numbers:
        return [], None
    common = max(dict.fromkeys(numbers), key=numbers.count)
    losses = {
        i: loss_of(better, score["value"])
        for i, score in enumerate(found)
        if score is not None and protocols[i] == common
    }
    known = {i: loss for i, loss in losses.items() if loss is not None}
    if len(known) < 2:
        return [], None
    least = min(known.values())
    best = [i for i, loss in known.items() if loss == least]
    if len(best) == len(known):
        return [], "all the same"
    others = [i for i in known if i not in best]
    return best, _worth(found[best[0]], [found[i] for i in others])


def _worth(best: Mapping[str, Any] | None, others: Sequence[Mapping[str, Any] | None]) -> str:
    """Whether the best is more than noise, by the intervals of the samples."""
    intervals = [score.get("interval") if score else None for score in (best, *others)]
    if any(interval is None for interval in intervals):
        return "not every run has an interval: the best may be noise"
    first, *rest = intervals
    near = sum(one[0] <= first[1] and first[0] <= one[1] for one in rest if one and first)
    if not near:
        return "the best is apart from the others by more than the noise of the samples"
    share = "the others" if near == len(rest) else f"{near} of the {len(rest)} others"
    return f"the best cannot be told from {share}: their intervals overlap"


def loss_of(better: str | None, value: Any) -> float | None:
    """How far from the best a value is; None if it is no finite number, or nothing is better."""
    if better is None or not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    match better:
        case "lower":
            return float(value)
        case "higher":
            return -float(value)
    return abs(float(value) - float(better.removeprefix("to ")))
