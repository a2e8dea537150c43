"""Images through extractors: one pass over the images, whatever the number of extractors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganbench.evaluation.cache import ROWS, FeatureCache
from ganbench.types import Extractor, Images, Outputs

Progress = Callable[[int, int], None]
"""Called with the images done and the images in all."""

READ = 64  # images at a time


@dataclass(frozen=True)
class Timing:
    """What a pass took. `waited` is the time in which no network had anything to do.

    `images` counts those that were not in the cache.
    """

    images: int
    seconds: float
    waited: float


def extract(
    images: Images,
    extractors: Sequence[Extractor],
    *,
    spatial: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[list[Outputs], Timing]:
    """The outputs of each extractor for all images, in the order of the images.

    `cache` is the folder of the feature cache; images without keys are not cached. Raises
    ValueError if another number of images comes than was announced.
    """
    passes = [_Pass(images, extractor, spatial, cache) for extractor in extractors]
    missing = torch.stack([one.missing for one in passes]).any(0)
    rows = missing.nonzero().flatten()
    started, waited, done = time.perf_counter(), 0.0, images.n - len(rows)
    with _exact(), torch.inference_mode():
        source = _read(images, rows)
        while True:
            asked = time.perf_counter()
            batch = next(source, None)
            waited += time.perf_counter() - asked
            if batch is None:
                break
            at = rows[done - images.n + len(rows) :][: len(batch)]
            if len(at) < len(batch):
                raise ValueError(f"{images.name}: {images.n} samples announced, more came")
            for one in passes:
                one.feed(batch, at)
            done += len(batch)
            if progress:
                progress(done, images.n)
        outputs = [one.finish(done) for one in passes]
    return outputs, Timing(len(rows), time.perf_counter() - started, waited)


def _read(images: Images, rows: Tensor) -> Iterator[Tensor]:
    if len(rows) == images.n:
        return images.batches(READ)
    return images.take(rows, "not cached").batches(READ) if len(rows) else iter(())


@contextmanager
def _exact() -> Iterator[None]:
    """fp32 means fp32: no TF32 on a GPU, which would cost three digits."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


class _Pass:
    """One extractor's part: images of many sizes are gathered to full batches of prepared ones."""

    def __init__(
        self, images: Images, extractor: Extractor, spatial: bool, cache: Path | None
    ) -> None:
        self.images = images
        self.extractor = extractor
        self.spatial = spatial
        self.missing = torch.ones(images.n, dtype=torch.bool)
        self._cache = None
        self._parts: list[tuple[Tensor, Outputs]] = []  # rows, outputs
        self._waiting: list[Tensor] = []  # prepared images
        self._waiting_rows: list[Tensor] = []
        self._unsaved = 0  # parts from here on are not in the cache
        if cache is not None and images.keys is not None:
            self._cache = FeatureCache(cache, extractor, spatial)
            found, tensors = self._cache.find(images.keys)
            if len(found):
                self.missing[found] = False
                self._parts.append((found, Outputs(**tensors)))
                self._unsaved = 1

    def feed(self, batch: Tensor, rows: Tensor) -> None:
        """Takes images of one size; the network runs when a batch of it is full."""
        kept = self.missing[rows]
        if not kept.all():
            batch, rows = batch[kept], rows[kept]
        if not len(batch):
            return
        prepare = self.extractor.prepare
        self._waiting.append(prepare(batch) if prepare else batch)
        self._waiting_rows.append(rows)
        while sum(map(len, self._waiting_rows)) >= self.extractor.batch:
            self._run(self.extractor.batch)

    def finish(self, n: int) -> Outputs:
        """What all images gave; `n` images have come."""
        if n != self.images.n:
            raise ValueError(f"{self.images.name}: {self.images.n} samples announced, {n} came")
        if self._waiting:
            self._run(self.extractor.batch)
        self._save()
        if len(self._parts) == 1:
            (rows, outputs) = self._parts[0]
            return outputs if bool((rows[1:] > rows[:-1]).all()) else _sorted(rows, outputs)
        return _sorted(torch.cat([rows for rows, _ in self._parts]), _joined(self._parts))

    def _run(self, size: int) -> None:
        joined, rows = torch.cat(self._waiting), torch.cat(self._waiting_rows)
        outputs = self.extractor.extract(joined[:size])
        if not self.spatial:
            outputs = Outputs(outputs.features, outputs.probs)
        self._parts.append((rows[:size], outputs))
        self._waiting = [joined[size:]] if len(joined) > size else []
        self._waiting_rows = [rows[size:]] if len(rows) > size else []
        if sum(len(part) for part, _ in self._parts[self._unsaved :]) >= ROWS:
            self._save()

    def _save(self) -> None:
        fresh = self._parts[self._unsaved :]
        if self._cache is not None and self.images.keys is not None and fresh:
            rows = torch.cat([part for part, _ in fresh])
            self._cache.add(self.images.keys[rows], _joined(fresh))
        self._unsaved = len(self._parts)


def _joined(parts: Sequence[tuple[Tensor, Outputs]]) -> Outputs:
    def join(name: str) -> Tensor | None:
        found = [getattr(outputs, name) for _, outputs in parts]
        return None if any(one is None for one in found) else torch.cat(found)

    features = join("features")
    assert features is not None
    return Outputs(features, join("probs"), join("spatial"))


def _sorted(rows: Tensor, outputs: Outputs) -> Outputs:
    order = rows.argsort()
    probs, spatial = outputs.probs, outputs.spatial
    return Outputs(
        outputs.features[order],
        None if probs is None else probs[order],
        None if spatial is None else spatial[order],
    )
