"""CIFAR-10, which is not shipped: its official binary version, or a folder of pictures.

A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009). The version for
Python is made of pickles, which may run code when they are read; it is refused.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbench.downloads import data_dirs
from ganbench.errors import InputError
from ganbench.types import Images

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
ROW = 1 + 3 * 32 * 32  # bytes: the label, then the red, green and blue planes
BINARY, PYTHON = "cifar-10-binary.tar.gz", "cifar-10-python.tar.gz"
BATCHES = {"train": re.compile(r"data_batch_\d\.bin"), "test": re.compile(r"test_batch\.bin")}
PICKLES = re.compile(r"(data_batch_\d|test_batch)")
HOME = "https://www.cs.toronto.edu/~kriz/cifar.html"
SUFFIXES = (".png", ".jpg", ".jpeg")


def cifar10(split: str) -> Images:
    """CIFAR-10: 50,000 training or 10,000 test pictures, uint8 3×32×32, labels 0 to 9.

    Read from the binary version, packed or not, or from the folders SPLIT/CLASS of pictures, in
    $GANBENCH_DATA/cifar10. Raises InputError if there is neither.
    """
    name = f"builtin:cifar10:{split}"
    for folder in data_dirs("cifar10"):
        for place in (folder, folder / BINARY):
            if holds_batches(place):
                return _images(name, *read(place, split), Counter())
        if (folder / split).is_dir():
            return _from_pictures(name, folder / split)
    where = data_dirs("cifar10")[0]
    raise InputError(
        f"{name} is not on this machine. Put {BINARY} of {HOME}, packed or unpacked, into {where} "
        f"(another folder for data is named by $GANBENCH_DATA), or pictures of 32x32 pixels into "
        f"{where}/{split}/<class>"
    )


def holds_batches(path: Path) -> bool:
    """Whether `path` is CIFAR-10, as a folder, a file .bin or an archive .tar.gz.

    Raises InputError for its version for Python.
    """
    try:
        names = {member for member, _ in _members(path, contents=False)}
    except (OSError, tarfile.TarError, EOFError, zlib.error):
        return False
    if any(PICKLES.fullmatch(name) for name in names) or path.name == PYTHON:
        raise InputError(
            f"{path} is CIFAR-10 for Python, made of pickles, which may run code when they are "
            f"read; take the binary version, {BINARY}, of {HOME}"
        )
    return any(pattern.fullmatch(name) for pattern in BATCHES.values() for name in names)


def read(path: Path, split: str) -> tuple[Tensor, Tensor]:
    """(uint8 N×3×32×32, labels int64 N) of a split; of a single file, of what it holds.

    Raises InputError if a file is cut short or another one.
    """
    pattern = re.compile(r".*\.bin") if path.suffix == ".bin" else BATCHES[split]
    try:
        found = dict(_members(path, contents=True))
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    parts = []
    for name in sorted(found):
        if not pattern.fullmatch(name):
            continue
        rows = np.frombuffer(found[name], np.uint8)
        if not len(rows) or len(rows) % ROW:
            raise InputError(f"{path}, {name}: {len(rows):,} bytes are not whole rows of {ROW}")
        parts.append(rows.reshape(-1, ROW))
    if not parts:
        raise InputError(f"{path} holds nothing of the split {split}")
    whole = np.concatenate(parts)
    if whole[:, 0].max() >= len(CLASSES):
        raise InputError(f"{path}: the label {whole[:, 0].max()} is none of CIFAR-10's, 0 to 9")
    pixels = torch.from_numpy(np.ascontiguousarray(whole[:, 1:]).reshape(-1, 3, 32, 32))
    return pixels, torch.from_numpy(whole[:, 0].astype(np.int64))


def _members(path: Path, *, contents: bool) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the batches in a folder, in the one below it, in an archive, or a file."""
    if path.is_dir():
        for folder in (path, path / "cifar-10-batches-bin", path / "cifar-10-batches-py"):
            for file in sorted(folder.glob("*_batch*")):
                yield file.name, file.read_bytes() if contents else b""
    elif path.suffix == ".bin" and path.is_file():
        yield path.name, path.read_bytes() if contents else b""
    elif path.name.endswith((".tar.gz", ".tgz")) and path.is_file():
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if member.isfile() and "_batch" in name:
                    held = archive.extractfile(member) if contents else None
                    yield name, held.read() if held else b""


def _from_pictures(name: str, folder: Path) -> Images:
    pixels, labels, formats = [], [], Counter[str]()
    for label, known in enumerate(CLASSES):
        for path in sorted((folder / known).glob("*")):
            if path.suffix.lower() not in SUFFIXES:
                continue
            try:
                with Image.open(path) as picture:
                    array = np.asarray(picture.convert("RGB"))
                    formats[picture.format or "?"] += 1
            except (OSError, SyntaxError) as error:
                raise InputError(f"{path} cannot be read: {error}") from error
            if array.shape != (32, 32, 3):
                raise InputError(f"{path} is {array.shape[1]}x{array.shape[0]}, expected 32x32")
            pixels.append(torch.from_numpy(array.transpose(2, 0, 1).copy()))
            labels.append(label)
    if not pixels:
        raise InputError(f"{folder} holds no pictures in folders {', '.join(CLASSES)}")
    return _images(name, torch.stack(pixels), torch.tensor(labels), formats)


def _images(name: str, pixels: Tensor, labels: Tensor, formats: Counter[str]) -> Images:
    lossy = "JPEG files, which are lossy: no score on them is one on CIFAR-10 as published"
    return Images(
        name=name,
        n=len(pixels),
        shape=(3, 32, 32),
        batches=lambda size: iter(pixels.split(size)),
        fingerprint=f"sha256:{hashlib.sha256(pixels.numpy().tobytes()).hexdigest()[:16]}",
        labels=labels,
        classes=CLASSES,
        formats=dict(formats),
        notes=(lossy,) if formats["JPEG"] else (),
    )
