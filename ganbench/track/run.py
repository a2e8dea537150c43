"""`ganbench.Run`: a run of anybody's training loop."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from ganbench.environment import describe
from ganbench.errors import InputError, StoreError, explain
from ganbench.store import folder
from ganbench.store.annotations import change
from ganbench.store.console import Console
from ganbench.store.recorder import Recorder
from ganbench.store.relay import Relay
from ganbench.track import endings, pictures
from ganbench.track.quiet import quiet, warn_once
from ganbench.track.values import plain

PORT = 8642


class Run:
    """One run: a folder that `ganbench serve` shows while it grows.

    `project` and `name` are what people call it, `config` its parameters (nested mappings are
    welcome), `tags` words to find it by, `notes` Markdown. The folder is made below `runs_dir`
    (default: $GANBENCH_RUNS, else ./runs). `relays` get everything that is logged as well. What is
    printed meanwhile is kept in console.log, unless `console` is false.

    Raises InputError and StoreError when it cannot be made. After that nothing is raised: what goes
    wrong is said once on standard error. Methods may be called from any thread, and in forked
    processes, which write journals of their own.
    """

    def __init__(
        self,
        project: str = "run",
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        *,
        notes: str = "",
        runs_dir: str | Path | None = None,
        relays: Sequence[Relay] = (),
        console: bool = True,
    ) -> None:
        where = Path(runs_dir or os.environ.get("GANBENCH_RUNS") or "runs")
        if isinstance(tags, str):
            raise InputError(f"tags: expected a list of words, got the one word {tags!r}")
        content = {
            "project": project,
            "name": name,
            "config": plain(config or {}),
            "environment": describe(),
            "command": sys.argv,
            "tags": [str(tag) for tag in tags],
            "notes": notes,
        }
        self.folder = folder.create(where, project, content)
        self.name = name or self.folder.id
        self.project = project
        self._relays = tuple(relays)
        self._prefix: ContextVar[str] = ContextVar("prefix", default="")
        self._step, self._seen = 0, 0
        self._auto = 0  # the step that comes next where none is given
        self._finished = False
        self._pid = os.getpid()
        self._begin(child=False)
        self._console = Console(self.folder.console) if console else None
        endings.watch(self)
        print(f"ganbench run {self.id}   {self.url}   (ganbench serve --runs-dir {where})")

    @property
    def id(self) -> str:
        """The run's identifier, the name of its folder."""
        return self.folder.id

    @property
    def url(self) -> str:
        """Where `ganbench serve` shows it, from its first second."""
        return f"http://127.0.0.1:{PORT}/runs/{self.id}"

    @property
    def step(self) -> int:
        """The last step that something was logged at."""
        return self._step

    @quiet
    def log(
        self, values: Mapping[str, Any], step: int | None = None, seen: int | None = None
    ) -> None:
        """Named numbers at a step; without one, the step after the last such call.

        `seen` is the number of real images used so far, if you count them. A name that is no number
        (a string, an image) is left out with a warning; NaN and the infinities are numbers.
        """
        prefix = self._prefix.get()
        try:
            numbers = {prefix + name: float(value) for name, value in values.items()}
        except (TypeError, ValueError):
            numbers = self._numbers(prefix, values)
        if numbers:
            at = self._at(step, seen, auto=True)
            self._writer().scalars(*at, numbers)

    @quiet
    def log_image(
        self, name: str, image: Any, step: int | None = None, *, caption: str | None = None
    ) -> None:
        """One picture: a path, a PIL image, or an array or tensor of H×W, H×W×C or C×H×W.

        Returns before it is encoded. Floats are read as [0, 1], [−1, 1] or [0, 255], whichever
        holds them.
        """
        self._picture(name, pictures.later(image), step, caption)

    @quiet
    def log_images(
        self,
        name: str,
        images: Any,
        step: int | None = None,
        *,
        columns: int | None = None,
        caption: str | None = None,
    ) -> None:
        """Many images as one grid: N×H×W, N×H×W×C, N×C×H×W, or a list of images of one size."""
        self._picture(name, pictures.grid(images, columns), step, caption)

    @quiet
    def log_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """A Matplotlib figure as a picture; a Plotly figure as a file that the page draws."""
        if hasattr(figure, "to_plotly_json"):
            step = self._at(step)[0]
            self.log_file(figure.to_json().encode(), f"figures/{name}-{step}.plotly.json")
        else:
            self._picture(name, pictures.later(pictures.of_figure(figure)), step, None)

    @quiet
    def log_text(self, text: str, step: int | None = None, *, name: str = "text") -> None:
        """A text at a step."""
        at = self._at(step)
        self._writer().text(self._prefix.get() + name, *at, str(text))

    @quiet
    def log_config(self, values: Mapping[str, Any]) -> None:
        """Parameters that were not known before, or have changed."""
        self._writer().config(plain(values))

    @quiet
    def log_file(self, file: str | Path | bytes, name: str | None = None) -> None:
        """Keeps a copy of a file, or of bytes, as files/`name` in the run folder."""
        if isinstance(file, bytes) and not name:
            raise InputError("log_file: bytes need a name")
        target = self.folder.files / (name or Path(str(file)).name)
        if not target.resolve().is_relative_to(self.folder.files.resolve()):
            raise InputError(f"log_file: {name!r} leads out of the run folder")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(file, bytes):
                target.write_bytes(file)
            else:
                shutil.copyfile(file, target)
        except OSError as error:
            raise StoreError(explain(error, target)) from error

    @quiet
    def add_tags(self, *tags: str) -> None:
        """More words to find the run by."""
        change(self.folder, add=tags)
        for relay in self._relays:
            relay.put("tags", tags=tags)

    @quiet
    def note(self, text: str) -> None:
        """Replaces the notes (Markdown)."""
        change(self.folder, notes=text)

    @contextmanager
    def context(self, prefix: str) -> Iterator[Run]:
        """Inside, names get `prefix` and an underscore; contexts nest."""
        token = self._prefix.set(f"{self._prefix.get()}{prefix}_")
        try:
            yield self
        finally:
            self._prefix.reset(token)

    def train(self) -> Any:
        """Inside, names begin with "train_"."""
        return self.context("train")

    def test(self) -> Any:
        """Inside, names begin with "test_"."""
        return self.context("test")

    def validate(self) -> Any:
        """Inside, names begin with "validate_"."""
        return self.context("validate")

    @quiet
    def flush(self) -> None:
        """Returns when all pictures so far are on disk; numbers are at once."""
        self._writer().flush()

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
            self._summarise()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self.finish(*endings.outcome(error))

    def unlock(self) -> None:
        """Makes a new lock, in the child of a fork."""
        self._lock = threading.RLock()

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

    def _summarise(self) -> None:
        from rich.console import Console as Terminal

        from ganbench.store import query
        from ganbench.store.index import Index
        from ganbench.summary import print_summary

        index = Index(self.folder.path.parent)
        index.refresh()
        shown = query.show_run(index, self.id)
        index.close()
        if shown is not None:
            print_summary(Terminal(highlight=False), shown, str(self.folder.path), self.url)

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

    def _numbers(self, prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
        numbers = {}
        for name, value in values.items():
            try:
                numbers[f"{prefix}{name}"] = float(value)
            except (TypeError, ValueError):
                kind = type(value).__name__
                warn_once(f"{self.id} {name}", f"log: {name} is no number but a {kind}: left out")
        return numbers

    def _picture(
        self, name: str, make: Callable[[], pictures.Picture], step: int | None, caption: str | None
    ) -> None:
        at = self._at(step)
        self._writer().picture(self._prefix.get() + name, *at, make, caption)
