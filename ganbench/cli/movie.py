"""`ganbench movie RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console, index_url
from ganbench.cli.writing import writing
from ganbench.errors import InputError
from ganbench.store import folder, query
from ganbench.store.index import Index


def main(arguments: Sequence[str]) -> int:
    """Makes a movie."""
    return call(movie, "movie", arguments)


def movie(
    run: RunName,
    out: Path,
    fps: float = 8,
    side: int = 480,
    name: str = "samples",
    captions: bool = True,
    runs_dir: RunsDir = RUNS,
) -> int:
    """The sample grids of a run as a movie, every stored one, each with its step below.

    Args:
        run: an id, a prefix of exactly one id, or latest
        out: a .webp, a .gif, an .mp4 (needs the video extra), or a .zip of PNGs
        fps: grids a second; the last one stays for two seconds
        side: pixels of the longer side, about
        name: of the pictures
        captions: the step below each grid
        runs_dir: where the runs are
    """
    from ganbench import movies

    try:
        movies.check(out.suffix, fps, side)
    except InputError as error:
        raise InputError(f"--out {out}, --fps {fps:g}, --side {side}: {error}") from error
    found = folder.find(runs_dir, run)
    index = Index(runs_dir, index_url())
    index.refresh()
    rows = query.read_pictures(index, found.id)["pictures"]
    index.close()
    pictures = [row for row in rows if row["name"] == name]
    if not pictures:
        known = ", ".join(sorted({row["name"] for row in rows})) or "none yet"
        raise InputError(f"run {found.id} has no pictures named {name}; there are: {known}")
    shots = movies.of_run(found.media, pictures)
    with writing(out) as file:
        bad = movies.write(shots, file, out.suffix, fps=fps, side=side, captions=captions)
    for path in bad:
        console.print(f"left out, it cannot be read: {path}", style="yellow")
    console.print(f"{out}: {len(shots) - len(bad)} grids, {out.stat().st_size / 1e6:.1f} MB")
    return 0
