"""One set of samples seen through one extractor, with views that are computed once, on demand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ganbench.evaluation.extract import Progress, Timing, extract
from ganbench.moments import Moments, SpatialMoments
from ganbench.types import (
    Extractor,
    Features,
    Images,
    Labelled,
    LabelledFeatures,
    Model,
    Modes,
    Outputs,
    Pixels,
    Points,
    PolygonImages,
    Polygons,
    Probs,
    Samples,
    Spatial,
)


class NotApplicable(Exception):
    """A view does not exist for these samples; the message says why."""


class Sample:
    """The views of `images`: `pixels`, `samples`, `features`, `probs`, `moments`, …

    A view that cannot exist raises NotApplicable. `spatial`: keep the spatial features. `cache` is
    the folder of the feature cache. `timing` says what the extraction took, once it has run.
    """

    def __init__(
        self,
        images: Images,
        extractor: Extractor,
        *,
        spatial: bool = False,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.images = images
        self.extractor = extractor
        self.timing: Timing | None = None
        self._spatial = spatial
        self._cache = cache
        self._progress = progress

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.images.n

    @property
    def divisible(self) -> bool:
        """Whether samples can be left out: not where only statistics are known."""
        return True

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a score against these samples must warn about."""
        return ()

    @cached_property
    def pixels(self) -> Pixels:
        """uint8 N×C×H×W."""
        if isinstance(self.images, Points):
            raise NotApplicable(f"{self.images.name} holds points, not images")
        if -1 in self.images.shape:
            raise NotApplicable(f"the images of {self.images.name} have more than one size")
        return Pixels(self.images.tensor())

    @cached_property
    def samples(self) -> Samples:
        """uint8 N×C×H×W, or float32 N×D of points."""
        points = isinstance(self.images, Points)
        return Samples(self.images.tensor() if points else self.pixels)

    @cached_property
    def outputs(self) -> Outputs:
        """What the extractor says of all samples."""
        (outputs,), self.timing = extract(
            self.images,
            [self.extractor],
            spatial=self._spatial,
            cache=self._cache,
            progress=self._progress,
        )
        return outputs

    @property
    def features(self) -> Features:
        """float32 N×D."""
        return Features(self.outputs.features)

    @property
    def probs(self) -> Probs:
        """float32 N×K."""
        if self.outputs.probs is None:
            raise NotApplicable(f"the extractor {self.extractor.name} gives no class probabilities")
        return Probs(self.outputs.probs)

    @property
    def spatial(self) -> Spatial:
        """float32 N×S."""
        if self.outputs.spatial is None:
            raise NotApplicable(f"the extractor {self.extractor.name} gives no spatial features")
        return Spatial(self.outputs.spatial)

    @cached_property
    def moments(self) -> Moments:
        """Mean and covariance of the features, float64."""
        return Moments.of(self.features)

    @cached_property
    def spatial_moments(self) -> SpatialMoments:
        """Mean and covariance of the spatial features, float64."""
        return SpatialMoments(Moments.of(self.spatial))

    @property
    def modes(self) -> Modes:
        """The modes of the distribution behind the samples."""
        if not isinstance(self.images, Points) or self.images.modes is None:
            raise NotApplicable(f"the modes of {self.images.name} are not known")
        return self.images.modes

    @cached_property
    def polygons(self) -> Polygons:
        """The pixels, and the manifold of polygons that they lie on."""
        images = self.images
        if not isinstance(images, PolygonImages):
            raise NotApplicable(
                f"the manifold of {images.name} is not known; that of builtin:triangles is"
            )
        return Polygons(self.pixels, images.corners, images.legacy_rotation)

    @property
    def labels(self) -> Tensor:
        """int64 N."""
        if self.images.labels is None:
            raise NotApplicable(_unlabelled(self.images))
        return self.images.labels

    @cached_property
    def labelled(self) -> Labelled:
        """The pixels with their classes, those that both the labels and the names know."""
        return Labelled(self.pixels, self.labels, self._classes)

    @cached_property
    def labelled_features(self) -> LabelledFeatures:
        """The features with their classes."""
        return LabelledFeatures(self.features, self.labels, self._classes)

    @property
    def _classes(self) -> int:
        return max(len(self.images.classes or ()), int(self.labels.max()) + 1)

    @property
    def model(self) -> Model:
        """The generator behind the samples."""
        if self.images.model is None:
            raise NotApplicable(
                f"it looks into the generator, and {self.images.name} are samples: run:ID names one"
            )
        return self.images.model

    def part(self, rows: Tensor, name: str) -> Sample:
        """The samples at `rows` (int64), without running the extractor again."""
        taken = Sample(self.images.take(rows, name), self.extractor)
        taken.outputs = _rows(self.outputs, rows)
        return taken


def samples(
    images: Images,
    extractors: Sequence[Extractor],
    *,
    spatial: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[Sample]:
    """The images through each of the extractors, read once for all."""
    outputs, timing = extract(images, extractors, spatial=spatial, cache=cache, progress=progress)
    made = []
    for extractor, output in zip(extractors, outputs, strict=True):
        sample = Sample(images, extractor)
        sample.outputs, sample.timing = output, timing
        made.append(sample)
    return made


def _unlabelled(images: Images) -> str:
    """That there are no labels, and where they come from."""
    if images.model is None:
        return f"{images.name} has no labels; class folders give them"
    return (
        f"it needs labelled samples, and {images.name} is not conditioned on classes; labels "
        "guessed by a classifier would be circular: train with --condition projection or auxiliary"
    )


def _rows(outputs: Outputs, rows: Tensor) -> Outputs:
    def take(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor[rows]

    return Outputs(outputs.features[rows], take(outputs.probs), take(outputs.spatial))


def blocks(n: int, count: int, seed: int) -> list[Tensor]:
    """`count` random blocks of the rows 0 to n − 1: files sorted by class must not make a block."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return list(order.tensor_split(count))
