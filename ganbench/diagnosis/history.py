"""What a watch remembers of a training: series by name, scores, and what is usual for its loss."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ganbench.config import Config
from ganbench.events import Event, Scalars, Scored

WARM_UP = 100  # steps of which nothing is judged: the networks are still far from each other
SPAN = 300  # steps that a judgement looks back on: a minute's bad luck is not a failure
ROWS = 20  # and rows at least, so that one odd batch does not count

CHANCE: Mapping[str, float | None] = {
    "bce": math.log(2),
    "minimax": 2 * math.log(2),
    "non-saturating": 2 * math.log(2),
    "lsgan": 0.25,
    "hinge": 2.0,
    "relativistic": math.log(2),
    "wasserstein": None,
}
"""The discriminator's loss where it cannot tell the sides apart, by objective; a critic has none.

It is the least loss of a discriminator that answers the same to everything.
"""


@dataclass
class Line:
    """Values of one name at rising steps."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def put(self, step: int, value: float) -> None:
        """One value; what was there at this step and after it is forgotten, as after a rollback."""
        keep = bisect_left(self.steps, step)
        del self.steps[keep:], self.values[keep:]
        self.steps.append(step)
        self.values.append(value)

    def since(self, step: int, least: int = 0) -> NDArray[np.float64]:
        """The values from `step` on, and before it until there are `least`."""
        start = min(bisect_left(self.steps, step), max(len(self.steps) - least, 0))
        return np.array(self.values[start:])


class History:
    """All that has been seen of one run."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.chance = CHANCE[config.loss.name]
        self.step = 0
        self._lines: dict[str, Line] = {}

    def final(self, name: str) -> bool:
        """Whether the newest value is of the last step."""
        line = self._lines.get(name)
        return line is not None and line.steps[-1] >= self.config.steps

    def note(self, event: Event) -> bool:
        """Takes note of an event; is there something new to judge?"""
        match event:
            case Scalars():
                values: Mapping[str, float] = event.values
            case Scored():
                values = {f"signs/{name}": value for name, value in event.signs.items()}
            case _:
                return False
        self.step = event.step
        for name, value in values.items():
            self._lines.setdefault(name, Line()).put(event.step, value)
        return bool(values)

    def window(self, name: str, rows: int = ROWS) -> NDArray[np.float64] | None:
        """The values of the last SPAN steps, `rows` at least; None if there are not enough yet."""
        line = self._lines.get(name, Line())
        start = self.step - SPAN
        values = line.since(max(start, WARM_UP), rows)
        warm = len(line.steps) - bisect_left(line.steps, WARM_UP)
        return values if start >= WARM_UP and warm >= max(rows, len(values)) else None

    def all(self, name: str) -> NDArray[np.float64]:
        """All values."""
        return np.array(self._lines.get(name, Line()).values)

    def last(self, name: str, n: int) -> NDArray[np.float64] | None:
        """The last n values, or None if there are fewer."""
        values = self._lines.get(name, Line()).values[-n:]
        return np.array(values) if len(values) == n else None

    def spacing(self, name: str, n: int) -> float:
        """Steps from one to the next of the last n values."""
        steps = self._lines[name].steps
        return (steps[-1] - steps[-n]) / (n - 1)
