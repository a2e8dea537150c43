"""`ganbench evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import tyro

from ganbench.cli.options import RUNS, RunsDir, call, console, print_json
from ganbench.cli.tables import scores_table
from ganbench.errors import InputError


def main(arguments: Sequence[str]) -> int:
    """Scores images."""
    return call(evaluate, "evaluate", arguments)


def evaluate(
    fake: str,
    real: str = "builtin:mnist:test",
    extractor: str = "mnist-classifier",
    measures: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    n: int = 10_000,
    seed: int = 0,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    json: bool = False,
) -> int:
    """Score generated images against real ones.

    Images are builtin:NAME:SPLIT, run:ID, run:ID@STEP, an .npz file with uint8 N×C×H×W `images`, or
    a folder of pictures of one size.

    Args:
        fake: the generated images
        real: the real images
        extractor: what makes the features: mnist-classifier, or coordinates for points
        measures: a measure (can be given several times); all that apply by default
        n: samples to draw of a run
        seed: of the samples, and of the reals that are drawn for the baseline
        runs_dir: where the runs are
        device: where to compute
        json: as JSON, with the protocol of each score
    """
    if n < 2:
        raise InputError(f"--n {n}: at least 2 samples")

    from ganbench import workbench  # torch comes with it
    from ganbench.evaluate.report import to_json

    scores = [
        to_json(score)
        for score in workbench.evaluate(
            workbench.images_of(real, runs_dir, n, seed + 1),
            workbench.images_of(fake, runs_dir, n, seed),
            extractor=extractor,
            measures=measures or None,
            seed=seed,
            device=device,
        )
    ]
    if json:
        print_json(scores)
        return 0
    console.print(scores_table(scores))
    for score in scores:
        for warning in score["warnings"]:
            console.print(f"{score['measure']}: {warning}", style="yellow", soft_wrap=True)
    return 0
