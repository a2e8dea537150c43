"""Mode drop and mode collapse on data whose modes are known."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Features, Modes, Probs


def modes_covered(real: Modes, fake: Features) -> float:
    """Number of modes with at least one high-quality fake, in {0, …, K}; K is best.

    High quality: within 3σ of the nearest mode. Srivastava et al., "VEEGAN" (2017), section 5.
    """
    nearest, good = _nearest(real, fake)
    return float(nearest[good].unique().numel())


def high_quality(real: Modes, fake: Features) -> float:
    """Share of fakes within 3σ of the nearest mode, in [0, 1], higher is better.

    A perfect sampler in two dimensions has 1 − exp(−9/2) = 0.98889.
    """
    return _nearest(real, fake)[1].double().mean().item()


def classes_covered(fake: Probs) -> float:
    """Number of classes that at least one fake is taken for, in {0, …, K}; K is best.

    The "number of modes" of Stacked MNIST, of 1,000: Metz et al., "Unrolled GANs" (2017), section
    3.3.1. It grows with the number of samples; 25,600 or 26,000 are usual there.
    """
    return float(fake.argmax(1).unique().numel())


def class_divergence(real: Probs, fake: Probs) -> float:
    """KL(fakes ‖ reals) of the shares of the predicted classes, in nats, in [0, ∞]; 0 is best.

    Srivastava et al., "VEEGAN" (2017), table 1, and Metz et al. (2017). A class of the fakes that
    no real is taken for makes it infinite.
    """
    classes = real.shape[1]
    q = torch.bincount(fake.argmax(1), minlength=classes).double() / len(fake)
    p = torch.bincount(real.argmax(1), minlength=classes).double() / len(real)
    there = q > 0
    return float((q[there] * (q[there] / p[there]).log()).sum())


def _nearest(real: Modes, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest mode of each fake, and whether it is within 3σ."""
    distance, index = torch.cdist(fake.double(), real.centres.double()).min(1)
    return index, distance <= 3 * real.sigma
