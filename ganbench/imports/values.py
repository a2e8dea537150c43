"""What other trackers keep in JSON, as events."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ganbench.imports.foreign import Event, Line, Scalars, Text

DAMAGED = (  # what reading a record can raise, if it is not what it should be
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # also RecursionError, and what zipfile cannot do
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
SPELLED = ("NaN", "Infinity", "-Infinity")
LARGEST = 2**53  # steps beyond are no steps
Media = Callable[[str, Mapping[str, Any], int, float], Iterator[Event]]
"""The events of a value with a `_type`: its name, the value, step and time."""


def number(value: Any) -> float | None:
    """A number, also one that is spelled because JSON has no other way; None for other things."""
    if isinstance(value, (bool, int, float)) or value in SPELLED:
        return float(value)
    return None


def clean(value: Any) -> Any:
    """Nested values in which every text can be written as UTF-8, and keys are texts."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def whole(value: Any) -> int:
    """A step. Raises ValueError for what cannot be one."""
    step = int(value)
    if abs(step) > LARGEST:
        raise ValueError(f"no step can be {step}")
    return step


def sort(values: Mapping[str, Any], step: int, time: float, media: Media) -> Iterator[Event]:
    """The events of what was logged at once: numbers, texts, media; what is left as JSON."""
    numbers = {}
    for name, value in _flat(values):
        found = number(value)
        if found is not None:
            numbers[name] = found
        elif isinstance(value, str):
            yield Text(name, step, time, value)
        elif isinstance(value, Mapping):
            yield from media(name, value, step, time)
        elif value is not None:
            yield Line(f"{name}.jsonl", {"step": step, "time": time, "value": value})
    if numbers:
        yield Scalars(step, time, numbers)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested names with dots; lists of media as name/0, name/1, …"""
    for name, value in values.items():
        if isinstance(value, Mapping) and "_type" not in value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(_is_media(item) for item in value):
            yield from ((f"{prefix}{name}/{i}", item) for i, item in enumerate(value))
        else:
            yield f"{prefix}{name}", value


def _is_media(value: Any) -> bool:
    return isinstance(value, Mapping) and "_type" in value
