"""`ganbench sample RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console
from ganbench.cli.writing import asked, turns
from ganbench.errors import InputError, StoreError


def main(arguments: Sequence[str]) -> int:
    """Draws samples."""
    return call(sample, "sample", arguments)


def sample(
    run: RunName,
    out: Path,
    n: int = 64,
    seed: int = 0,
    label: tuple[str, ...] = (),
    psi: float = 1.0,
    grid: int | None = None,
    step: int | None = None,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """Draw samples from a run's generator (the averaged one, where the run keeps an average).

    The same seed gives the same samples, and the first of more samples are the same.

    Args:
        run: an id, a prefix of exactly one id, latest, or an exported folder
        out: a .png for one picture, an .npz for the arrays, or a folder for one PNG a sample
        n: number of samples
        seed: of the latents
        label: of a conditional generator, the class by name or number; several take turns, and
            "all" is each; by default they are as frequent as in the training data
        psi: of the truncation: z times psi, or styles so much nearer to their mean; below 1,
            samples are more typical and less varied
        grid: columns of the .png; by default one for each label, or as square as possible
        step: of the checkpoint; the newest by default
        runs_dir: where the runs are
        device: where to compute
    """
    if n < 1:
        raise InputError(f"--n {n}: at least 1 sample")
    if psi < 0:
        raise InputError(f"--psi {psi:g}: 0 or more")
    if grid is not None and grid < 1:
        raise InputError(f"--grid {grid}: at least 1 column")
    if out.suffix not in (".png", ".npz", ""):
        raise InputError(f"--out {out}: expected a .png, an .npz or a folder, not {out.suffix}")

    from ganbench import saving  # torch comes with it
    from ganbench.loading import load

    generator = load(run, step=step, device=device, runs_dir=runs_dir).truncated(psi)
    classes = asked(generator, label)
    images = generator.images(n, seed, turns(classes, n))
    columns = grid or (min(len(classes), n) if len(classes) > 1 else None)
    try:
        saving.save(images, out, columns)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}") from error
    console.print(f"{out}: {n:,} samples of {images.name}")
    return 0
