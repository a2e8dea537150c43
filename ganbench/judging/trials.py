"""Which pictures a rater judges, in which order, for how long.

The trials of a study follow from the settings, so nothing has to be kept for a rater who comes
back. All raters with the same settings get the same trials, each in an order of their own; of
fewer trials they are the first. No picture comes twice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ganbench.errors import InputError
from ganbench.store.studies import Study

TASKS = ("real", "better")
"""Is it real or fake? Which of two is better?"""
ANSWERS = {"real": ("fake", "real"), "better": ("left", "right")}
SHORTEST, LONGEST = 10, 10_000  # ms of an exposure
Exposure = int | None
"""Milliseconds; None is as long as the rater wants."""


@dataclass(frozen=True)
class Settings:
    """What a rater is asked: the `task`, about which `runs`, at which `exposures`, how often."""

    task: str
    runs: tuple[str, ...]
    exposures: tuple[Exposure, ...]
    n: int


@dataclass(frozen=True)
class Trial:
    """One picture, or two from left to right, and for how long they are shown."""

    pictures: tuple[str, ...]
    exposure: Exposure

    @property
    def id(self) -> str:
        """The same for all raters, whichever picture is on the left."""
        shown = "unlimited" if self.exposure is None else self.exposure
        return f"{'-'.join(sorted(self.pictures))}@{shown}"


def checked(study: Study, settings: Settings) -> Settings:
    """The settings with runs and exposures in their order, each once.

    Raises InputError, saying what would be right, for what the study cannot show.
    """
    if settings.task not in TASKS:
        raise InputError(f"task {settings.task!r}: expected {' or '.join(TASKS)}")
    unknown = [run for run in settings.runs if run not in study.runs]
    if unknown:
        raise InputError(f"run {unknown[0]!r}: the study has {', '.join(study.runs)}")
    runs = tuple(run for run in study.runs if run in settings.runs)
    if settings.task == "real" and len(runs) != 1:
        raise InputError("real or fake is asked of one run at a time")
    if settings.task == "better" and len(runs) < 2:
        raise InputError("which is better is asked of two runs or more")
    for exposure in settings.exposures:
        if exposure is not None and not SHORTEST <= exposure <= LONGEST:
            raise InputError(f"exposure {exposure}: expected {SHORTEST} to {LONGEST} ms")
    exposures = tuple(sorted(set(settings.exposures), key=lambda ms: (ms is None, ms or 0)))
    if not exposures:
        raise InputError("choose an exposure, in ms, or unlimited")
    made = Settings(settings.task, runs, exposures, settings.n)
    most = _most(study, made)
    if not 1 <= settings.n <= most:
        raise InputError(f"{settings.n} trials: the study has pictures for 1 to {most}")
    return made


def plan(study: Study, settings: Settings) -> list[Trial]:
    """The trials, the same for everybody. Raises InputError like `checked`."""
    settings = checked(study, settings)
    pairs = _reals_and_fakes if settings.task == "real" else _pairs
    return pairs(study, settings)[: settings.n]


def for_rater(study: Study, settings: Settings, rater: str) -> list[Trial]:
    """The trials in a rater's order, and of two pictures which is on the left."""
    settings = checked(study, settings)
    draws = random.Random(f"{study.seed} {settings} {rater}")
    trials = plan(study, settings)
    draws.shuffle(trials)
    return [
        Trial(tuple(draws.sample(trial.pictures, len(trial.pictures))), trial.exposure)
        for trial in trials
    ]


def most_trials(study: Study, task: str, runs: Sequence[str]) -> int:
    """How many trials there are pictures for."""
    return _most(study, Settings(task, tuple(runs), (None,), 1))


def _most(study: Study, settings: Settings) -> int:
    fakes = min((len(study.of(run, real=False)) for run in settings.runs), default=0)
    if settings.task == "real":
        return 2 * min(fakes, len(study.of(settings.runs[0], real=True)))
    k = len(settings.runs)
    return k * (k - 1) // 2 * (fakes // (k - 1))


def _reals_and_fakes(study: Study, settings: Settings) -> list[Trial]:
    """A real picture and a fake one by turns; the exposures take turns too."""
    (run,), times = settings.runs, settings.exposures
    both = zip(study.of(run, real=True), study.of(run, real=False), strict=False)
    return [
        Trial((picture,), times[i % len(times)]) for i, pair in enumerate(both) for picture in pair
    ]


def _pairs(study: Study, settings: Settings) -> list[Trial]:
    """Each run against each other one, round after round, in every round with new pictures."""
    times, k = settings.exposures, len(settings.runs)
    left = {run: iter(study.of(run, real=False)) for run in settings.runs}
    rounds = min(len(study.of(run, real=False)) for run in settings.runs) // (k - 1)
    return [
        Trial((next(left[a]), next(left[b])), times[i % len(times)])
        for i in range(rounds)
        for a, b in combinations(settings.runs, 2)
    ]
