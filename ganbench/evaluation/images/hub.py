"""Data sets of Hugging Face: `hf:NAME:SPLIT`, with the extra ganbench[hf]."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import torch

from ganbench.errors import InputError
from ganbench.evaluation.images.decode import BadPicture
from ganbench.evaluation.images.pictures import File, Progress, Reading, from_files
from ganbench.types import Images

LABELS = ("label", "labels", "fine_label")


def from_hub(spec: str, reading: Reading, progress: Progress | None = None) -> Images:
    """The images of a data set's split; its class column gives the labels.

    NAME is a data set's name or the path of a local one. Raises InputError if the package
    `datasets` is missing, or if the data set has no column of images.
    """
    parts = spec.removeprefix("hf:").rsplit(":", 1)
    if len(parts) != 2 or not all(parts):
        raise InputError(f"{spec!r}: expected hf:NAME:SPLIT, as in hf:cifar10:test")
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            f"{spec!r} needs the package datasets: pip install 'ganbench[hf]'"
        ) from error
    try:
        held = datasets.load_dataset(parts[0], split=parts[1])
    except Exception as error:  # of many kinds, from the network to the data set's own code
        raise InputError(f"{spec!r} cannot be loaded: {error}") from error
    pictures = [n for n, kind in held.features.items() if isinstance(kind, datasets.Image)]
    if not pictures:
        raise InputError(f"{spec!r} has no column of images; it has {', '.join(held.features)}")
    raw = held.cast_column(pictures[0], datasets.Image(decode=False))
    digits = len(str(len(raw)))
    files = [
        File(f"{i:0{digits}}", partial(_content, raw, i, pictures[0])) for i in range(len(raw))
    ]
    images = from_files(spec, files, reading, (), progress)
    names = [n for n in LABELS if isinstance(held.features.get(n), datasets.ClassLabel)]
    if not names or images.n != len(raw):
        return images
    labels = torch.tensor(held[names[0]])
    return _labelled(images, labels, tuple(held.features[names[0]].names))


def _labelled(images: Images, labels: torch.Tensor, classes: tuple[str, ...]) -> Images:
    from dataclasses import replace

    return replace(images, labels=labels, classes=classes)


def _content(raw: Any, row: int, column: str) -> bytes:
    """The bytes of a row's file, or of its pixels as PNG."""
    value = raw[row][column]
    if value is None:
        raise BadPicture("it is missing")
    if value.get("bytes"):
        return bytes(value["bytes"])
    if value.get("path"):
        with open(value["path"], "rb") as file:
            return file.read()
    stream = io.BytesIO()
    value["image"].save(stream, "PNG")
    return stream.getvalue()
