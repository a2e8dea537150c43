"""What a detector finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What goes wrong, in one sentence, and the numbers that say so, by name."""

    message: str
    evidence: Mapping[str, float]


def percent(share: float, digits: int = 0) -> str:
    """ "17 %" """
    return f"{100 * share:.{digits}f} %"
