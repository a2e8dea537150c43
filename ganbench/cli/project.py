"""`ganbench project IMAGE --run RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from ganbench.cli.options import RUNS, RunsDir, call, console
from ganbench.cli.scoring_line import ScoringLine
from ganbench.cli.writing import writing
from ganbench.errors import InputError
from ganbench.tables import number

if TYPE_CHECKING:
    from torch import Tensor

LATENTS = (".npz", ".safetensors")
MOST = 512  # starts: those that projection draws


def main(arguments: Sequence[str]) -> int:
    """Projects an image."""
    return call(project, "project", arguments)


def project(
    image: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")],
    out: Path,
    run: str = "latest",
    latent: Path | None = None,
    label: str | None = None,
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
    step: int | None = None,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """The sample that is nearest to an image, found by optimising its latent.

    The image is prepared as the training data were: its central square, resized. Minimised is the
    squared difference of the pixels at several scales, by Adam on z from the nearest of 512 random
    samples; classes and categories stay those of the start.

    Args:
        image: a picture
        out: a .png with the image, the sample found, and the nearest random one
        run: an id, a prefix of exactly one id, latest, or an exported folder
        latent: a .npz or .safetensors for the latent that was found
        label: of a conditional generator, the class by name or number; any by default
        steps: of the optimisation
        starts: latents that are optimised together
        seed: of the random samples
        step: of the checkpoint; the newest by default
        runs_dir: where the runs are
        device: where to compute
    """
    _check(out, latent, steps, starts)

    from ganbench import grids, projection, saving  # torch comes with it
    from ganbench.loading import load

    generator = load(run, step=step, device=device, runs_dir=runs_dir)
    target = projection.read_target(image, generator)
    with ScoringLine() as line:
        found = projection.project(
            generator,
            target,
            steps=steps,
            starts=starts,
            seed=seed,
            labels=label,
            progress=lambda what, done, total: line.count(what, done, total, f"{what}/s"),
        )
    pictures = np.stack([shown.numpy() for shown in (target, found.image, found.nearest)])
    with writing(out) as file:
        saving.picture(grids.tile(pictures, columns=3), file)
    if latent is not None:
        _write(latent, found.latent)
    nearest, median = float(found.random.min()), float(found.random.median())
    console.print(
        f"{out}: {image}, its projection, and the nearest of {len(found.random)} random samples\n"
        f"distance {number(found.distance)} of 255; of random samples {number(nearest)} at least, "
        f"{number(median)} in the median",
        soft_wrap=True,
    )
    if found.label is not None:
        console.print(f"class {found.label}")
    return 0


def _check(out: Path, latent: Path | None, steps: int, starts: int) -> None:
    """Raises InputError, naming what is wrong and what would be right."""
    if steps < 1:
        raise InputError(f"--steps {steps}: at least 1")
    if not 1 <= starts <= MOST:
        raise InputError(f"--starts {starts}: from 1 to {MOST}")
    if out.suffix != ".png":
        raise InputError(f"--out {out}: expected a .png")
    if latent is not None and latent.suffix not in LATENTS:
        raise InputError(f"--latent {latent}: expected one of {', '.join(LATENTS)}")


def _write(path: Path, latent: Tensor) -> None:
    """The latent, 1×inputs, as the array `latent`."""
    from safetensors.torch import save

    with writing(path) as file:
        if path.suffix == ".npz":
            np.savez(file, allow_pickle=False, latent=latent.numpy())
        else:
            file.write(save({"latent": latent}))
