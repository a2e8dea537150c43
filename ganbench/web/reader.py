"""The page's view of the store: an index that is brought up to date while somebody looks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ganbench.errors import StoreError
from ganbench.store import query
from ganbench.store.folder import IDENTIFIER, RunFolder
from ganbench.store.index import Index

FRESH = 0.5  # seconds for which an index counts as up to date
PATIENCE = 1.0  # seconds that an answer waits for the index; then it says what is known so far
LONGEST = 10.0  # seconds that it waits for a run that is in its folder, but not yet in the index


class Reader:
    """Opens the index of `runs_dir`, on the PostgreSQL server at `url` if there is one.

    `current()` brings it up to date, at most every `FRESH` seconds, and opens it again when it was
    deleted or failed.
    A long reading goes on on a thread of its own, while answers are given from what is read
    already; `progress` is then the share that is done, else None.
    """

    def __init__(self, runs_dir: Path, url: str | None = None) -> None:
        self.runs_dir = runs_dir
        self._url = url
        self.progress: float | None = None
        self._index = Index(runs_dir, url)
        self._failed = False
        self._lock = threading.Lock()
        self._read = 0.0
        self._began = 0.0
        self._working: threading.Thread | None = None

    @property
    def problems(self) -> list[str]:
        """Runs that could not be read, in words."""
        return self._index.problems

    @property
    def reading(self) -> float | None:
        """The share that is done while runs are read, and may be missing; else None."""
        return None if self._working is None else self.progress or 0.0

    def current(self) -> Index:
        """The index, up to date unless that takes longer than `PATIENCE`. Thread-safe.

        Raises StoreError if it has to be opened again and cannot be.
        """
        with self._lock:
            if self._working is None and time.monotonic() - self._read > FRESH:
                self._read = time.monotonic()  # who comes while it cannot be opened is not kept
                if self._failed or self._index.replaced():
                    self._reopen()
                self._working = threading.Thread(target=self._refresh, name="ganbench-index")
                self._began = time.monotonic()
                self._working.start()
            working = self._working
        if working is not None:
            working.join(PATIENCE if self.progress is None else 0.0)
            with self._lock:
                if self._working is working and self.progress is None:
                    self.progress = 0.0  # still looking for what there is
        return self._index

    def find(self, run: str) -> RunFolder | None:
        """The folder of the run with exactly this id, if the index knows it."""
        path = query.folder_of(self._index, run) or query.folder_of(self.current(), run)
        if path is None and self._near(run):
            path = self._wait(run)
        return RunFolder(path) if path is not None and path.is_dir() else None

    def folder(self, run: str) -> RunFolder | None:
        """The folder of the run with exactly this id, also if the index does not know it yet."""
        return RunFolder(self.runs_dir / run) if self._near(run) else self.find(run)

    def close(self) -> None:
        """Releases the index."""
        working = self._working
        if working is not None:
            working.join()
        self._index.close()

    def _near(self, run: str) -> bool:
        return bool(IDENTIFIER.fullmatch(run)) and (self.runs_dir / run / "run.json").exists()

    def _wait(self, run: str) -> Path | None:
        """Where `run` is as soon as the index knows it; None when all was read without it."""
        began = time.monotonic()
        while time.monotonic() < began + LONGEST:
            path = query.folder_of(self.current(), run)
            if path is not None or (self._working is None and self._read > began):
                return path
            time.sleep(0.05)
        return None

    def _reopen(self) -> None:
        before, self._index = self._index, Index(self.runs_dir, self._url)
        self._failed = False
        before.close()

    def _refresh(self) -> None:
        try:
            self._index.refresh(self._note)
        except StoreError as error:
            self._index.problems = [str(error)]
            self._failed = True
        finally:
            with self._lock:
                self._read = time.monotonic()
                self._working, self.progress = None, None

    def _note(self, done: int, total: int) -> None:
        if time.monotonic() - self._began > PATIENCE and total:
            self.progress = done / total
