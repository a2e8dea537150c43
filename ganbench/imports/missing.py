"""What is not there: packages that only some importers need, files that cannot be read."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from ganbench.errors import InputError


def need(module: str, extra: str) -> Any:
    """A module of another tracker. Raises InputError, saying how to get it, without it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"{module.split('.')[0]} is needed and not installed ({error}): "
            f"pip install 'ganbench[{extra}]'"
        ) from error


def unreadable(error: OSError, path: Path) -> InputError:
    """An operating system's error about a file of the source."""
    return InputError(f"{path}: {error.strerror or error}")
