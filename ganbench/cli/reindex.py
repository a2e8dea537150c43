"""`ganbench reindex`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from ganbench.cli.options import RUNS, RunsDir, call, console
from ganbench.store.index import Index


def main(arguments: Sequence[str]) -> int:
    """Rebuilds the index."""
    return call(reindex, "reindex", arguments)


def reindex(runs_dir: RunsDir = RUNS) -> int:
    """Rebuild the index from the run folders, which hold everything.

    Args:
        runs_dir: where the runs are
    """
    columns = ("runs", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    index = Index(runs_dir)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("runs")
        count = index.rebuild(
            lambda done, total: progress.update(task, completed=done, total=total)
        )
    index.close()
    console.print(f"{index.path}: {count} runs")
    return 0
