"""A run folder that is open for writing: its steps, its forks, its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Self

from ganbench.errors import StoreError
from ganbench.store.console import Console
from ganbench.store.folder import RunFolder, find
from ganbench.store.journal import reached
from ganbench.store.recorder import Recorder
from ganbench.store.relay import Relay
from ganbench.track import endings, server
from ganbench.track import sinks as trackers
from ganbench.track.quiet import quiet, warn_once


def runs_folder(given: str | Path | None = None) -> Path:
    """Where runs are: `given`, else $GANBENCH_RUNS, else ./runs."""
    return Path(given or os.environ.get("GANBENCH_RUNS") or "runs")


class Session:
    """What of a run does not depend on what is logged. `ganbench.Run` is the rest."""

    folder: RunFolder
    project: str
    name: str
    _pid: int
    _finished: bool
    _console: Console | None

    @classmethod
    def resume(
        cls,
        run: str,
        *,
        runs_dir: str | Path | None = None,
        sinks: Sequence[str | Relay] | None = None,
        console: bool = True,
    ) -> Self:
        """Goes on with the run called `run` (its id, the start of it, or "latest").

        It gets another journal; the step after the last one comes next. The sinks are those that it
        had, or `sinks`. Raises StoreError if there is no such run.
        """
        found = find(runs_folder(runs_dir), run)
        content = found.read()
        sinks = content.get("sinks", ()) if sinks is None else sinks
        trackers.check(sinks)
        made = cls.__new__(cls)
        project, name = content.get("project") or "run", content.get("name")
        made._open(found, project, name, reached(found.path), sinks, console)
        return made

    @property
    def id(self) -> str:
        """The run's identifier, the name of its folder."""
        return self.folder.id

    @property
    def url(self) -> str:
        """Where `ganbench serve` shows it, here or on the server, from its first second."""
        return server.address(self.id)

    @property
    def step(self) -> int:
        """The last step that something was logged at."""
        return self._step

    @property
    def next_step(self) -> int:
        """The step of the next numbers that come without one."""
        return self._auto

    @quiet
    def finish(
        self, state: str = "finished", reason: str | None = None, *, summary: bool = True
    ) -> None:
        """Ends the run and prints its summary. Called by itself when the process ends.

        `state`: "finished", "failed", "killed" or "diverged".
        """
        with self._lock:
            if self._finished or self._pid != os.getpid():
                return
            self._finished = True
        told = self._recorder.summary(self._seen)
        self._recorder.end(state, self._step, self._seen, reason=reason, summary=told)
        if self._console is not None:
            self._console.close()
        if summary:
            from ganbench.summary import summarise

            summarise(self.folder, self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self.finish(*endings.outcome(error))

    def unlock(self) -> None:
        """Makes a new lock, in the child of a fork."""
        self._lock = threading.RLock()

    def _open(
        self,
        where: RunFolder,
        project: str,
        name: str | None,
        reached: tuple[int, int],
        sinks: Sequence[str | Relay],
        console: bool,
    ) -> None:
        """Begins to write into a folder that `reached` a step (−1: none) and images seen."""
        step, seen = reached
        self.folder = where
        self.project = project
        self.name = name or where.id
        at = None if step < 0 else step
        # The server is the last: it hears what the others print.
        self._relays = (*trackers.relays(sinks, where, at), *server.relays(where))
        self._prefix: ContextVar[str] = ContextVar("prefix", default="")
        self._step, self._seen = max(step, 0), seen
        self._auto = step + 1  # the step that comes next where none is given
        self._finished = False
        self._pid = os.getpid()
        self._begin(child=False)
        self._console = Console(self.folder.console) if console else None
        endings.watch(self)
        runs_dir = self.folder.path.parent
        print(f"ganbench run {self.id}   {self.url}   ({server.how(runs_dir)})")

    def _begin(self, *, child: bool) -> None:
        self._lock = threading.RLock()
        self._recorder = Recorder(
            self.folder,
            step=self._step,
            seen=self._seen,
            relays=() if child else self._relays,
            complain=lambda words: warn_once(f"{self.id} {words.split(':')[-1]}", words),
            child=child,
        )

    def _writer(self) -> Recorder:
        """The recorder of this process. Raises StoreError once the run has been finished."""
        if self._finished:
            raise StoreError(f"run {self.id} has been finished; this was not logged")
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._begin(child=True)
        return self._recorder

    def _at(
        self, step: int | None, seen: int | None = None, *, auto: bool = False
    ) -> tuple[int, int]:
        with self._lock:
            if step is None:
                step = self._auto if auto else self._step
            if auto:
                self._auto = int(step) + 1
            self._step = int(step)
            if seen is not None:
                self._seen = int(seen)
            return self._step, self._seen
