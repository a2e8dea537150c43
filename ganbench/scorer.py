"""The scores of a run while it trains, and at its end."""

from __future__ import annotations

import time

import torch

from ganbench import datasets
from ganbench.config import Config
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.sample import Sample
from ganbench.measures import MEASURES
from ganbench.sampling import generated
from ganbench.train.rng import generator_of
from ganbench.train.state import State
from ganbench.types import Score

MEASURED = (
    "classifier_score",
    "frechet",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "modes_covered",
    "high_quality",
)
"""What is scored of a run, as far as it applies."""


class Scorer:
    """Scores the averaged generator of one run, within a share of the run's time.

    The control of the baseline is the reference's other split, so that real against real is scored
    at the fakes' n.
    """

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        self.config = config
        self.shape = shape
        self.best: tuple[int, float] | None = None  # step, value of `best_by`
        self._scored_at = 0  # images seen
        self._made = 0
        self._skipped = 0
        self._spent = 0.0
        self._began = time.perf_counter()
        self._evaluator: Evaluator | None = None

    def due(self, seen: int) -> bool:
        """Whether a score is due after `seen` images, and the budget allows one."""
        scoring = self.config.scoring
        if not scoring.every_images or seen - self._scored_at < scoring.every_images:
            return False
        if self._spent > scoring.budget * (time.perf_counter() - self._began):
            self._skipped += 1
            return False
        return True

    def score(self, state: State, n: int) -> tuple[Score, ...]:
        """All measures that apply, on n samples that depend on the seed and the step alone."""
        started = time.perf_counter()
        if self._evaluator is None:
            self._evaluator = self._prepare(state.device)
        seed = self.config.seed, "score", state.step
        fake = generated(self.config, state.ema, self.shape, n, generator_of(*seed), "generator")
        made = self._evaluator.score(Sample(fake, self._evaluator.real.extractor), MEASURED)
        scores = tuple(score for score in made if score.value is not None)
        self._spent += time.perf_counter() - started
        self._made += 1
        if n == self.config.scoring.n_during:
            self.remember(state.step, state.seen, {s.measure: s.value for s in scores})
        return scores

    def remember(self, step: int, seen: int, values: dict[str, float | None]) -> None:
        """Takes note of scores that were made at `step`."""
        self._scored_at = max(seen, self._scored_at)
        name = self.config.scoring.best_by
        value = values.get(name)
        if value is None:
            return
        loss = MEASURES[name].loss
        if self.best is None or loss(value) < loss(self.best[1]):
            self.best = step, value

    def summary(self) -> dict[str, object]:
        """How often it scored, and the best step."""
        best = None
        if self.best is not None:
            best = {"step": self.best[0], self.config.scoring.best_by: self.best[1]}
        return {"scorings": self._made, "scorings_skipped": self._skipped, "best": best}

    def _prepare(self, device: torch.device) -> Evaluator:
        scoring = self.config.scoring
        extractor = load_extractor(scoring.extractor, device)
        real, control = datasets.load(scoring.real), datasets.load(datasets.sibling(scoring.real))
        return Evaluator(Sample(real, extractor), Sample(control, extractor), self.config.seed)
