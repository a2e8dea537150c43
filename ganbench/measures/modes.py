"""Mode drop and mode collapse on data whose modes are known."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Features, Modes


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


def _nearest(real: Modes, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest mode of each fake, and whether it is within 3σ."""
    distance, index = torch.cdist(fake.double(), real.centres.double()).min(1)
    return index, distance <= 3 * real.sigma
