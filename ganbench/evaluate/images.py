"""Images in: `builtin:NAME:SPLIT`, an .npz file, or a folder of pictures."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ganbench import datasets
from ganbench.errors import InputError
from ganbench.types import Images, Points

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
GRAMMAR = "builtin:NAME:SPLIT, run:ID, run:ID@STEP, a folder of pictures or an .npz file"


def load(spec: str) -> Images:
    """The images that `spec` names.

    Raises InputError, naming the file and what would be right, if there are none or if one cannot
    be used.
    """
    if spec.startswith("builtin:"):
        return datasets.load(spec)
    path = Path(spec)
    if path.is_dir():
        return from_folder(path)
    if path.suffix == ".npz" and path.is_file():
        return from_npz(path)
    problem = "is neither a folder nor an .npz file" if path.exists() else "does not exist"
    raise InputError(f"{spec!r} {problem}; expected {GRAMMAR}")


def from_npz(path: Path) -> Images:
    """Its array `images` (uint8 N×C×H×W, or float N×D for points), and `labels` (N) if any."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as .npz: {error}") from error
    if "images" not in arrays:
        raise InputError(
            f"{path} holds {', '.join(arrays) or 'nothing'}, expected an array 'images'"
        )
    array = arrays["images"]
    points = array.ndim == 2 and np.issubdtype(array.dtype, np.floating)
    if not points and (array.ndim != 4 or array.dtype != np.uint8):
        raise InputError(
            f"{path}: images is {array.dtype} of shape {array.shape}, expected uint8 N×C×H×W"
        )
    if not len(array):
        raise InputError(f"{path}: images is empty")
    labels = arrays.get("labels")
    if labels is not None and labels.shape != (len(array),):
        raise InputError(f"{path}: labels has shape {labels.shape}, expected ({len(array)},)")
    tensor = torch.from_numpy(array.astype(np.float32) if points else array)
    return (Points if points else Images)(
        name=str(path),
        n=len(tensor),
        shape=tuple(tensor.shape[1:]),
        batches=lambda size: iter(tensor.split(size)),
        fingerprint="sha256:" + hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()[:16],
        labels=None if labels is None else torch.from_numpy(labels.astype(np.int64)),
    )


def from_folder(path: Path) -> Images:
    """The pictures in `path` and below, by name; all of one size, grey ones or colour ones."""
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"{path} holds no pictures ({', '.join(SUFFIXES)})")
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    shape = tuple(_decode(files[0]).shape)

    def batches(size: int) -> Iterator[Tensor]:
        for start in range(0, len(files), size):
            batch = [_decode(file) for file in files[start : start + size]]
            for file, image in zip(files[start:], batch, strict=False):
                if image.shape != shape:
                    raise InputError(
                        f"{file} is {_words(image.shape)}, but {files[0]} is {_words(shape)}: "
                        "all pictures of a set must have one size and one mode"
                    )
            yield torch.stack(batch)

    return Images(
        name=str(path),
        n=len(files),
        shape=shape,
        batches=batches,
        fingerprint=f"sha256:{digest.hexdigest()[:16]}",
    )


def _decode(path: Path) -> Tensor:
    """uint8 C×H×W: 1 channel of a grey picture, 3 of any other."""
    try:
        with Image.open(path) as image:
            array = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a picture: {error}") from error
    return torch.from_numpy(array.copy().reshape(*array.shape[:2], -1)).permute(2, 0, 1)


def _words(shape: tuple[int, ...] | torch.Size) -> str:
    channels, height, width = shape
    return f"{width}x{height} {'grey' if channels == 1 else 'colour'}"
