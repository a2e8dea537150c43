"""The Fréchet distance between two Gaussians: FID, whatever the features."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Moments


def frechet(real: Moments, fake: Moments) -> float:
    """|μr − μf|² + tr(Σr + Σf − 2(ΣrΣf)^½), squared feature units, in [0, ∞), 0 is best.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017), eq. 6. The trace of the
    root is the sum of the singular values of Σr^½ Σf^½, so nothing becomes complex and no offset
    is added to a singular covariance. Over-estimated at small n: the bias falls as 1/n.

    Raises ValueError below 2 samples on either side.
    """
    root_real, root_fake = _root(real.covariance), _root(fake.covariance)
    cross = torch.linalg.svdvals(root_real @ root_fake).sum()
    offset = (real.mean - fake.mean).square().sum()
    trace = real.covariance.trace() + fake.covariance.trace()
    return max(float(offset + trace - 2 * cross), 0.0)


def _root(covariance: Tensor) -> Tensor:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root
