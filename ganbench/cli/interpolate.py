"""`ganbench interpolate RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console
from ganbench.cli.writing import asked, turns, writing
from ganbench.errors import InputError

SIDE_BY_SIDE = 4  # loops in each direction, at most, if nobody says how many


def main(arguments: Sequence[str]) -> int:
    """Goes from sample to sample."""
    return call(interpolate, "interpolate", arguments)


def interpolate(
    run: RunName,
    out: Path,
    n: int = 8,
    frames: int | None = None,
    seed: int = 0,
    label: tuple[str, ...] = (),
    psi: float = 1.0,
    grid: int | None = None,
    fps: float = 24,
    side: int = 480,
    step: int | None = None,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """From sample to sample along the latents: a strip of rows, or a movie that returns.

    A row of a strip goes from one sample to another; a movie goes through --n samples and back to
    the first, without end. Normal latents turn on a great circle, uniform ones go straight, and
    classes and categories are cross-faded.

    Args:
        run: an id, a prefix of exactly one id, latest, or an exported folder
        out: a .png for a strip; a .webp, a .gif, an .mp4 (needs the video extra), or a .zip of PNGs
        n: rows of a strip, or samples that a movie passes
        frames: columns of a strip (10), or pictures from one sample of a movie to the next (24)
        seed: of the latents
        label: of a conditional generator, the class by name or number; several take turns, and
            "all" is each
        psi: of the truncation: z times psi, or styles so much nearer to their mean; below 1,
            samples are more typical and less varied
        grid: loops side by side in each direction of a movie; as many as fit, at most 4
        fps: pictures a second
        side: pixels of the movie's longer side, about
        step: of the checkpoint; the newest by default
        runs_dir: where the runs are
        device: where to compute
    """
    still = out.suffix == ".png"
    frames = frames or (10 if still else 24)
    _check(out, n, frames, grid, fps, side)

    from ganbench import interpolation, movies, saving  # torch comes with it
    from ganbench.loading import load

    generator = load(run, step=step, device=device, runs_dir=runs_dir).truncated(psi)
    many = 2 if still else (grid or _fitting(generator.shape, side)) ** 2  # of each of the n
    labels = turns(asked(generator, label), n * many, 1 if still else many)
    latents = generator.latents(n * many, seed, labels)
    if still:
        path = interpolation.strip(generator, latents, frames)
        sheet = interpolation.picture(generator, path, frames)
        with writing(out) as file:
            saving.picture(sheet, file)
        console.print(f"{out}: {n:,} rows of {frames:,} samples of {generator.name}")
        return 0
    path = interpolation.loop(generator, latents.unflatten(0, (n, many)), frames)
    with writing(out) as file:
        movies.FORMATS[out.suffix](file, interpolation.movie(generator, path, fps, side))
    console.print(
        f"{out}: {len(path):,} pictures in {len(path) / fps:.1f} s, "
        f"{out.stat().st_size / 1e6:.1f} MB, through {n:,} samples of {generator.name}"
    )
    return 0


def _check(out: Path, n: int, frames: int, grid: int | None, fps: float, side: int) -> None:
    """Raises InputError, naming what is wrong and what would be right."""
    from ganbench import movies

    for name, value, least in (
        ("n", n, 1),
        ("frames", frames, 2),
        ("grid", 1 if grid is None else grid, 1),
    ):
        if value < least:
            raise InputError(f"--{name} {value}: at least {least}")
    if out.suffix != ".png":
        try:
            movies.check(out.suffix, fps, side)
        except InputError as error:
            words = f"--out {out}, --fps {fps:g}, --side {side}: {error}"
            raise InputError(f"{words}, or a .png for a strip") from error


def _fitting(shape: tuple[int, ...], side: int) -> int:
    """As many images side by side as `side` has room for, at most 4."""
    return max(1, min(SIDE_BY_SIDE, side // max(shape))) if len(shape) > 1 else SIDE_BY_SIDE
