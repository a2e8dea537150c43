"""`ganbench stats`: make, merge and show reference statistics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from ganbench.cli.options import RUNS, RunsDir, choose, console, print_json
from ganbench.cli.scoring_line import ScoringLine
from ganbench.errors import InputError
from ganbench.tables import number, table

File = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]


def main(arguments: Sequence[str]) -> int:
    """Makes, merges and shows statistics."""
    return choose({"make": make, "merge": merge, "show": show}, "stats", arguments)


def make(
    images: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGES")],
    out: Path,
    extractor: str | None = None,
    features: bool = False,
    n: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    alpha: Literal["white", "black", "drop"] = "white",
    cache: bool = True,
    precision: Literal["fp32", "bf16"] = "fp32",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    runs_dir: RunsDir = RUNS,
) -> int:
    """The mean and covariance of a set's features as one file, for --real.

    Args:
        images: the images, as ganbench evaluate takes them
        out: the file to write, .safetensors
        extractor: what makes the features; by default the one that suits the images
        features: keep the features too, for the measures that need them
        n: images at most, drawn with the seed
        seed: of the draw
        skip_bad: leave files out that cannot be read, rather than stop
        alpha: what stands behind transparent pictures; drop ignores transparency
        cache: keep features for the next time
        precision: of the network
        device: where to compute
        runs_dir: where the runs are
    """
    if out.suffix != ".safetensors":
        raise InputError(f"--out {out}: the file's name must end with .safetensors")

    from ganbench import scoring  # torch comes with it
    from ganbench.evaluation import statistics

    with ScoringLine() as line:
        made = scoring.statistics(
            images,
            extractor=extractor,
            features=features,
            n=n,
            seed=seed,
            skip_bad=skip_bad,
            alpha=alpha,
            cache=cache,
            precision=precision,
            device=device,
            runs_dir=runs_dir,
            report=line,
        )
    statistics.save(made, out)
    console.print(f"{out}: {made.n:,} images, {made.moments.mean.numel():,} dimensions")
    return 0


def merge(
    files: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE")],
    out: Path,
) -> int:
    """The statistics of several sets together: exactly those of all their images.

    Args:
        files: the files, of one extractor
        out: the file to write, .safetensors
    """
    if len(files) < 2:
        raise InputError("merge needs two files or more")
    from ganbench.evaluation import statistics

    total = statistics.load(files[0])
    for path in files[1:]:
        total = total + statistics.load(path)
    statistics.save(total, out)
    console.print(f"{out}: {total.n:,} images, {total.moments.mean.numel():,} dimensions")
    return 0


def show(file: File, json: bool = False) -> int:
    """What a file of statistics holds, ours or one of pytorch-fid, TTUR or clean-fid.

    Args:
        file: .safetensors or .npz
        json: as JSON
    """
    from ganbench.evaluation import statistics

    held = statistics.load(file)
    about: dict[str, Any] = {
        "name": held.name,
        "images": held.n,
        "fingerprint": held.fingerprint,
        "extractor": held.extractor["name"],
        "digest": held.extractor["digest"],
        **{f"protocol.{key}": value for key, value in held.extractor["protocol"].items()},
        "dimensions": held.moments.mean.numel(),
        "trace of the covariance": held.moments.covariance.trace().item(),
        "effective dimensions": statistics.effective_dimensions(held.moments),
        "features": held.features is not None,
        "spatial": held.spatial is not None,
    }
    if json:
        print_json(about)
        return 0
    made = table("", "")
    for key, value in about.items():
        words = number(value) if isinstance(value, float) else str(value)
        made.add_row(key, "unknown" if value is None else words)
    console.print(made)
    return 0
