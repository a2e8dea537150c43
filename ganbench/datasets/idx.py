"""The file format of MNIST and of the data sets that take its place: images and labels as idx."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import InputError

STEMS = {"train": "train", "test": "t10k"}
UBYTE = 8  # the type code


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is packed by gzip. Raises InputError if it is damaged."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def parse(raw: bytes, name: str) -> Tensor:
    """uint8 of any rank: images N×1×H×W for rank 3. Raises InputError if `raw` is no such file."""
    # Two zero bytes, a type code, the rank, then the sizes as big-endian uint32.
    if raw[:2] != b"\0\0" or len(raw) < 4 or raw[2] != UBYTE or len(raw) < 4 + 4 * raw[3]:
        raise InputError(f"{name} is no idx file of bytes")
    rank = raw[3]
    shape = [int(side) for side in np.frombuffer(raw, ">u4", count=rank, offset=4)]
    array = np.frombuffer(raw, np.uint8, offset=4 + 4 * rank)
    if array.size != np.prod(shape, dtype=object):
        raise InputError(f"{name} says {'x'.join(map(str, shape))} and holds {array.size:,} bytes")
    made = torch.from_numpy(array.reshape(shape).copy())
    return made[:, None] if rank == 3 else made


def images_of(folder: Path, split: str) -> Path | None:
    """The file of the images of `split` in `folder`, packed or not, if it is there."""
    stem = f"{STEMS[split]}-images-idx3-ubyte"
    return next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), None)


def labels_of(images: Path) -> Path | None:
    """The file of labels beside one of images, packed or not, if it is there."""
    name = images.name.removesuffix(".gz").replace("images-idx3", "labels-idx1")
    both = (images.with_name(name), images.with_name(f"{name}.gz"))
    return next((path for path in both if path != images and path.is_file()), None)
