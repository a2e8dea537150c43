"""Scores as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ganbench.types import Score


def to_json(score: Score) -> dict[str, Any]:
    """A score as JSON has it: mappings, lists, numbers and strings."""
    return {**asdict(score), "warnings": list(score.warnings)}
