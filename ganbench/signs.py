"""What a scoring tells a diagnosis besides the scores: modes and classes made, and copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.measures.memorisation import copied_share, copying_ratio
from ganbench.train.data import TrainingData
from ganbench.types import Features, Images, Points, Score

CLASSES = 1000  # of more, a scoring sees too few samples each
EXPECTED = 20.0  # samples of a class by its share of the reals, so that none is no accident
MISSING = 0.1  # of the share that reals have
TRAINED_ON = 10_000  # training images that copies are looked for in, drawn from all
LOOKED_AT = 2_000  # fakes, and held-out reals, that are compared with them


class Signs:
    """Looks at the samples of each scoring; `data` are what the generator was trained on.

    Copies are looked for where the reference is held out, in the extractor's features.
    """

    def __init__(self, data: TrainingData, held_out: bool, seed: int) -> None:
        self._data = data
        self._held_out = held_out and len(data.shape) > 1
        self._seed = seed
        self._trained: Features | None = None

    def of(self, evaluator: Evaluator, fake: Sample, scores: Sequence[Score]) -> dict[str, float]:
        """The signs by name; those that do not apply are not there."""
        found = _modes(scores) | _classes(evaluator.real, fake)
        return found | self._copies(evaluator.real, fake) if self._held_out else found

    def _copies(self, real: Sample, fake: Sample) -> dict[str, float]:
        if self._trained is None:
            self._trained = self._features(real)
        sides = (self._trained, *(Features(s.features[:LOOKED_AT]) for s in (fake, real)))
        return {"copied_share": copied_share(*sides), "copying_ratio": copying_ratio(*sides)}

    def _features(self, real: Sample) -> Features:
        """Of the training images, or of so many of them."""
        draws = torch.Generator().manual_seed(self._seed)
        rows = torch.randperm(len(self._data), generator=draws)[:TRAINED_ON].sort().values
        pixels = self._data.pixels[rows]

        def batches(size: int) -> Iterator[Tensor]:
            return iter(pixels.split(size))

        images = Images("training", len(rows), self._data.shape, batches, fingerprint="training")
        return Sample(images, real.extractor).features


def _modes(scores: Sequence[Score]) -> dict[str, float]:
    for score in scores:
        if score.measure == "modes_covered" and score.value is not None and score.baseline:
            return {"modes_covered": score.value, "modes_covered_by_reals": score.baseline}
    return {}


def _classes(real: Sample, fake: Sample) -> dict[str, float]:
    """How many of the classes that are to be expected are not there, by the extractor's verdict."""
    try:
        shares = _shares(real.probs), _shares(fake.probs)
    except NotApplicable:
        return {}
    of_reals, of_fakes = shares
    expected = of_reals * fake.n >= EXPECTED
    if isinstance(fake.images, Points) or len(of_reals) > CLASSES or not expected.any():
        return {}
    largest = int(of_fakes.argmax())
    return {
        "classes": float(expected.sum()),
        "classes_missing": float((expected & (of_fakes < MISSING * of_reals)).sum()),
        "largest_class": of_fakes[largest].item(),
        "largest_class_of_reals": of_reals[largest].item(),
    }


def _shares(probs: Tensor) -> Tensor:
    """Of each class, the share of samples that it is the likeliest for."""
    return torch.bincount(probs.argmax(1), minlength=probs.shape[1]).double() / len(probs)
