"""What a journal's line must hold to be a record; anything else counts as damaged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HEAD = ("step", "seen", "elapsed")  # what the values of a row come after
MOST = 2**63  # what an index can count to
NUMBER = (int, float)
TIMED = {"time": NUMBER, "step": int, "seen": int}
FIELDS: dict[str, Mapping[str, Any]] = {
    "open": {"time": NUMBER, "step": int, "host": str, "pid": int, "started": NUMBER},
    "columns": {"id": int, "names": list},
    "media": {**TIMED, "name": str, "sha256": str, "width": int, "height": int},
    "text": {**TIMED, "name": str, "text": str},
    "config": {"values": dict},
    "name": {"name": str},
    "scores": {**TIMED, "scores": list},
    "warning": {**TIMED, "code": str, "message": str, "evidence": dict, "advice": list},
    "checkpoint": {"step": int},
    "end": {**TIMED, "state": str},
}
SCORE = {"measure": str, "extractor": str, "n_fake": int, "value": (int, float, str, type(None))}
DIGEST = re.compile("[0-9a-f]{64}")
BETTER = re.compile(r"lower|higher|to -?\d+(\.\d+)?")


def is_sound(line: Any) -> bool:
    """Whether a line, once its JSON is read, is a row or another record."""
    return _is_row(line) if isinstance(line, list) else _is_record(line)


def _is_row(line: list[Any]) -> bool:
    """[columns id, step, seen, elapsed, values…]; whether the values are numbers is seen later."""
    return (
        len(line) > len(HEAD)
        and isinstance(line[1], int)
        and isinstance(line[2], int)
        and isinstance(line[3], NUMBER)
        and -MOST <= line[1] < MOST
        and -MOST <= line[2] < MOST
    )


def _is_record(line: Any) -> bool:
    """A mapping with a kind, and what that kind needs. Kinds that we do not know are records."""
    if not isinstance(line, dict) or not isinstance(line.get("kind"), str):
        return False
    if not isinstance(line.get("time", 0), NUMBER) or not isinstance(line.get("step", 0), int):
        return False
    if not _holds(line, FIELDS.get(line["kind"], {})):
        return False
    match line["kind"]:
        case "columns":
            names = line["names"]
            return names[: len(HEAD)] == [*HEAD] and all(isinstance(name, str) for name in names)
        case "media":
            caption = line.get("caption")
            return bool(DIGEST.fullmatch(line["sha256"])) and isinstance(caption, str | None)
        case "scores":
            return all(isinstance(score, dict) and _is_score(score) for score in line["scores"])
        case "warning":
            words = all(isinstance(advice, str) for advice in line["advice"])
            return words and isinstance(line.get("over", False), bool)
    return True


def _is_score(score: dict[str, Any]) -> bool:
    better = score.get("better")
    known = better is None or (isinstance(better, str) and BETTER.fullmatch(better))
    return bool(known) and _holds(score, SCORE)


def _holds(line: dict[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether the fields are there, of their types, and no number is too large."""
    found = [(line.get(name, ...), kind) for name, kind in fields.items()]
    return all(
        isinstance(value, kind) and not (isinstance(value, int) and not -MOST <= value < MOST)
        for value, kind in found
    )
