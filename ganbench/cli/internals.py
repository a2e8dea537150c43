"""`ganbench internals RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import orjson

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console
from ganbench.cli.writing import writing
from ganbench.errors import InputError

INDEX = "index.json"


def main(arguments: Sequence[str]) -> int:
    """Looks into the networks."""
    return call(internals, "internals", arguments)


def internals(
    run: RunName,
    out: Path = Path("internals"),
    seed: int = 0,
    terms: tuple[str, ...] = (),
    step: int | None = None,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """Pictures of what is inside a run's networks, in a folder with an index.

    Strips from sample to sample; sums of the mean latents of classes, a - b + c; the filters of the
    discriminator's first layer; and for each layer of the generator its most varied units on a few
    samples. The index says what each picture shows, and why one is missing.

    Args:
        run: an id, a prefix of exactly one id, latest, or an exported folder
        out: the folder
        seed: of the latents
        terms: three classes a b c of which a - b + c is made; by default each class is a once
        step: of the checkpoint; the newest by default
        runs_dir: where the runs are
        device: where to compute
    """
    if len(terms) not in (0, 3):
        raise InputError(f"--terms: three classes make a sum, a - b + c, not {len(terms)}")

    from ganbench import saving  # torch comes with it
    from ganbench.internals import LeftOut, sheets
    from ganbench.loading import discriminator_of, load

    generator = load(run, step=step, device=device, runs_dir=runs_dir)
    discriminator = discriminator_of(run, step=step, device=device, runs_dir=runs_dir)
    pictures: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    for made in sheets(generator, discriminator, seed, terms):
        if isinstance(made, LeftOut):
            left_out.append({"what": made.name, "why": made.why})
            console.print(f"no {made.name}: {made.why}", soft_wrap=True)
            continue
        file = out / f"{made.name}.png"
        with writing(file) as opened:
            saving.picture(made.picture, opened)
        pictures.append({"file": file.name, **made.about})
    index = {
        "generator": generator.name,
        "step": generator.step,
        "seed": seed,
        "pictures": pictures,
        "left_out": left_out,
    }
    with writing(out / INDEX) as opened:
        opened.write(orjson.dumps(index, option=orjson.OPT_INDENT_2) + b"\n")
    console.print(f"{out}: {len(pictures)} pictures of {generator.name}, and {INDEX}")
    return 0
