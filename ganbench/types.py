"""What crosses the joints: frozen values, and the names of the views that measures ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NewType

import torch
from torch import Tensor

Pixels = NewType("Pixels", Tensor)
"""uint8, N×C×H×W."""
Features = NewType("Features", Tensor)
"""float32, N×D: what an extractor makes of N samples."""
Probs = NewType("Probs", Tensor)
"""float32, N×K, rows sum to 1: a classifier's class probabilities."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The known modes of a synthetic distribution: an isotropic Gaussian mixture of equal weights.

    `centres`: float32, K×D; `sigma`: standard deviation of each mode, in the units of the centres.
    """

    centres: Tensor
    sigma: float


@dataclass(frozen=True, eq=False)
class Images:
    """A sized iterable of images. A measure cannot tell a folder from a generator with a seed.

    `batches(size)` yields uint8 tensors of at most `size`×C×H×W, `n` images in all, the same ones
    in the same order each time. `labels` is int64 of length n, or None. `fingerprint` changes when
    the content does.
    """

    name: str
    n: int
    shape: tuple[int, ...]
    batches: Callable[[int], Iterator[Tensor]]
    fingerprint: str
    labels: Tensor | None = None

    def tensor(self) -> Tensor:
        """All of them: N×shape. uint8 for images, float32 for points."""
        return torch.cat(list(self.batches(1024)))


@dataclass(frozen=True, eq=False)
class Points(Images):
    """A set of points, float32 N×D: the same joint as `Images`, for synthetic low-dimensional data.

    `modes` are the modes of the distribution that the points were drawn from, where it is known.
    """

    modes: Modes | None = None


@dataclass(frozen=True, eq=False)
class Outputs:
    """What an extractor says of a batch: features N×D float32 and, of a classifier, probs N×K."""

    features: Tensor
    probs: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Extractor:
    """A fixed map from samples to features, named and hashed so that a score can say what it used.

    `digest` is the sha256 of the weights and of the preprocessing. `batch` is the batch size the
    map is run at. Never part of a measure's name: "the Fréchet distance on <name> features".
    """

    name: str
    digest: str
    extract: Callable[[Tensor], Outputs]
    batch: int = 500


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and scatter of N feature vectors, in float64; additive and subtractable.

    `mean`: D; `scatter`: D×D, the sum of (x − mean)(x − mean)ᵀ. Merged and split by Chan, Golub and
    LeVeque (1979), so a large common offset costs no digits.
    """

    n: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """The moments of an N×D tensor, N ≥ 1."""
        x = features.double()
        mean = x.mean(0)
        centred = x - mean
        return cls(len(x), mean, centred.T @ centred)

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
        if self.n < 2:
            raise ValueError(f"a covariance needs 2 samples or more, got {self.n}")
        return self.scatter / (self.n - 1)


@dataclass(frozen=True)
class Score:
    """One number with everything that it depends on.

    `interval` is (low, high) at 95 %, or None where none is valid or none is computed. `baseline`
    is the same measure of real against other real samples, `baseline_n` of them. `value` is None
    where the measure does not apply, and then `warnings` says why.
    """

    measure: str
    value: float | None
    extractor: str
    n_real: int
    n_fake: int
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    baseline_n: int | None = None
    protocol: Mapping[str, Any] | None = None
    fingerprint: str = ""
    seed: int = 0
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
