"""Packages that only some importers need."""

from __future__ import annotations

from importlib import import_module
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
