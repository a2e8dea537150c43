"""Data sets in the files in which they were published: idx (MNIST and its likes), CIFAR-10."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ganbench.datasets import SPLITS, cifar10, idx
from ganbench.errors import InputError
from ganbench.evaluation.images.arrays import from_array
from ganbench.types import Images

IDX = "idx3-ubyte"


def split_of(spec: str) -> tuple[Path, str | None]:
    """The path and the split of `PATH` or `PATH:SPLIT`."""
    head, colon, tail = spec.rpartition(":")
    if colon and tail in SPLITS and not Path(spec).exists():
        return Path(head), tail
    return Path(spec), None


def from_published(path: Path, split: str | None) -> Images | None:
    """The images of such a data set, its training split by default; None if `path` is none.

    A folder of idx files, one such file (its labels are looked for beside it), or CIFAR-10 in its
    binary version: folder, .bin or .tar.gz. Raises InputError if it is damaged.
    """
    images = idx.images_of(path, split or "train") if path.is_dir() else None
    if path.is_file() and IDX in path.name:
        images = path
    if images is not None:
        labels = idx.labels_of(images)
        return from_array(
            idx.parse(idx.content(images), str(images)).numpy(),
            str(images),
            None if labels is None else idx.parse(idx.content(labels), str(labels)).numpy(),
        )
    if cifar10.holds_batches(path):
        pixels, given = cifar10.read(path, split or "train")
        name = str(path) if split is None else f"{path}:{split}"
        return replace(from_array(pixels.numpy(), name, given.numpy()), classes=cifar10.CLASSES)
    if split is not None and path.exists():
        raise InputError(
            f"{path} has no splits; name the folder or the file of the images themselves"
        )
    return None
