"""What a training yields, in the order in which it happens. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ganbench.types import Score


@dataclass(frozen=True)
class Event:
    """`step` updates of each network have been made, on `seen` real samples."""

    step: int
    seen: int


@dataclass(frozen=True)
class Stepped(Event):
    """A step is complete and the state consistent: the place to stop or to save."""


@dataclass(frozen=True)
class Scalars(Event):
    """Named values of this step."""

    values: Mapping[str, float]


@dataclass(frozen=True)
class Grid(Event):
    """The fixed noise through the generator: uint8 H×W×3, and how it is called."""

    name: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Checkpoint(Event):
    """It is time to save the state, whose weights are finite."""


@dataclass(frozen=True)
class Scored(Event):
    """The generator was scored. `signs`: what a diagnosis needs to know besides, by name."""

    scores: tuple[Score, ...]
    signs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Warned(Event):
    """Something has begun to go wrong, or what did is `over`.

    `code` is one of `ganbench.diagnosis.DETECTORS`; `message` says it in a sentence, `evidence` are
    the numbers that say so, `advice` what people do about it.
    """

    code: str
    message: str
    evidence: Mapping[str, float]
    advice: tuple[str, ...]
    over: bool = False


@dataclass(frozen=True)
class Diverged(Event):
    """`tensor` is not finite since `step`: training is over, unless it is rolled back."""

    tensor: str


@dataclass(frozen=True)
class RolledBack(Event):
    """After a divergence: the state is that of `step` again, with lower learning rates."""

    words: str


@dataclass(frozen=True)
class Finished(Event):
    """All steps are done."""
