"""What crosses the joints: frozen values, and the names of the views that measures ask for."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NewType

import torch
from torch import Tensor, nn

Pixels = NewType("Pixels", Tensor)
"""uint8, N×C×H×W."""
Features = NewType("Features", Tensor)
"""float32, N×D: what an extractor makes of N samples."""
Probs = NewType("Probs", Tensor)
"""float32, N×K, rows sum to 1: a classifier's class probabilities."""
Spatial = NewType("Spatial", Tensor)
"""float32, N×S: features of an early layer, which keep the place in the image."""
Samples = NewType("Samples", Tensor)
"""The samples themselves: uint8 N×C×H×W, or float32 N×D of points."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The known modes of a synthetic distribution: an isotropic Gaussian mixture of equal weights.

    `centres`: float32, K×D; `sigma`: standard deviation of each mode, in the units of the centres.
    """

    centres: Tensor
    sigma: float


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images with classes: `pixels` uint8 N×C×H×W, `labels` int64 N in 0 to `classes` − 1."""

    pixels: Tensor
    labels: Tensor
    classes: int


@dataclass(frozen=True, eq=False)
class Polygons:
    """Images of convex polygons, all of whose possible pictures are known: ganbench.polygons.

    `pixels` uint8 N×1×S×S; `corners` of each polygon; `legacy_rotation`: turned by 0 to 6.28
    degrees, as published, not by a full turn.
    """

    pixels: Tensor
    corners: int
    legacy_rotation: bool


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """Features with classes: float32 N×D, `labels` int64 N in 0 to `classes` − 1."""

    features: Tensor
    labels: Tensor
    classes: int


@dataclass(frozen=True, eq=False)
class Player:
    """A generator and the discriminator that trained against it, at one step of one run.

    `make(n, seed)` gives n samples as the generator leaves them: float32 N×C×H×W, not rounded, 0
    for black and 1 for white, maybe a little beyond; or N×D points. `read` turns uint8 N×C×H×W (or
    float32 points) into the same. `judge` gives the logits, N, of such samples, above 0 for real,
    whoever made them. It is None where there is no such logit, or where the discriminator was not
    kept, and then `why` says why, to follow "because". `networks()` gives copies that can be
    trained, from latents to what `make` gives, and from that to what `judge` gives; None where
    these do not play the logistic game of Goodfellow et al. (2014).
    """

    name: str
    step: int
    make: Callable[[int, int], Tensor]
    read: Callable[[Tensor], Tensor]
    judge: Callable[[Tensor], Tensor] | None = None
    why: str = ""
    networks: Callable[[], tuple[nn.Module, nn.Module]] | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """What is behind generated samples, for the measures that look into the generator.

    `latents(n, seed)` gives float32 N×inputs; `decode` makes samples of them that gradients pass
    through: N×C×H×W in [0, 1], or N×D points, float32, or float64 of latents in float64. `prior` is
    "normal" or "uniform"; the latent proper is the last `dim` of the inputs, before it stand
    classes and categories. `players` loads what checkpoints of the run hold, oldest first; the last
    is of the model's own step.
    """

    latents: Callable[[int, int], Tensor]
    decode: Callable[[Tensor], Tensor]
    dim: int
    prior: str
    players: Callable[[], tuple[Player, ...]]


@dataclass(frozen=True, eq=False)
class Images:
    """A sized iterable of images. A measure cannot tell a folder from a generator with a seed.

    `batches(size)` yields uint8 tensors of at most `size`×C×H×W, `n` images in all, the same ones
    in the same order each time; where sizes differ, consecutive images of one size. `shape` is
    (C, H, W), with −1 for a side that varies. `labels` is int64 of length n, or None, `classes` are
    their names. `fingerprint` changes when the content does.

    `read(rows, size)` yields like `batches` the images of those rows (int64) in that order, and
    None means that only the whole can be read. `keys` is uint8, N×16: a hash of the content of each
    image, by which features are cached. `formats` counts the file formats ({"JPEG": 10_000}), and
    `notes` are what a reader of the score should know of these images. Of a set of files, `files`
    are their names and `sizes` (int64, N×2) their heights and widths. `model` is what made them,
    where it is at hand.
    """

    name: str
    n: int
    shape: tuple[int, ...]
    batches: Callable[[int], Iterator[Tensor]]
    fingerprint: str
    labels: Tensor | None = None
    classes: tuple[str, ...] | None = None
    read: Callable[[Tensor, int], Iterator[Tensor]] | None = None
    keys: Tensor | None = None
    formats: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sizes: Tensor | None = None
    model: Model | None = None

    def tensor(self) -> Tensor:
        """All of them: N×shape. uint8 for images, float32 for points. One shape only."""
        return torch.cat(list(self.batches(1024)))

    def take(self, rows: Tensor, name: str) -> Images:
        """The images at `rows` (int64), in that order, under another name."""

        def batches(size: int) -> Iterator[Tensor]:
            if self.read is not None:
                return self.read(rows, size)
            return iter(self.tensor()[rows].split(size))

        return replace(
            self,
            name=name,
            n=len(rows),
            batches=batches,
            read=lambda part, size: self.take(rows[part], name).batches(size),
            fingerprint=f"{self.fingerprint} {name}",
            labels=None if self.labels is None else self.labels[rows],
            keys=None if self.keys is None else self.keys[rows],
            files=tuple(self.files[row] for row in rows.tolist()) if self.files else (),
            sizes=None if self.sizes is None else self.sizes[rows],
        )


@dataclass(frozen=True, eq=False)
class Points(Images):
    """A set of points, float32 N×D: the same joint as `Images`, for synthetic low-dimensional data.

    `modes` are the modes of the distribution that the points were drawn from, where it is known.
    """

    modes: Modes | None = None


@dataclass(frozen=True, eq=False)
class PolygonImages(Images):
    """Images of convex polygons with so many corners, drawn as `Polygons` says."""

    corners: int = 3
    legacy_rotation: bool = True


@dataclass(frozen=True, eq=False)
class Outputs:
    """What an extractor says of a batch, on the CPU.

    `features`: float32 N×D. `probs`: float32 N×K of a classifier. `spatial`: float32 N×S, features
    of an earlier layer that keep the place, where the extractor has them.
    """

    features: Tensor
    probs: Tensor | None = None
    spatial: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Extractor:
    """A fixed map from samples to features, named and hashed so that a score can say what it used.

    `prepare` turns uint8 n×C×H×W of one size into what `extract` reads (resized, scaled), so that
    images of many sizes fill one batch; `batch` is the batch size of `extract`. `digest` is the
    sha256 of the weights and of all of `protocol` (resize, precision, layer, …), and `classes` are
    the names of the K probabilities. Never part of a measure's name: FID is "the Fréchet distance
    on Inception features".
    """

    name: str
    digest: str
    extract: Callable[[Tensor], Outputs]
    batch: int = 500
    prepare: Callable[[Tensor], Tensor] | None = None
    protocol: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Spread:
    """What an interval is made of.

    `estimate` is the value without its bias, `error` its standard error, `freedom` the degrees of
    freedom of Student's t. `fake` and `real` are the values without each block of that side, of
    the block jackknife: with them two scores on one reference are compared in pairs.
    """

    estimate: float
    error: float
    freedom: float = math.inf
    fake: tuple[float, ...] = ()
    real: tuple[float, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a measure finds where one number does not say all.

    `spread` makes its interval: of several trainings, `Spread` of their values. `detail` is JSON
    for the reader: p-values, the values of each side, the rows of the closest pairs.
    """

    value: float
    spread: Spread | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_seeds(cls, values: Sequence[float], **detail: Any) -> Outcome:
        """The mean of what one value each of several training seeds gave, and its spread.

        The interval is Student's t over the seeds; none of one seed alone.
        """
        told = {"seeds": list(values), **detail}
        mean = statistics.fmean(values)
        if len(values) < 2:
            return cls(mean, detail=told)
        error = statistics.stdev(values) / math.sqrt(len(values))
        return cls(mean, Spread(mean, error, len(values) - 1), told)


@dataclass(frozen=True)
class Score:
    """One number with everything that it depends on.

    `interval` is (low, high) at 95 %, or None where none is valid or none is computed; it is about
    `spread.estimate`, what infinitely many samples would score. `baseline` is the same measure of
    real against other real samples, `baseline_n` of them. `bias` is by how much a distance is
    over-estimated at this n, for a perfect generator. `value` is None where the measure does not
    apply, and then `warnings` says why. `detail` is what the measure tells besides. `group` is the
    class in a score of one class alone.
    `n_real` is None where a file of statistics does not say.
    """

    measure: str
    value: float | None
    extractor: str
    n_real: int | None
    n_fake: int
    group: str | None = None
    interval: tuple[float, float] | None = None
    spread: Spread | None = None
    baseline: float | None = None
    baseline_n: int | None = None
    bias: float | None = None
    protocol: Mapping[str, Any] | None = None
    fingerprint: str = ""
    seed: int = 0
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
