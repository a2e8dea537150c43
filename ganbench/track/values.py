"""Parameters of any kind, as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """A config as JSON has it: mappings and lists of strings, numbers, booleans and None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "item") and getattr(value, "size", None) in (1, ()):
        return plain(value.item())
    if hasattr(value, "__dict__") and not callable(value):
        return plain(vars(value)) or str(value)
    return str(value)
