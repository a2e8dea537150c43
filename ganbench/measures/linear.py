"""Linear classifiers, which are convex and cheap: the linear probe and the boundary distortion."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional as F

from ganbench.measures.classified import check, drawn
from ganbench.types import Labelled, LabelledFeatures, Outcome, Spread

ITERATIONS = 100
SIDE = 32  # pixels; larger images are averaged down
TESTED = 10_000


def fit_linear(
    x: Tensor, labels: Tensor, classes: int, *, l2: float = 1e-2
) -> Callable[[Tensor], Tensor]:
    """Multinomial logistic regression of x N×D: a function to logits M×K, float64.

    Minimises the mean cross entropy + l2/2 |W|² by L-BFGS, with x centred and divided by one
    number, the root mean square of what is left; the offsets are free. No randomness.
    """
    mean = x.double().mean(0)
    centred = x.double() - mean
    scale = centred.square().mean().sqrt().item() or 1.0
    centred /= scale
    n, inputs = x.shape
    truth = F.one_hot(labels, classes).double()

    def loss(flat: Any) -> tuple[float, Any]:
        table = torch.from_numpy(flat).view(classes, inputs + 1)
        weights, offsets = table[:, :-1], table[:, -1]
        log_probs = F.linear(centred, weights, offsets).log_softmax(1)
        value = -(log_probs * truth).sum() / n + l2 / 2 * weights.square().sum()
        slope = (log_probs.exp() - truth) / n
        gradient = torch.cat((slope.T @ centred + l2 * weights, slope.sum(0)[:, None]), 1)
        return value.item(), gradient.flatten().numpy()

    start = np.zeros(classes * (inputs + 1))
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "gtol": 1e-6}
    )
    table = torch.from_numpy(found.x).view(classes, inputs + 1)
    w, b = table[:, :-1], table[:, -1]
    return lambda y: F.linear((y.double() - mean) / scale, w, b)


def linear_probe(fake: LabelledFeatures, control: LabelledFeatures, *, l2: float = 1e-2) -> Outcome:
    """Accuracy on the features of the control of a linear classifier of the fakes' features.

    In [0, 1], higher is better. Radford, Metz and Chintala (2016) put an L2 linear classifier on
    the features of the discriminator, and ask what it has learned of real images. This is another
    question, on the features of the extractor: whether the fakes of a class lie where reals of the
    class do. The interval is Student's over the control, for this classifier.

    Raises ValueError if the features differ in dimension or the control is of one class.
    """
    if fake.features.shape[1] != control.features.shape[1]:
        raise ValueError("the features of the fakes and of the held-out images differ in dimension")
    if len(control.labels.unique()) < 2:
        raise ValueError("the held-out images are of one class, and there is nothing to classify")
    classes = max(fake.classes, control.classes)
    logits = fit_linear(fake.features, fake.labels, classes, l2=l2)(control.features)
    right = (logits.argmax(1) == control.labels).double()
    return Outcome(right.mean().item(), _spread(right), {"trained_on": len(fake.labels)})


def boundary_distortion(
    real: Labelled,
    fake: Labelled,
    control: Labelled,
    *,
    l2: float = 1e-2,
    halvings: int = 6,
    draws: int = 3,
    seed: int = 0,
) -> Outcome:
    """Accuracy on the control of a linear classifier of reals, less that of one of as many fakes.

    Santurkar, Schmidt and Madry, "A Classification-Based Study of Covariate Shift in GAN
    Distributions" (2018), who train one GAN a class; here a conditional one gives all classes. In
    [−1, 1], lower is better, 0 is perfect. On pixels, averaged down to 32 a side at most.

    The detail has the curve, accuracy against the share 1, 1/2, … 2^−`halvings` of the reals (mean
    of `draws` draws), and `equivalent_factor`: reals thinned out by that factor train as well as
    the fakes do, log-linear between points of the curve (made monotone), 1 if the fakes are as good
    as all reals, 2^`halvings` (`beyond_curve`) if they are worse than the least. The interval is
    Student's over the control in pairs, for these two classifiers.

    Raises ValueError like `classified`, and if the least share has fewer samples than classes.
    """
    classes = check(real, fake, control)
    n = min(len(real.labels), len(fake.labels))
    if n >> halvings < classes:
        raise ValueError(f"{n} samples, halved {halvings} times, are fewer than {classes} classes")
    generator = torch.Generator().manual_seed(seed)
    real, fake = drawn(real, n, generator), drawn(fake, n, generator)
    control = drawn(control, min(TESTED, len(control.labels)), generator)
    x, y, tested = (_rows(side.pixels) for side in (real, fake, control))

    def right(samples: Tensor, labels: Tensor) -> Tensor:
        guesses = fit_linear(samples, labels, classes, l2=l2)(tested).argmax(1)
        return (guesses == control.labels).double()

    of_reals, of_fakes = right(x, real.labels), right(y, fake.labels)
    curve = [of_reals.mean().item()]
    for halving in range(1, halvings + 1):
        parts = [torch.randperm(n, generator=generator)[: n >> halving] for _ in range(draws)]
        shares = [right(x[part], real.labels[part]).mean().item() for part in parts]
        curve.append(math.fsum(shares) / draws)
    accuracy = of_fakes.mean().item()
    gap = of_reals - of_fakes
    detail = {
        "real": curve[0],
        "fake": accuracy,
        "curve": {f"1/{2**i}" if i else "1": value for i, value in enumerate(curve)},
        "equivalent_factor": equivalent_factor(curve, accuracy),
        "beyond_curve": accuracy < min(curve),
        "trained_on": n,
    }
    return Outcome(gap.mean().item(), _spread(gap), detail)


def equivalent_factor(curve: list[float], accuracy: float) -> float:
    """By which factor reals are thinned out that train as well; `curve` is of factors 1, 2, 4, ….

    Log-linear between the points of the curve, of which each counts as the least so far.
    """
    least = [min(curve[: i + 1]) for i in range(len(curve))]
    if accuracy >= least[0]:
        return 1.0
    for i, (above, below) in enumerate(pairwise(least)):
        if accuracy >= below:
            return float(2 ** (i + (above - accuracy) / (above - below)))
    return float(2 ** (len(curve) - 1))


def _rows(pixels: Tensor) -> Tensor:
    """uint8 N×C×H×W → float32 N×D in [0, 1], averaged down to 32 pixels a side at most."""
    factor = math.ceil(max(pixels.shape[2:]) / SIDE)
    images = pixels.float() / 255
    return F.avg_pool2d(images, factor, ceil_mode=True).flatten(1)


def _spread(values: Tensor) -> Spread:
    """Of the mean of one value a sample of the control."""
    error = values.std().item() / math.sqrt(len(values))
    return Spread(values.mean().item(), error, len(values) - 1)
