"""A line of the terminal that changes while something long is going on."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from ganbench.cli.options import console

PLAIN = 15.0  # seconds between lines where there is no terminal
WIDTH = 24


class LiveLine:
    """A bar and words behind it, while it is entered; in a pipe the words, every 15 seconds."""

    def __init__(self) -> None:
        self._printed = time.monotonic()
        self.terminal = console.is_terminal
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self.terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def put(self, share: float, words: Callable[[], str], *, due: bool = False) -> bool:
        """Shows that `share` (0 to 1) is done; returns whether it was time for a plain line.

        `due` makes it time.
        """
        now = time.monotonic()
        due = due or now - self._printed > PLAIN
        if due:
            self._printed = now
        if self.terminal:
            grid = Table.grid(padding=(0, 1))
            grid.add_row(ProgressBar(total=1.0, completed=share, width=WIDTH), words())
            self._live.update(grid)
        elif due:
            self.say(words())
        return due

    def say(self, words: str, style: str | None = None) -> None:
        """A line that stays."""
        console.print(words, style=style, soft_wrap=True, markup=False)

    def clear(self) -> None:
        """Nothing is going on."""
        if self.terminal:
            self._live.update("")
