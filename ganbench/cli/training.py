"""Following a training in the terminal, from the first event to the summary."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ganbench.cli.options import console
from ganbench.cli.progress import TrainingLine
from ganbench.errors import StoreError
from ganbench.events import Stepped
from ganbench.store import query
from ganbench.store.index import Index
from ganbench.summary import print_summary
from ganbench.track.server import address, how
from ganbench.train import distributed
from ganbench.train.distributed import Group
from ganbench.train.loop import choose_device
from ganbench.workbench import Run

TOKENS = ("GANBENCH_TOKEN", "GANBENCH_READ_TOKEN")
STATUS = {"finished": 0, "killed": 130, "diverged": 3}


@contextmanager
def processes(batch: int, device: str) -> Iterator[Group]:
    """The processes that torchrun started together with this one; only the first one prints.

    Raises InputError if the batch cannot be split evenly over them.
    """
    with distributed.joined(batch, choose_device(device).type == "cuda") as group:
        console.quiet = not group.first
        yield group


def follow(run: Run, *, page: bool) -> int:
    """Trains `run` to its end or to Ctrl-C; returns the exit status."""
    if not run.group.first:
        return _follow_along(run)
    runs_dir = run.folder.path.parent
    with serving(runs_dir, page) as port:
        where = address(run.folder.id, port)
        hint = "" if port else f"   ({how(runs_dir)})"
        console.print(f"run {run.folder.id}   {where}{hint}", soft_wrap=True)
        _train(run)
        index = Index(runs_dir)
        index.refresh()
        shown = query.show_run(index, run.folder.id)
        index.close()
        if shown is None:
            raise StoreError(f"{run.folder.path} was removed while it was being written")
        print_summary(console, shown, str(run.folder.path), where)
        if port and sys.stdin.isatty():
            console.print("\nThe page stays until Ctrl-C.", style="dim")
            signal.pause()
    return STATUS[shown["state"]]


def _train(run: Run) -> None:
    """The first Ctrl-C (or SIGTERM) stops after the step that runs, the second at once."""
    device = str(run.state.device)
    line = TrainingLine(run.config, device, run.state.step, run.folder.console)
    run.scorer.report = line.count
    with stop_flag() as stop, line:
        for event in run.events():
            line.show(event)
            if isinstance(event, Stepped) and run.group.agree(bool(stop)):
                stop.append("another process")  # if none of the signals came to this one
                run.interrupt(f"stopped by {stop[0]}; go on with: ganbench resume {run.folder.id}")
                return


def _follow_along(run: Run) -> int:
    """The part of a process that is not the first of its group: all stop at the same step."""
    with stop_flag() as stop:
        for event in run.events():
            if isinstance(event, Stepped) and run.group.agree(bool(stop)):
                return STATUS["killed"]
    return 0


@contextmanager
def stop_flag() -> Iterator[list[str]]:
    """A list that stays empty until somebody asks us to stop."""
    asked: list[str] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def serving(runs_dir: Path, wanted: bool) -> Iterator[int | None]:
    """The page's server as a child process, and its port; None if it is not wanted."""
    if not wanted:
        yield None
        return
    command = [sys.executable, "-m", "ganbench", "serve", "--runs-dir", str(runs_dir)]
    # $GANBENCH_TOKEN is for the server that the run is sent to, not for this one.
    outer = {name: value for name, value in os.environ.items() if name not in TOKENS}
    # A session of its own, so that Ctrl-C in the terminal reaches the training alone.
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=outer
    )
    try:
        assert child.stdout is not None
        first = child.stdout.readline()  # "ganbench is at http://127.0.0.1:8642/"
        if not first:
            raise StoreError("the page's server did not start; its error is above")
        yield int(first.rstrip("/\n").rsplit(":", 1)[1])
    finally:
        child.terminate()
        child.wait()
