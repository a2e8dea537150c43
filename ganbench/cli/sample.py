"""`ganbench sample RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console
from ganbench.errors import InputError, StoreError, explain
from ganbench.store import folder


def main(arguments: Sequence[str]) -> int:
    """Draws samples."""
    return call(sample, "sample", arguments)


def sample(
    run: RunName,
    out: Path,
    n: int = 64,
    seed: int = 0,
    step: int | None = None,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """Draw samples from a run's generator (the averaged one, where the run keeps an average).

    Args:
        run: an id, a prefix of exactly one id, or latest
        out: a .png for one picture, an .npz for the arrays, or a folder for one PNG a sample
        n: number of samples
        seed: of the latents; the same seed gives the same samples
        step: of the checkpoint; the newest by default
        runs_dir: where the runs are
        device: where to compute
    """
    if n < 1:
        raise InputError(f"--n {n}: at least 1 sample")
    if out.suffix not in (".png", ".npz", ""):
        raise InputError(f"--out {out}: expected a .png, an .npz or a folder, not {out.suffix}")
    found = folder.find(runs_dir, run)

    from ganbench import export, sampling  # torch comes with it

    images = sampling.samples_of(found, n, step=step, seed=seed, device=device)
    try:
        export.save(images, out)
    except OSError as error:
        raise StoreError(explain(error, out)) from error
    console.print(f"{out}: {n:,} samples of {images.name}")
    return 0
