"""The page's view of the store: an index that is brought up to date while somebody looks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ganbench.errors import StoreError
from ganbench.store import query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index

FRESH = 0.5  # seconds for which an index counts as up to date
PATIENCE = 1.0  # seconds that an answer waits for the index; then it says what is known so far


class Reader:
    """Opens the index of `runs_dir`; `current()` brings it up to date, at most every `FRESH` s.

    A long reading goes on on a thread of its own, while answers are given from what is read
    already; `progress` is then the share that is done, else None.
    """

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self.progress: float | None = None
        self._index = Index(runs_dir)
        self._lock = threading.Lock()
        self._read = 0.0
        self._began = 0.0
        self._working: threading.Thread | None = None

    @property
    def problems(self) -> list[str]:
        """Runs that could not be read, in words."""
        return self._index.problems

    def current(self) -> Index:
        """The index, up to date unless that takes longer than `PATIENCE`. Thread-safe."""
        with self._lock:
            if self._working is None and not self._index.path.exists():  # somebody deleted it
                self._index.close()
                self._index = Index(self.runs_dir)
                self._read = 0.0
            if self._working is None and time.monotonic() - self._read > FRESH:
                self._working = threading.Thread(target=self._refresh, name="ganbench-index")
                self._began = time.monotonic()
                self._working.start()
            working = self._working
        if working is not None:
            working.join(PATIENCE if self.progress is None else 0.0)
        return self._index

    def find(self, run: str) -> RunFolder | None:
        """The folder of the run with exactly this id."""
        path = query.folder_of(self._index, run) or query.folder_of(self.current(), run)
        return RunFolder(path) if path is not None and path.is_dir() else None

    def close(self) -> None:
        """Releases the index."""
        working = self._working
        if working is not None:
            working.join()
        self._index.close()

    def _refresh(self) -> None:
        try:
            self._index.refresh(self._note)
        except StoreError as error:
            self._index.problems = [str(error)]
        finally:
            with self._lock:
                self._read = time.monotonic()
                self._working, self.progress = None, None

    def _note(self, done: int, total: int) -> None:
        if time.monotonic() - self._began > PATIENCE and total:
            self.progress = done / total
