"""The built-in data sets, by name: `builtin:NAME:SPLIT` and `builtin:NAME:SPLIT[start:stop]`.

MNIST ships with the package, Fashion-MNIST and CIFAR-10 are looked for on this machine; the
synthetic sets are made on the fly from a fixed seed, so every machine has the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from functools import partial

from torch import Tensor

from ganbench.datasets import cifar10, fashion, mixture, mnist, polygons
from ganbench.errors import InputError
from ganbench.types import Images

SPLITS = ("train", "test")

DATASETS: dict[str, Callable[[str], Images]] = {
    "mnist": mnist.mnist,
    "stacked-mnist": mnist.stacked,
    "fashion-mnist": fashion.fashion_mnist,
    "cifar10": cifar10.cifar10,
    "triangles": partial(polygons.polygons, 3),
    "squares": partial(polygons.polygons, 4),
    "ring8": mixture.ring8,
    "grid25": mixture.grid25,
}

GRAMMAR = re.compile(r"builtin:(?P<name>[^:\[]+):(?P<split>\w+)(\[(?P<start>\d*):(?P<stop>\d*)\])?")


def load(spec: str) -> Images:
    """The data set that `spec` names, e.g. "builtin:mnist:test" or "builtin:mnist:train[5000:]".

    Raises InputError for a spec that names none, saying what would be right.
    """
    match = _parse(spec)
    images = DATASETS[match["name"]](match["split"])
    if match["start"] is None:
        return images
    return _part(images, spec, int(match["start"] or 0), int(match["stop"] or images.n))


def sibling(spec: str) -> str:
    """The other split of the data set that `spec` names: real samples that `spec` does not hold."""
    match = _parse(spec)
    return f"builtin:{match['name']}:{SPLITS[1 - SPLITS.index(match['split'])]}"


def _parse(spec: str) -> re.Match[str]:
    match = GRAMMAR.fullmatch(spec)
    if not match:
        raise InputError(
            f"data set {spec!r}: expected builtin:NAME:SPLIT or builtin:NAME:SPLIT[start:stop], "
            f"with NAME one of {', '.join(DATASETS)}"
        )
    name, split = match["name"], match["split"]
    if name not in DATASETS:
        near = get_close_matches(name, DATASETS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"data set {spec!r}: {hint}The built-in ones are {', '.join(DATASETS)}")
    if split not in SPLITS:
        raise InputError(f"data set {spec!r}: the splits are {', '.join(SPLITS)}, not {split!r}")
    return match


def _part(images: Images, spec: str, start: int, stop: int) -> Images:
    """Images start to stop − 1, under the name `spec`."""
    if not start < stop <= images.n:
        raise InputError(f"data set {spec!r}: {images.name} has images 0 to {images.n - 1}")

    def batches(size: int) -> Iterator[Tensor]:
        seen = 0
        for batch in images.batches(size):
            kept = batch[max(start - seen, 0) : max(stop - seen, 0)]
            seen += len(batch)
            if len(kept):
                yield kept
            if seen >= stop:
                return

    labels = None if images.labels is None else images.labels[start:stop]
    fingerprint = f"{images.fingerprint}[{start}:{stop}]"
    return replace(
        images, name=spec, n=stop - start, batches=batches, labels=labels, fingerprint=fingerprint
    )
