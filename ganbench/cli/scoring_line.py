"""What an evaluation shows while it works: images a second and time left, on standard error."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from ganbench.tables import duration, number

MEGA = 10**6
PLAIN = 15.0  # seconds between lines where there is no terminal


class ScoringLine:
    """A bar for each set of images and one for the measures; plain lines in a pipe."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False)
        self._terminal = console.is_terminal
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", style="dim"),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, tuple[float, int, int]] = {}
        self._printed = time.monotonic()

    def __enter__(self) -> ScoringLine:
        if self._terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._terminal:
            self._progress.stop()

    def files(self, side: str, done: int, total: int) -> None:
        """`done` of the `total` files of a side are looked at."""
        self.count(f"{side} files", done, total, "files/s")

    def pictures(self, done: int, total: int) -> None:
        """`done` of the `total` training pictures are looked at; then, are decoded."""
        self.count("pictures", done, total, "pictures/s")

    def download(self, name: str, done: int, total: int) -> None:
        """`done` of the `total` bytes of the weights of `name` are here."""
        self.count(f"{name} weights, MB", done // MEGA, total // MEGA, "MB/s")

    def images(self, side: str, done: int, total: int) -> None:
        """`done` of the `total` images of a side are through the network."""
        self.count(f"{side} images", done, total, "images/s")

    def step(self, name: str, done: int, total: int) -> None:
        """The measure `name` has begun, after `done` of `total`."""
        self._show("measures", done, total, name)

    def count(self, what: str, done: int, total: int, unit: str) -> None:
        """`done` of `total`, with a rate since `what` began, and the time that is left."""
        now = time.monotonic()
        began, first, last = self._began.get(what, (now, done, done))
        if done < last:  # it begins once more, under another preset
            began, first = now, done
        self._began[what] = began, first, done
        rate = (done - first) / (now - began) if now > began else 0.0
        left = f"{number(rate)} {unit} · {duration((total - done) / rate)} left" if rate else ""
        self._show(what, done, total, left)

    def _show(self, what: str, done: int, total: int, words: str) -> None:
        if self._terminal:
            if what not in self._tasks:
                self._tasks[what] = self._progress.add_task(what, total=total, rate="")
            self._progress.update(self._tasks[what], completed=done, rate=words)
        elif time.monotonic() - self._printed > PLAIN:
            self._printed = time.monotonic()
            parts = (f"{what} {done:,}/{total:,}", words)
            self._console.print(" · ".join(filter(None, parts)), soft_wrap=True)
