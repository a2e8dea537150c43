"""`ganbench movie RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console, index_url
from ganbench.errors import InputError, StoreError, explain
from ganbench.store import folder, query
from ganbench.store.index import Index


def main(arguments: Sequence[str]) -> int:
    """Makes a movie."""
    return call(movie, "movie", arguments)


def movie(
    run: RunName, out: Path, fps: float = 8, side: int = 480, runs_dir: RunsDir = RUNS
) -> int:
    """The sample grids of a run as a movie, every stored one, each with its step below.

    Args:
        run: an id, a prefix of exactly one id, or latest
        out: a .webp, a .gif, or an .mp4 (needs the video extra)
        fps: grids a second; the last one stays for two seconds
        side: pixels of the longer side, about
        runs_dir: where the runs are
    """
    if out.suffix not in (".webp", ".gif", ".mp4"):
        raise InputError(f"--out {out}: expected a .webp, a .gif or an .mp4")
    if not 0 < fps <= 50:
        raise InputError(f"--fps {fps:g}: more than 0, at most 50")
    found = folder.find(runs_dir, run)
    index = Index(runs_dir, index_url())
    index.refresh()
    shown = query.show_run(index, found.id)
    index.close()
    pictures = [row for row in shown["pictures"] if row["name"] == "samples"] if shown else []
    if not pictures:
        raise InputError(f"run {found.id} has no sample grids yet")

    from ganbench import movies

    frames = [(found.media / f"{row['sha256']}.webp", row["step"]) for row in pictures]
    try:
        bad = movies.write(frames, out, fps=fps, side=side)
    except OSError as error:
        raise StoreError(explain(error, out)) from error
    for path in bad:
        console.print(f"left out, it cannot be read: {path}", style="yellow")
    console.print(f"{out}: {len(frames) - len(bad)} grids, {out.stat().st_size / 1e6:.1f} MB")
    return 0
