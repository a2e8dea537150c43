"""A set of pictures in files, wherever the files are: scanned, decoded in parallel, in order."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import torch
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluation.images.decode import SMALL, Alpha, BadPicture, Header, decode, header
from ganbench.types import Images

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".tif", ".tiff", ".gif")
LISTED = 20  # bad files that an error names
AHEAD = 4  # batches that are decoded before they are asked for

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reading:
    """How images are read.

    `skip_bad`: leave files out that cannot be read, rather than stop; `flag` is how the user asks
    for that. `alpha`: what stands behind transparent pictures; "drop" ignores transparency, "keep"
    makes it the fourth channel. `upright`: apply EXIF orientations. `workers`: threads that decode.
    """

    skip_bad: bool = False
    alpha: Alpha = "white"
    workers: int | None = None
    upright: bool = False
    flag: str = "--skip-bad"

    @property
    def threads(self) -> int:
        """Threads that decode; by default one a core, 16 at most."""
        return self.workers or min(os.cpu_count() or 1, 16)

    @property
    def policy(self) -> str:
        """What of this changes pixels, in words."""
        return self.alpha + (" upright" if self.upright else "")


@dataclass(frozen=True)
class File:
    """One file of a set: its path inside the set, and how to get its bytes (or BadPicture)."""

    path: str
    content: Callable[[], bytes]


@dataclass(frozen=True)
class _Seen:
    """A file after the scan."""

    file: File
    digest: bytes
    header: Header


def from_files(
    name: str,
    files: Sequence[File],
    reading: Reading,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Images:
    """The pictures in `files`, in the order of their paths; class folders give labels.

    Raises InputError with all the files that cannot be used, unless they are to be skipped.
    """
    files = sorted(files, key=lambda file: PurePosixPath(file.path).parts)
    look = partial(_look, reading=reading)
    with ThreadPoolExecutor(reading.threads) as pool:
        looked = []
        for one in pool.map(look, files):
            looked.append(one)
            if progress:
                progress(len(looked), len(files))
    seen = [one for one in looked if isinstance(one, _Seen)]
    bad = [one for one in looked if not isinstance(one, _Seen)]
    told = list(notes)
    if bad and not reading.skip_bad:
        bad += _damaged([one.file for one in seen], reading)
        raise InputError(_bad(name, bad, reading.flag))
    if bad:
        told.append(f"{len(bad):,} bad files were left out: {_few(path for path, _ in bad)}")
    if not seen:
        raise InputError(f"{name} holds no picture that can be read")
    return _images(name, seen, reading, told)


def _images(name: str, seen: Sequence[_Seen], reading: Reading, notes: list[str]) -> Images:
    channels = 1 if all(one.header.grey for one in seen) else 3
    channels = 4 if reading.alpha == "keep" else channels
    sizes = [_size(one.header, reading.upright) for one in seen]
    height, width = sizes[0] if len(set(sizes)) == 1 else (-1, -1)
    policy = f"{reading.policy} {channels}".encode()
    keys = [hashlib.sha256(one.digest + policy).digest()[:16] for one in seen]
    labels, classes = _labels([one.file.path for one in seen])
    marks = [""] * len(seen) if labels is None else map(str, labels.tolist())
    content = sorted(key + mark.encode() for key, mark in zip(keys, marks, strict=True))
    read = partial(_read, name, [one.file for one in seen], reading, channels)
    rows = torch.arange(len(seen))
    return Images(
        name=name,
        n=len(seen),
        shape=(channels, height, width),
        batches=lambda size: read(rows, size),
        fingerprint=f"sha256:{hashlib.sha256(b''.join(content)).hexdigest()[:16]}",
        labels=labels,
        classes=classes,
        read=read,
        keys=torch.frombuffer(bytearray(b"".join(keys)), dtype=torch.uint8).view(-1, 16),
        formats=dict(Counter(one.header.format for one in seen)),
        notes=(*notes, *_seldom(seen, reading)),
        files=tuple(one.file.path for one in seen),
        sizes=torch.tensor(sizes),
    )


def _size(header: Header, upright: bool) -> tuple[int, int]:
    """(height, width) of the picture as it is decoded."""
    return header.size[::-1] if upright and header.turned else header.size


def _read(
    name: str, files: Sequence[File], reading: Reading, channels: int, rows: Tensor, size: int
) -> Iterator[Tensor]:
    """The pictures of the rows in batches of one size, decoded ahead by a pool of threads."""

    def take(part: Sequence[File]) -> list[Tensor | BadPicture]:
        return [_decode(file, reading, channels) for file in part]

    wanted = [files[row] for row in rows.tolist()]
    step = max(1, min(size, 16))  # files a task
    parts = [wanted[i : i + step] for i in range(0, len(wanted), step)]
    pool = ThreadPoolExecutor(reading.threads)
    tasks: deque[Future[list[Tensor | BadPicture]]] = deque()
    gathered: list[Tensor] = []
    done = 0
    try:
        waiting = iter(parts)
        while True:
            for part in waiting:
                tasks.append(pool.submit(take, part))
                if len(tasks) >= AHEAD * reading.threads + size // step:
                    break
            if not tasks:
                break
            for picture in tasks.popleft().result():
                if isinstance(picture, BadPicture):
                    raise InputError(_bad(name, _damaged(wanted[done:], reading), reading.flag))
                done += 1
                if gathered and (len(gathered) == size or gathered[0].shape != picture.shape):
                    yield torch.stack(gathered)
                    gathered = []
                gathered.append(picture)
        if gathered:
            yield torch.stack(gathered)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _look(file: File, reading: Reading) -> _Seen | tuple[str, str]:
    """The file's header and hash, or its path and what is wrong; decoded too if bad are skipped."""
    try:
        content = file.content()
        found = header(content)
        if reading.skip_bad:
            decode(content, reading.alpha, 3)
    except BadPicture as error:
        return file.path, str(error)
    return _Seen(file, hashlib.sha256(content).digest(), found)


def _decode(file: File, reading: Reading, channels: int) -> Tensor | BadPicture:
    try:
        return decode(file.content(), reading.alpha, channels, reading.upright)
    except BadPicture as error:
        return error


def _damaged(files: Sequence[File], reading: Reading) -> list[tuple[str, str]]:
    """(path, what is wrong) of the files that cannot be decoded to their end."""
    with ThreadPoolExecutor(reading.threads) as pool:
        decoded = pool.map(lambda file: _decode(file, reading, 3), files)
        return [
            (file.path, str(one))
            for file, one in zip(files, decoded, strict=True)
            if isinstance(one, BadPicture)
        ]


def _bad(name: str, bad: Sequence[tuple[str, str]], flag: str) -> str:
    lines = [f"  {path}: {why}" for path, why in bad[:LISTED]]
    if len(bad) > LISTED:
        lines.append(f"  ... and {len(bad) - LISTED:,} more")
    files = (
        "1 file that cannot be used" if len(bad) == 1 else f"{len(bad):,} files that cannot be used"
    )
    return "\n".join([f"{name} holds {files}; {flag} leaves them out", *lines])


def _labels(paths: Sequence[str]) -> tuple[Tensor | None, tuple[str, ...] | None]:
    """Where all files lie in two folders or more and none beside them, each folder is a class."""
    parts = [PurePosixPath(path).parts for path in paths]
    names = sorted({part[0] for part in parts})
    if any(len(part) < 2 for part in parts) or len(names) < 2:
        return None, None
    number = {name: i for i, name in enumerate(names)}
    return torch.tensor([number[part[0]] for part in parts]), tuple(names)


def _seldom(seen: Sequence[_Seen], reading: Reading) -> list[str]:
    """Notes on what the policy has decided."""
    behind = {"drop": "transparency is ignored", "keep": "the fourth channel says how much"}
    turned = "and were turned upright" if reading.upright else "which is not applied"
    words = {
        "transparent": f"are transparent: {behind.get(reading.alpha, f'put on {reading.alpha}')}",
        "16 bits": "have 16 bits: divided by 257 and rounded",
        "animated": "are animations: the first frame counts",
        "EXIF orientation": f"have an EXIF orientation, {turned}",
        "tiny": f"have a side below {SMALL} pixels",
    }
    counts = Counter(word for one in seen for word in one.header.seldom)
    return [f"{counts[word]:,} pictures {says}" for word, says in words.items() if counts[word]]


def _few(paths: Iterable[str]) -> str:
    names = list(paths)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
