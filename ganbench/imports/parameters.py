"""Parameters that arrive piece by piece, and may change while a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any


class Parameters:
    """`first` is what each parameter was first, as run.json has it."""

    def __init__(self) -> None:
        self.first: dict[str, Any] = {}
        self._now: dict[str, Any] = {}

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Adds nested values; returns what replaced an earlier value, by its outermost name."""
        return {
            name: self._now[name]
            for name, value in values.items()
            if _merge(self.first, self._now, {name: value})
        }


def _merge(first: dict[str, Any], now: dict[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a value replaced another one; new names are no change."""
    changed = False
    for name, value in values.items():
        if name not in now:
            first[name], now[name] = deepcopy(value), deepcopy(value)
        elif isinstance(value, Mapping) and isinstance(first.get(name), dict):
            if not isinstance(now[name], dict):
                now[name], changed = {}, True
            changed |= _merge(first[name], now[name], value)
        elif now[name] != value:
            now[name], changed = deepcopy(value), True
    return changed


def nest(name: str, value: Any, separator: str) -> dict[str, Any]:
    """{"a": {"b": value}} of "a|b"."""
    head, _, rest = name.partition(separator)
    if not head or not rest:
        return {name: value}
    return {head: nest(rest, value, separator)}


def typed(text: str) -> Any:
    """What a word of a tracker that keeps only words was: int, float, bool or None.

    Only where `str` of it is the same word again, so nothing is lost.
    """
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text:
            return value
    return {"True": True, "False": False, "None": None}.get(text, text)
