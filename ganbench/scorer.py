"""The scores of a run while it trains, and at its end."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from ganbench import training_data
from ganbench.config import Config
from ganbench.downloads import cache_dir
from ganbench.errors import InputError
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extract import Progress
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.images.arrays import with_keys
from ganbench.evaluation.sample import Sample
from ganbench.loading import of_state
from ganbench.measures import MEASURES
from ganbench.signs import Signs
from ganbench.train.data import TrainingData
from ganbench.train.distributed import ALONE, Group
from ganbench.train.rng import seed_of
from ganbench.train.state import State
from ganbench.types import Extractor, Images, Outputs, Score

Report = Callable[[str, int, int], None]
"""Called with what is looked at, how many are done, and how many there are."""

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
    "triangle_precision",
    "triangle_recall",
    "triangle_f1",
)
"""What is scored of a run, as far as it applies."""
OF_CLASSES = ("classes_covered", "class_divergence")  # where the classes are those of the data


class Scorer:
    """Scores the averaged generator of one run, within a share of the run's time.

    The control of the baseline is the reference's other split, so that real against real is scored
    at the fakes' n. With the training `data`, `signs` says what a diagnosis wants to know.
    `report`, if it is set, is told (what, done, total) while images go through the extractor; what
    that makes of the reference is kept in the feature cache.
    """

    def __init__(
        self, config: Config, group: Group = ALONE, data: TrainingData | None = None
    ) -> None:
        self.config = config
        self.group = group
        self.report: Report | None = None
        self.signs: dict[str, float] = {}  # what the last scoring tells a diagnosis besides
        held_out = config.scoring.real not in (None, config.data)
        self._signs = None if data is None else Signs(data, held_out, config.seed)
        self.best: tuple[int, float] | None = None  # step, value of `best_by`
        self._scored_at = 0  # images seen
        self._made = 0
        self._skipped = 0
        self._spent = 0.0
        self._began = time.perf_counter()
        self._evaluator: Evaluator | None = None

    def share(self, other: Scorer) -> None:
        """Takes over what `other` knows of the reference and the data, if they are the same here.

        The features of 70,000 digits are half a minute of one core.
        """
        if _seen_by(self.config) == _seen_by(other.config):
            self._evaluator, self._signs = other._evaluator, other._signs

    def due(self, seen: int) -> bool:
        """Whether a score is due after `seen` images, and the budget allows one.

        The first process of a group decides for all.
        """
        scoring = self.config.scoring
        if not scoring.every_images or seen - self._scored_at < scoring.every_images:
            return False
        allowed = self._spent <= scoring.budget * (time.perf_counter() - self._began)
        if not self.group.agree(allowed and self.group.first):
            self._skipped += 1
            return False
        return True

    def score(self, state: State, n: int) -> tuple[Score, ...]:
        """All measures that apply, on n samples that depend on the seed and the step alone.

        Each process of a group makes its part of the samples and of their features; the first one
        measures, and the others get no scores.
        """
        started = time.perf_counter()
        if self._evaluator is None:
            self._evaluator = self._prepare(state.device)
        fake = self._sample(state, n, self._evaluator.real.extractor)
        if n == self.config.scoring.n_during:
            self._scored_at = max(state.seen, self._scored_at)
        if not self.group.first:
            return ()
        measures = (*MEASURED, *OF_CLASSES) if "mnist" in fake.extractor.name else MEASURED
        made = self._evaluator.score(fake, measures)
        scores = tuple(score for score in made if score.value is not None)
        if self._signs is not None:
            progress = self._progress("training images")
            self.signs = self._signs.of(self._evaluator, fake, scores, progress)
        self._spent += time.perf_counter() - started
        self._made += 1
        self.remember(state.step, state.seen, self._as_during(fake, scores))
        return scores

    def _as_during(self, fake: Sample, scores: tuple[Score, ...]) -> dict[str, float | None]:
        """The values of `n_during` of the samples: of more, they could not be compared."""
        n, name = self.config.scoring.n_during, self.config.scoring.best_by
        if fake.n <= n or self._evaluator is None:
            return {score.measure: score.value for score in scores}
        few = fake.part(torch.arange(n), f"{n} of them")
        return {score.measure: score.value for score in self._evaluator.score(few, [name])}

    def _sample(self, state: State, n: int, extractor: Extractor) -> Sample:
        """n samples and their features."""
        generator = of_state(self.config, state)
        inputs = generator.latents(n, seed_of(self.config.seed, "score", state.step))

        def made(rows: Tensor, name: str) -> Sample:
            progress = self._progress("generated images")
            return Sample(generator.images_of(rows, name), extractor, progress=progress)

        whole = made(inputs, "generator")
        if self.group.world == 1:
            return whole
        share = -(-n // self.group.world)  # rounded up: all gather equally many rows
        padded = torch.cat((inputs, inputs[-1:].expand(share * self.group.world - n, -1)))
        mine = padded[self.group.rank * share :][:share]

        def gathered(tensor: Tensor | None) -> Tensor | None:
            if tensor is None:
                return None
            return self.group.gather(tensor.to(self.group.device)).cpu()[:n]

        found = made(mine, "a part").outputs
        features = gathered(found.features)
        assert features is not None
        whole.outputs = Outputs(features, gathered(found.probs), gathered(found.spatial))
        return whole

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
        extractor = load_extractor(self.config.scoring.extractor, device)
        real, control = training_data.load_reference(self.config)

        def seen(images: Images, what: str) -> Sample:
            progress = self._progress(what)
            return Sample(with_keys(images), extractor, cache=cache_dir(), progress=progress)

        held_out = None if control is None else seen(control, "images of the control")
        return Evaluator(seen(real, "real images"), held_out, self.config.seed)

    def _progress(self, what: str) -> Progress:
        def told(done: int, total: int) -> None:
            if self.report is not None:
                self.report(what, done, total)

        return told


def _seen_by(config: Config) -> tuple[object, ...]:
    """What a scorer's memory of reals depends on."""
    scoring = (config.scoring.real, config.scoring.extractor)
    return (config.data, config.prepare, config.condition, *scoring, config.seed, config.device)


def check_scoring(config: Config, data: TrainingData) -> None:
    """Raises InputError if the training cannot be scored as the config says, before it begins."""
    extractor = load_extractor(config.scoring.extractor)
    points = len(data.shape) == 1
    if points != (config.scoring.extractor == "coordinates"):
        kind, right = ("points", "coordinates") if points else ("images", "mnist-classifier")
        raise InputError(
            f"{data.name} holds {kind}: scoring.extractor must be {right!r}"
            f"{'' if points else ' or another one for images'}, not {config.scoring.extractor!r}"
        )
    real, _ = training_data.load_reference(config)
    if real.shape != data.shape:
        raise InputError(
            f"scoring.real {config.scoring.real!r} has {_words(real.shape)}, the training data "
            f"{_words(data.shape)}: give a reference of the same size, --prepare.size, or "
            "--scoring.real None, which takes the training data"
        )
    _ = Sample(real.take(torch.arange(2), "two of the reals"), extractor).features  # it reads them


def _words(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
