"""`ganbench reindex`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from ganbench.cli.options import RUNS, IndexUrl, RunsDir, call, console, index_url
from ganbench.store.index import Index


def main(arguments: Sequence[str]) -> int:
    """Rebuilds the index."""
    return call(reindex, "reindex", arguments)


def reindex(runs_dir: RunsDir = RUNS, index: IndexUrl = None) -> int:
    """Rebuild the index from the run folders, which hold everything.

    Args:
        runs_dir: where the runs are
        index: the PostgreSQL database that holds it, if one does; else $GANBENCH_INDEX
    """
    columns = ("runs", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    opened = Index(runs_dir, index_url(index))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("runs")
        count = opened.rebuild(
            lambda done, total: progress.update(task, completed=done, total=total)
        )
    opened.close()
    console.print(f"{opened.place}: {count} runs")
    return 0
