"""Data sets of Hugging Face: `hf:NAME:SPLIT`, with the extra ganbench[hf]."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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
    label, names = _classes(held, datasets.ClassLabel)
    digits = len(str(len(raw)))
    files = [
        File(
            f"class {label[i]:05}/row {i:0{digits}}" if names else f"row {i:0{digits}}",
            partial(_content, raw, i, pictures[0]),
        )
        for i in range(len(raw))
    ]
    images = from_files(spec, files, reading, (), progress)
    if images.classes is None:
        return images
    found = (int(name.removeprefix("class ")) for name in images.classes)
    return replace(images, classes=tuple(names[i] for i in found))


def _classes(held: Any, kind: type) -> tuple[list[int], list[str]]:
    """The class of each row and the classes' names; none if there are none, or rows without."""
    columns = [name for name in LABELS if isinstance(held.features.get(name), kind)]
    if not columns:
        return [], []
    label = list(held[columns[0]])
    if any(one is None or one < 0 for one in label):
        return [], []
    return label, list(held.features[columns[0]].names)


def _content(raw: Any, row: int, column: str) -> bytes:
    """The bytes of a row's file."""
    value = raw[row][column]
    if value is None:
        raise BadPicture("it is missing")
    if value["bytes"]:
        return bytes(value["bytes"])
    try:
        return Path(value["path"]).read_bytes()
    except OSError as error:
        raise BadPicture(error.strerror or str(error)) from error
