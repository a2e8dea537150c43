"""The files/ of a run folder while a run is imported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ganbench.errors import StoreError, explain
from ganbench.imports.names import Names
from ganbench.store.journal import spell

PART = 2**20  # bytes that are copied at once


class Unreadable(Exception):
    """A file of the source could not be read; the message says why."""


class Files:
    """Keeps files below `folder`, each under a safe name of its own. Thread-safe.

    Every method raises StoreError when the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self.kept = 0
        self._folder = folder
        self._names = Names()
        self._lines: dict[str, Path] = {}
        self._lock = threading.Lock()

    def copy(self, name: str, opened: Callable[[], BinaryIO]) -> None:
        """What `opened()` reads. Raises Unreadable, and keeps nothing, if it cannot be read."""
        try:
            source = opened()
        except Exception as error:  # of whatever library reads it
            raise Unreadable(f"{name}: {error}") from error
        path = self._place(name)
        try:
            with source, path.open("wb") as target:
                for part in _parts(name, source):
                    target.write(part)
        except Unreadable:
            path.unlink()
            with self._lock:
                self.kept -= 1
            raise
        except OSError as error:
            raise StoreError(explain(error, path)) from error

    def store(self, name: str, content: bytes) -> None:
        """Bytes."""
        path = self._place(name)
        try:
            path.write_bytes(content)
        except OSError as error:
            raise StoreError(explain(error, path)) from error

    def add(self, name: str, content: Mapping[str, Any]) -> None:
        """One more line of JSON in the file `name`."""
        path = self._lines.get(name)
        if path is None:
            path = self._lines[name] = self._place(name)
        try:
            with path.open("ab") as file:
                file.write(orjson.dumps(spell(content), default=str) + b"\n")
        except OSError as error:
            raise StoreError(explain(error, path)) from error

    def move(self, file: Path, name: str) -> None:
        """Takes a file that is already in the run folder."""
        path = self._place(name)
        try:
            file.rename(path)
        except OSError as error:
            raise StoreError(explain(error, path)) from error

    def _place(self, name: str) -> Path:
        with self._lock:
            path = self._folder / self._names.fresh(name)
            self.kept += 1
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(explain(error, path)) from error
        return path


def _parts(name: str, source: BinaryIO) -> Iterator[bytes]:
    while True:
        try:
            part = source.read(PART)
        except Exception as error:  # of whatever library reads it
            raise Unreadable(f"{name}: {error}") from error
        if not part:
            return
        yield part
