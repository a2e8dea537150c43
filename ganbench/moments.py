"""Mean and covariance of features: additive, so that streams, processes and caches are one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import NewType, cast

import torch
from torch import Tensor

CHUNK = 4096  # features that are float64 at a time


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and scatter of N feature vectors, in float64; additive and subtractable.

    `mean`: D; `scatter`: D×D, the sum of (x − mean)(x − mean)ᵀ. Merged and split by Chan, Golub and
    LeVeque (1979), so a large common offset costs no digits. `factor`: the centred features, N×D,
    where N ≤ D: then factorᵀ factor is the scatter, of a rank that N bounds.
    """

    n: int
    mean: Tensor
    scatter: Tensor
    factor: Tensor | None = None

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """The moments of an N×D tensor, N ≥ 1; in float64 by parts of a bounded size."""
        few = len(features) <= features.shape[1]
        parts = []
        for part in [features] if few else features.split(CHUNK):
            mean = part.double().mean(0)
            centred = part.double() - mean
            parts.append(cls(len(part), mean, centred.T @ centred, centred if few else None))
        return reduce(add, parts)

    def __add__(self, other: Moments) -> Moments:
        n = self.n + other.n
        delta = other.mean - self.mean
        shift = torch.outer(delta, delta) * (self.n * other.n / n)
        mean = self.mean + delta * (other.n / n)
        return Moments(n, mean, self.scatter + other.scatter + shift)

    def __sub__(self, part: Moments) -> Moments:
        """The moments without `part`, which must have been added before."""
        n = self.n - part.n
        if n < 1:
            raise ValueError(
                f"cannot take {part.n} samples out of {self.n}: at least 1 must remain"
            )
        mean = (self.mean * self.n - part.mean * part.n) / n
        delta = part.mean - mean
        shift = torch.outer(delta, delta) * (n * part.n / self.n)
        return Moments(n, mean, self.scatter - part.scatter - shift)

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, D×D; needs n ≥ 2."""
        self._check()
        return self.scatter / (self.n - 1)

    @cached_property
    def root(self) -> Tensor:
        """Some R with RᵀR = covariance, computed once: N×D from the factor where N ≤ D.

        Else the Cholesky factor, which costs a tenth of an eigendecomposition; where the covariance
        is singular, the symmetric root. Needs n ≥ 2.
        """
        self._check()
        if self.factor is not None:
            return self.factor / math.sqrt(self.n - 1)
        covariance = self.covariance
        lower, failed = torch.linalg.cholesky_ex(covariance)
        if not failed:
            return cast(Tensor, lower.T)
        values, vectors = torch.linalg.eigh(covariance)
        root: Tensor = values.clamp(min=0).sqrt()[:, None] * vectors.T
        return root

    def _check(self) -> None:
        if self.n < 2:
            raise ValueError(f"a covariance needs 2 samples or more, got {self.n}")


SpatialMoments = NewType("SpatialMoments", Moments)
"""The moments of the spatial features."""
