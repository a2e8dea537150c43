"""`ganbench sync [RUN…]`: sends to a server what it does not have yet."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ganbench.cli.options import RUNS, RunsDir, call, console, index_url
from ganbench.errors import InputError
from ganbench.store import folder, query
from ganbench.store.index import Index
from ganbench.tables import amount
from ganbench.track.link import Link, LinkError
from ganbench.track.outbox import Outbox
from ganbench.track.sync import EVERY, SLOWEST, send

PLAIN = 15.0  # seconds between lines where there is no terminal


def main(arguments: Sequence[str]) -> int:
    """Sends runs."""
    return call(sync, "sync", arguments)


def sync(
    runs: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN…")] = (),
    runs_dir: RunsDir = RUNS,
    server: str | None = None,
    token: str | None = None,
    watch: bool = False,
) -> int:
    """Send runs to a server of ganbench: what it does not have yet, and nothing twice.

    Checkpoints stay here.

    Args:
        runs: ids, prefixes of exactly one id, or latest; all runs if none is named
        runs_dir: where the runs are
        server: the server's address, https://…; else that of $GANBENCH_SERVER
        token: its token that writes; better as $GANBENCH_TOKEN
        watch: go on until all of these runs have ended, whether the server answers or not
    """
    url = server or os.environ.get("GANBENCH_SERVER")
    if not url:
        raise InputError("where to? give a --server https://…, or set GANBENCH_SERVER")
    link = Link(url, token or os.environ.get("GANBENCH_TOKEN") or None)
    found = [folder.find(runs_dir, name) for name in runs] or folder.all_runs(runs_dir)
    if not found:
        raise InputError(f"{runs_dir} holds no runs")
    problems: list[str] = []
    outboxes = [Outbox(run, problems.append) for run in found]
    if watch:
        _watch(outboxes, link, runs_dir)
    else:
        _send_all(outboxes, link)
    for problem in problems:
        console.print(f"[red]not sent:[/] {problem}", soft_wrap=True)
    return 1 if problems or any(outbox.left() for outbox in outboxes) else 0


def _send_all(outboxes: Sequence[Outbox], link: Link) -> None:
    """Once, with a line for each run."""
    with _Line() as line:
        for outbox in outboxes:
            outbox.learn(link.sizes(outbox.run.id))
            line.expect(outbox.left())
        for outbox in outboxes:
            sent = 0
            for size in send(outbox, link):
                line.advance(size)
                sent += size
            words = f"{amount(sent)} sent" if sent else "nothing new"
            where = link.address(outbox.run.id)
            line.print(f"{outbox.run.id}  {words}  {where}")


def _watch(outboxes: Sequence[Outbox], link: Link, runs_dir: Path) -> None:
    """Again and again, until no run is running and nothing is left."""
    index, wait, away = Index(runs_dir, index_url()), EVERY, False
    console.print(f"{len(outboxes)} runs are followed until they end; Ctrl-C stops", style="dim")
    try:
        with _Line() as line:
            while True:
                running = _running(index, outboxes)
                try:
                    for outbox in outboxes:
                        for size in send(outbox, link):
                            line.expect(size)
                            line.advance(size)
                    wait, away = EVERY, False
                except LinkError as error:
                    if error.final:
                        raise
                    if not away:
                        line.print(f"{error}; it is tried again")
                    wait, away = min(2 * wait, SLOWEST), True
                if not running and not away:
                    return
                time.sleep(wait)
    finally:
        index.close()


def _running(index: Index, outboxes: Sequence[Outbox]) -> bool:
    """Whether one of these runs goes on; asked before the last sending, so that nothing is left."""
    index.refresh()
    pulses = (query.pulse(index, outbox.run.id) for outbox in outboxes)
    return any(pulse is not None and pulse["state"] == "running" for pulse in pulses)


class _Line:
    """A bar with the rate and the time left; in a pipe, a line from time to time."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("sending"),
            BarColumn(24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("sending", total=0)
        self._total, self._sent = 0, 0
        self._began = self._printed = time.monotonic()

    def __enter__(self) -> _Line:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def expect(self, size: int) -> None:
        """That so many bytes more are to be sent."""
        self._total += size
        self._bar.update(self._task, total=self._total)

    def advance(self, size: int) -> None:
        """That so many bytes were sent."""
        self._sent += size
        self._bar.advance(self._task, size)
        now = time.monotonic()
        if not console.is_terminal and now - self._printed > PLAIN:
            self._printed = now
            rate = self._sent / (now - self._began)
            self.print(f"{amount(self._sent)} of {amount(self._total)} sent, {amount(rate)}/s")

    def print(self, words: str) -> None:
        """A line that stays."""
        self._bar.console.print(words, soft_wrap=True)
