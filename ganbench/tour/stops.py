"""The stops of a tour: what is trained, in which order, and how long it takes, about."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ganbench.classics import CLASSICS, on_ring
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.store.folder import ALPHABET

STEPS = {"ring": 1_500, "mnist": 600}
"""Updates of each generator, by place: few, so that all of it takes some minutes."""
PLACES: dict[str, Callable[[str], Config]] = {
    "ring": on_ring,
    "mnist": lambda objective: CLASSICS[objective](),
}
"""An objective's full training at each place, in the order in which they are visited.

The ring comes first: it is the shorter one, so a tour that is stopped has compared something.
"""
TITLES = {"ring": "ring", "mnist": "MNIST"}

# Seconds of a step and of a scoring on two cores, about; only to say how much time is left.
STEP = {"ring": 0.005, "mnist": 0.018}
SCORING = {"ring": 3.0, "mnist": 5.0}
# A step of each objective in steps of minimax: critics, gradient penalties, spectral norms.
COST = {"hinge": 1.2, "wgan": 2.8, "wgan-gp": 4.6, "dragan": 1.4, "rpgan": 1.2}


@dataclass(frozen=True)
class Stop:
    """One training of a tour."""

    objective: str
    place: str
    config: Config

    @property
    def title(self) -> str:
        """What is trained where, in words."""
        return f"{TITLES[self.place]}, {self.objective}"

    def seconds(self, step: int) -> float:
        """How long it takes up to `step`, about; the scoring is at the end."""
        steps = STEP[self.place] * COST.get(self.objective, 1.0) * step
        return steps + SCORING[self.place] * (step >= self.config.steps)


def plan(objectives: Sequence[str], steps: dict[str, int], seed: int = 0) -> tuple[Stop, ...]:
    """The stops of a tour of `objectives`, of all if there are none, with `steps` at each place.

    Raises InputError for an objective that there is not, and for no steps at all.
    """
    for name in objectives:
        if name not in CLASSICS:
            near = get_close_matches(name, CLASSICS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(f"no objective {name!r}; {hint}There are {', '.join(CLASSICS)}")
    for place, n in steps.items():
        if n < 1:
            raise InputError(f"--steps-{place} {n}: expected 1 or more")
    chosen = [name for name in CLASSICS if name in objectives or not objectives]
    return tuple(
        Stop(name, place, _shortened(make(name), steps[place], seed))
        for place, make in PLACES.items()
        for name in chosen
    )


def new_id() -> str:
    """What a tour is called: the name of its page, and a tag of its runs."""
    return "tour-" + "".join(secrets.choice(ALPHABET) for _ in range(6))


def _shortened(config: Config, steps: int, seed: int) -> Config:
    """The same training with fewer steps: scored once, at its end, and looked at more often."""
    scoring = {"every_images": 0, "n": min(config.scoring.n, 2_500)}
    shorter = {
        "steps": steps,
        "seed": seed,
        "log_every": min(config.log_every, 10),  # the diagnosis judges rows of the last 300 steps
        "grid_every": max(1, steps // 12),
        "grid_side": 8,
        "checkpoint_every": steps,
        "scoring": config.scoring.model_copy(update=scoring),
    }
    return config.model_copy(update=shorter)
