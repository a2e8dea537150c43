"""`ganbench runs export RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ganbench.cli.options import RUNS, RunName, RunsDir, console
from ganbench.store import folder
from ganbench.store.export import FORMATS
from ganbench.store.export import export as write


def export(
    run: RunName,
    to: Literal["csv", "parquet", "zip"],
    out: Path | None = None,
    force: bool = False,
    runs_dir: RunsDir = RUNS,
) -> int:
    """The records of a run as a file: all its numbers as CSV or Parquet, or its folder as a zip.

    Its generator, to be used elsewhere, is written by `ganbench export`.

    The table has the columns series, step, seen, time and value, and every stored point. A zip that
    is unpacked into a runs folder is a run there.

    Args:
        run: an id, a prefix of exactly one id, or latest
        to: what to make of it
        out: the file; the run's id with the ending of the format if none is given
        force: replace a file that there is
        runs_dir: where the runs are
    """
    found = folder.find(runs_dir, run)
    file = out or Path(f"{found.id}.{to}")
    count = write(found, to, file, force=force)
    console.print(f"{file}: {count:,} {FORMATS[to][1]}", soft_wrap=True)
    return 0
