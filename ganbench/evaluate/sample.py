"""One set of samples seen through one extractor, with views that are computed once, on demand."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from ganbench.types import (
    Extractor,
    Features,
    Images,
    Modes,
    Moments,
    Outputs,
    Pixels,
    Points,
    Probs,
)


class NotApplicable(Exception):
    """A view does not exist for these samples; the message says why."""


class Sample:
    """The views of `images`: `pixels`, `features`, `probs`, `moments`, `modes`.

    A view that cannot exist raises NotApplicable.
    """

    def __init__(self, images: Images, extractor: Extractor) -> None:
        self.images = images
        self.extractor = extractor

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.images.n

    @cached_property
    def pixels(self) -> Pixels:
        """uint8 N×C×H×W."""
        if isinstance(self.images, Points):
            raise NotApplicable(f"{self.images.name} holds points, not images")
        return Pixels(self.images.tensor())

    @cached_property
    def outputs(self) -> Outputs:
        """What the extractor says of all samples."""
        parts = [self.extractor.extract(b) for b in self.images.batches(self.extractor.batch)]
        features = torch.cat([part.features for part in parts])
        if len(features) != self.n:
            raise ValueError(
                f"{self.images.name}: {self.n} samples announced, {len(features)} came"
            )
        probs = [part.probs for part in parts if part.probs is not None]
        return Outputs(features, torch.cat(probs) if probs else None)

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

    @cached_property
    def moments(self) -> Moments:
        """Mean and covariance of the features, float64."""
        return Moments.of(self.features)

    @property
    def modes(self) -> Modes:
        """The modes of the distribution behind the samples."""
        if not isinstance(self.images, Points) or self.images.modes is None:
            raise NotApplicable(f"the modes of {self.images.name} are not known")
        return self.images.modes

    def part(self, rows: Tensor, name: str) -> Sample:
        """The samples at `rows` (int64), without running the extractor again."""
        outputs = self.outputs
        images = replace(
            self.images,
            name=name,
            n=len(rows),
            batches=lambda size: iter(self.images.tensor()[rows].split(size)),
            fingerprint=f"{self.images.fingerprint} {name}",
            labels=None if self.images.labels is None else self.images.labels[rows],
        )
        taken = Sample(images, self.extractor)
        probs = None if outputs.probs is None else outputs.probs[rows]
        taken.outputs = Outputs(outputs.features[rows], probs)
        return taken
