"""A folder of pictures, with all folders below it; and the same in a zip file."""

from __future__ import annotations

import os
import stat
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from ganbench.errors import InputError
from ganbench.evaluation.images.decode import BadPicture
from ganbench.evaluation.images.pictures import SUFFIXES, File, Progress, Reading, from_files
from ganbench.types import Images

LARGEST = 2**28  # bytes of one file


def from_folder(path: Path, reading: Reading, progress: Progress | None = None) -> Images:
    """The pictures in `path` and below, links followed. Raises InputError, naming the files."""
    others: Counter[str] = Counter()
    files = []
    for found in _walk(path, set()):
        if found.suffix.lower() in SUFFIXES:
            name = _printable(found.relative_to(path).as_posix())
            files.append(File(name, partial(_content, found)))
        else:
            others[found.suffix.lower() or "no suffix"] += 1
    if not files:
        raise InputError(_nothing(str(path), others))
    return from_files(_printable(str(path)), files, reading, _left_out(others), progress)


def from_zip(path: Path, reading: Reading, progress: Progress | None = None) -> Images:
    """The pictures in a zip file, which is not unpacked. Raises InputError, naming the files."""
    try:
        archive = zipfile.ZipFile(path)
        members = [info for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as .zip: {error}") from error
    others: Counter[str] = Counter()
    files, lock = [], threading.Lock()
    for info in members:
        inside = PurePosixPath(info.filename)
        if any(part.startswith(".") or part == "__MACOSX" for part in inside.parts):
            continue
        if inside.suffix.lower() in SUFFIXES:
            content = partial(_member, archive, info, lock)
            files.append(File(info.filename, content))
        else:
            others[inside.suffix.lower() or "no suffix"] += 1
    if not files:
        raise InputError(_nothing(str(path), others))
    shared = os.path.commonpath([str(PurePosixPath(file.path).parent) for file in files])
    cut = len(shared) + 1 if shared else 0  # a zip often holds one folder with everything in it
    files = [File(file.path[cut:], file.content) for file in files]
    return from_files(str(path), files, reading, _left_out(others), progress)


def _walk(folder: Path, above: set[tuple[int, int]]) -> Iterator[Path]:
    """The files below; a folder that holds itself through a link is entered once.

    Hidden files and folders are passed over.
    """
    status = folder.stat()
    here = status.st_dev, status.st_ino
    if here in above:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), above | {here})
        else:
            yield Path(entry.path)


def _content(path: Path) -> bytes:
    """The bytes of a regular file; anything else could wait for ever."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadPicture("it is not a regular file")
        if status.st_size > LARGEST:
            raise BadPicture(f"it has {status.st_size:,} bytes; {LARGEST:,} are the most")
        return path.read_bytes()
    except FileNotFoundError as error:
        broken = "it is a link that leads nowhere" if path.is_symlink() else "it has gone"
        raise BadPicture(broken) from error
    except OSError as error:
        raise BadPicture(f"it cannot be read: {error.strerror}") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, lock: threading.Lock) -> bytes:
    if info.file_size > LARGEST:
        raise BadPicture(f"it has {info.file_size:,} bytes; {LARGEST:,} are the most")
    try:
        with lock:
            return archive.read(info)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise BadPicture(f"it cannot be unpacked: {error}") from error


def _nothing(name: str, others: Counter[str]) -> str:
    held = f"; its files are {_counts(others)}" if others else "; it is empty"
    return f"{name} holds no pictures ({', '.join(SUFFIXES)}){held}"


def _left_out(others: Counter[str]) -> list[str]:
    if not others:
        return []
    return [f"{others.total():,} files are no pictures and were left out: {_counts(others)}"]


def _counts(others: Counter[str]) -> str:
    return ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))


def _printable(name: str) -> str:
    """A name whose bytes are no UTF-8, as it can be printed."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
