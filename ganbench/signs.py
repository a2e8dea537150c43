"""What a scoring tells a diagnosis besides the scores: modes and classes made, and copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganbench.downloads import cache_dir
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extract import Progress
from ganbench.evaluation.images.arrays import with_keys
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.measures.neighbours import nearest
from ganbench.train.data import TrainingData
from ganbench.types import Features, Images, Points, Score

CLASSES = 1000  # of more, a scoring sees too few samples each
EXPECTED = 20.0  # samples of a class by its share of the reals, so that none is no accident
MISSING = 0.1  # of the share that reals have
TRAINED_ON = 10_000  # training images that copies are looked for in, drawn from all
LOOKED_AT = 1_000  # fakes, and held-out reals, that are compared with them
NEAR = 0.01  # share of the held-out reals that count as near to a training image
THUMB = 16  # pixels a side


class Signs:
    """Looks at the samples of each scoring; `data` are what the generator was trained on.

    Copies are looked for where the reference is held out: in the extractor's features, which
    forgive a shift, and in thumbnails, which forgive noise.
    """

    def __init__(self, data: TrainingData, held_out: bool, seed: int) -> None:
        self._data = data
        self._held_out = held_out and len(data.shape) > 1
        self._seed = seed
        self._spaces: dict[Callable[[Sample], Features], Trained] = {}

    def of(
        self,
        evaluator: Evaluator,
        fake: Sample,
        scores: Sequence[Score],
        progress: Progress | None = None,
    ) -> dict[str, float]:
        """The signs by name; those that do not apply are not there.

        `progress` follows the training images through the extractor, the first time.
        """
        found = _modes(scores) | _classes(evaluator.real, fake)
        if not self._held_out:
            return found
        if not self._spaces:
            self._look_at(evaluator.real, progress)
        some = fake.part(torch.arange(min(fake.n, LOOKED_AT)), "some")
        copies = [trained.copies(space(some)) for space, trained in self._spaces.items()]
        return found | max(copies, key=lambda signs: signs["copied_share"])

    def _look_at(self, real: Sample, progress: Progress | None) -> None:
        """The training images, or so many of them, and held-out reals beside them."""
        draws = torch.Generator().manual_seed(self._seed)
        rows = torch.randperm(len(self._data), generator=draws)[:TRAINED_ON].sort().values
        pixels = self._data.pixels[rows]

        def batches(size: int) -> Iterator[Tensor]:
            return iter(pixels.split(size))

        images = Images("training", len(rows), self._data.shape, batches, fingerprint="training")
        trained = Sample(with_keys(images), real.extractor, cache=cache_dir(), progress=progress)
        held_out = real.part(torch.randperm(real.n, generator=draws)[:LOOKED_AT], "held out")
        for space in (_features, _thumbnails):
            self._spaces[space] = Trained(space(trained), space(held_out))


class Trained:
    """Training images in one space, and how near to them reals are that nobody trained on."""

    def __init__(self, trained: Features, held_out: Features) -> None:
        self._trained = trained
        distances = nearest(held_out, trained)[0]
        self._limit = torch.quantile(distances, NEAR)
        self._median = distances.median()

    def copies(self, fake: Features) -> dict[str, float]:
        """How many fakes are nearer than all but NEAR of those, and to how many images."""
        distances, which = nearest(fake, self._trained)
        copied = distances < self._limit
        return {
            "copied_share": copied.double().mean().item(),
            "copied_images": float(len(which[copied].unique())),
            "copying_ratio": (distances.median() / self._median).sqrt().item(),
        }


def _features(sample: Sample) -> Features:
    return sample.features


def _thumbnails(sample: Sample) -> Features:
    """Pixels of images of at most THUMB a side, each the mean of what it stands for."""
    pixels = sample.pixels.float()
    height, width = (min(side, THUMB) for side in pixels.shape[2:])
    return Features(adaptive_avg_pool2d(pixels, (height, width)).flatten(1))


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
