"""The page's view of the store: an index that is brought up to date when somebody looks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ganbench.errors import StoreError
from ganbench.store import folder
from ganbench.store.index import Index

FRESH = 0.5  # seconds for which an index counts as up to date


class Reader:
    """Opens the index of `runs_dir`; `current()` refreshes it at most every `FRESH` seconds."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self._index = Index(runs_dir)
        self._lock = threading.Lock()
        self._read = 0.0

    def current(self) -> Index:
        """The index, up to date. Thread-safe."""
        with self._lock:
            if not self._index.path.exists():  # somebody deleted it
                self._index.close()
                self._index = Index(self.runs_dir)
                self._read = 0.0
            if time.monotonic() - self._read > FRESH:
                self._index.refresh()
                self._read = time.monotonic()
            return self._index

    def find(self, run: str) -> folder.RunFolder | None:
        """The folder of the run with exactly this id."""
        try:
            found = folder.find(self.runs_dir, run)
        except StoreError:
            return None
        return found if found.id == run else None

    def close(self) -> None:
        """Releases the index."""
        self._index.close()
