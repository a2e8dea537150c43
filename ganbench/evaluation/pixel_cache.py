"""Images that were decoded once: a .npy file of uint8 N×C×H×W, and the sums of its rows beside it.

Written under another name and renamed, so that a file is whole or not there. One that is cut short
or that does not match its sums is passed over, and written again.
"""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import InputError

LIMIT = 50 * 2**30  # bytes; the files that were not used for longest go first
CHECKED = 1000  # rows of a mapped file, which would take long to read


def read(path: Path, shape: tuple[int, ...], *, mapped: bool) -> Tensor | None:
    """The images in the file, in memory or mapped; None if they are not there, or damaged."""
    try:
        pixels = np.load(path, mmap_mode="c", allow_pickle=False)
        sums = np.load(_sums(path), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if pixels.dtype != np.uint8 or pixels.shape != shape or sums.shape != shape[:1]:
        return None
    held = pixels if mapped else np.array(pixels)
    rows = range(len(held))
    if mapped and len(held) > CHECKED:
        rows = range(0, len(held), len(held) // CHECKED)
    if any(zlib.crc32(held[row]) != sums[row] for row in (*rows, len(held) - 1)):
        return None
    with suppress(OSError):
        os.utime(path)
    return torch.from_numpy(held)


def write(path: Path, shape: tuple[int, ...], batches: Iterator[Tensor], *, mapped: bool) -> Tensor:
    """Takes the images of all `batches`, N×C×H×W in all; returns them, in memory or mapped.

    What fits into memory is returned even if it cannot be written. Raises InputError if what does
    not fit cannot be written.
    """
    if not mapped:
        held = torch.empty(shape, dtype=torch.uint8)
        done = 0
        for batch in batches:
            held[done : done + len(batch)] = batch
            done += len(batch)
        with suppress(OSError):
            _save(path, shape, iter(held.split(256)))
        return held
    try:
        _save(path, shape, batches)
        prune(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}); the {np.prod(shape) / 2**30:.1f} GiB of "
            "prepared images need a place: name a folder with $GANBENCH_CACHE, or hold them in "
            "memory with --prepare.memory"
        ) from error
    found = read(path, shape, mapped=True)
    if found is None:
        raise InputError(f"{path} was written and cannot be read again; is the disk sound?")
    return found


def prune(kept: Path, limit: int = LIMIT) -> None:
    """Deletes files beside `kept` until all hold `limit` bytes or less, but never that one."""
    files = [(p.stat(), p) for p in kept.parent.glob("*.npy") if not p.name.endswith(".sums.npy")]
    size = sum(status.st_size for status, _ in files)
    for status, path in sorted(files, key=lambda item: item[0].st_mtime):
        if size > limit and path != kept:
            path.unlink(missing_ok=True)
            _sums(path).unlink(missing_ok=True)
            size -= status.st_size


def _save(path: Path, shape: tuple[int, ...], batches: Iterator[Tensor]) -> None:
    """Both files; on a full disk an OSError, where a mapped file would end the process."""
    parts = [path.with_name(f"{uuid.uuid4().hex}.part") for _ in range(2)]
    sums: list[int] = []
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with parts[0].open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for batch in batches:
                rows = batch.contiguous().numpy()
                sums += [zlib.crc32(row) for row in rows]
                file.write(rows.data)
        with parts[1].open("wb") as file:
            np.save(file, np.array(sums, np.uint32))
        parts[1].replace(_sums(path))
        parts[0].replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _sums(path: Path) -> Path:
    return path.with_suffix(".sums.npy")
