"""What classifiers trained on reals and on fakes say: the view behind GAN-train and GAN-test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.measures.classifier import STEPS, fit_classifier
from ganbench.types import Labelled

TRAININGS = 3  # seeds of each side's classifier
TESTED = 10_000  # samples of the control at most


@dataclass(frozen=True, eq=False)
class Classified:
    """Log-probabilities, float32 S×N×K, of S classifiers trained on `n` reals and S on `n` fakes.

    `real_on_control` and `fake_on_control` are what those trained on reals and on fakes say of the
    control, `real_on_fake` what those trained on reals say of the fakes, `fake_on_real` the other
    way round. `control`, `real` and `fake` are the labels, int64 N, of the samples that are tested.
    """

    real_on_control: Tensor
    fake_on_control: Tensor
    real_on_fake: Tensor
    fake_on_real: Tensor
    control: Tensor
    real: Tensor
    fake: Tensor
    n: int


def classified(
    real: Labelled,
    fake: Labelled,
    control: Labelled,
    seeds: Sequence[int] = tuple(range(TRAININGS)),
    *,
    steps: int = STEPS,
) -> Classified:
    """Trains a classifier on reals and one on fakes for each of the seeds, all with one budget.

    Of the larger of `real` and `fake` as many are drawn as the smaller has; the classes of each are
    as frequent as they come. Tested are at most 10,000 of the control. The nets of the two sides
    start from different weights, as those of two seeds do: what reals against reals show is then
    comparable. Nothing of the control, nor of the other side, takes part in a training.

    Raises ValueError if the sides differ in shape, or the reals are of one class.
    """
    classes = check(real, fake, control)
    n = min(len(real.labels), len(fake.labels))
    draws = torch.Generator().manual_seed(seeds[0])
    real, fake = drawn(real, n, draws), drawn(fake, n, draws)
    control = drawn(control, min(TESTED, len(control.labels)), draws)
    of_reals = [
        fit_classifier(real.pixels, real.labels, classes, seed=2 * seed, steps=steps)
        for seed in seeds
    ]
    of_fakes = [
        fit_classifier(fake.pixels, fake.labels, classes, seed=2 * seed + 1, steps=steps)
        for seed in seeds
    ]
    return Classified(
        real_on_control=torch.stack([net(control.pixels) for net in of_reals]),
        fake_on_control=torch.stack([net(control.pixels) for net in of_fakes]),
        real_on_fake=torch.stack([net(fake.pixels) for net in of_reals]),
        fake_on_real=torch.stack([net(real.pixels) for net in of_fakes]),
        control=control.labels,
        real=real.labels,
        fake=fake.labels,
        n=n,
    )


def check(real: Labelled, fake: Labelled, control: Labelled) -> int:
    """The number of classes. Raises ValueError if the sides cannot be compared."""
    shapes = {tuple(side.pixels.shape[1:]) for side in (real, fake, control)}
    if len(shapes) > 1:
        told = " and ".join("×".join(map(str, shape)) for shape in sorted(shapes))
        raise ValueError(f"real, generated and held-out images differ in shape: {told}")
    if len(real.labels.unique()) < 2:
        raise ValueError("the real images are of one class, and there is nothing to classify")
    return max(real.classes, fake.classes, control.classes)


def drawn(side: Labelled, n: int, draws: torch.Generator) -> Labelled:
    """`n` of the samples, without replacement; all of them in their order if there are `n`."""
    if n == len(side.labels):
        return side
    rows = torch.randperm(len(side.labels), generator=draws)[:n]
    return Labelled(side.pixels[rows], side.labels[rows], side.classes)
