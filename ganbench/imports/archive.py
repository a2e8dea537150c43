"""A zip file of a stranger, or a folder, opened so that nothing in it can reach out of it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from ganbench.errors import InputError
from ganbench.imports.missing import unreadable

MOST_FILES = 1_000_000
MOST_BYTES = 64 * 2**30  # of all files, unpacked
MOST_RATIO = 200  # unpacked bytes for each packed one; text and blank pictures shrink 100 times
FREE = 2**30  # bytes that a zip of any ratio may hold


class Archive(Protocol):
    """Files by name."""

    def sizes(self) -> dict[str, int]:
        """Bytes of each file, unpacked."""

    def open(self, name: str) -> BinaryIO:
        """A file to read."""


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A zip file, whose list of contents is examined first, or a folder.

    Nothing is unpacked to disk. Raises InputError for what is neither, for names that lead out
    (absolute, `..`), for links, for encryption, and for contents that are out of all proportion.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        file = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is not a whole zip file: {error}") from error
    except OSError as error:
        raise unreadable(error, path) from error
    with file:
        _examine(path, file)
        yield _Zip(file)


def digest(path: Path) -> str:
    """The sha256 of a file, or of the names, sizes and times of what is in a folder."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        listed = [(str(p.relative_to(path)), p.stat()) for p in sorted(path.rglob("*"))]
    except OSError as error:
        raise unreadable(error, path) from error
    told = "\n".join(f"{name} {s.st_size} {s.st_mtime_ns}" for name, s in listed)
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()


class _Zip:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def sizes(self) -> dict[str, int]:
        return {i.filename: i.file_size for i in self._file.infolist() if not i.is_dir()}

    def open(self, name: str) -> BinaryIO:
        return self._file.open(name)  # type: ignore[return-value]


class _Folder:
    """Regular files directly below a folder; links are not followed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with os.scandir(path) as entries:
            self._sizes = {
                entry.name: entry.stat(follow_symlinks=False).st_size
                for entry in entries
                if entry.is_file(follow_symlinks=False)
            }

    def sizes(self) -> dict[str, int]:
        return self._sizes

    def open(self, name: str) -> BinaryIO:
        if name not in self._sizes:
            raise FileNotFoundError(f"{self._path} holds no file {name!r}")
        return (self._path / name).open("rb")


def _examine(path: Path, file: zipfile.ZipFile) -> None:
    entries = file.infolist()
    if len(entries) > MOST_FILES:
        raise InputError(f"{path} holds {len(entries):,} files; at most {MOST_FILES:,} are read")
    for entry in entries:
        why = _objection(entry)
        if why:
            raise InputError(f"{path}: {entry.filename!r} {why}; nothing was imported")
    total = sum(entry.file_size for entry in entries)
    packed = path.stat().st_size
    most = min(MOST_BYTES, max(FREE, MOST_RATIO * packed))
    if total > most:
        raise InputError(
            f"{path}: {packed:,} bytes that unpack to {total:,}; at most {most:,} are read. "
            "If you trust it, unpack it yourself and import the folder"
        )


def _objection(entry: zipfile.ZipInfo) -> str | None:
    name = entry.filename
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "is an absolute path"
    if ".." in re.split(r"[/\\]", name):
        return "leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted"
    return None
