"""`ganbench judge RUN…`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from ganbench.cli.options import RUNS, RunsDir, call, console
from ganbench.errors import InputError
from ganbench.store import studies
from ganbench.track.server import address_of_study

if TYPE_CHECKING:
    from ganbench.generator import Generator
    from ganbench.grids import Picture
    from ganbench.types import Images


def main(arguments: Sequence[str]) -> int:
    """Makes a study."""
    return call(judge, "judge", arguments)


def judge(
    runs: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    real: str | None = None,
    n: int = 100,
    seed: int = 0,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """Write pictures for people to judge, on the page: real or fake, and which of two is better.

    Of each run n samples and n real pictures go to a folder below the runs; the page of the study
    shows them one by one, keeps the answers there, and tells what they say.

    Args:
        runs: ids, prefixes of exactly one, latest, RUN@STEP, or exported folders
        real: the real pictures; by default what each run is scored against
        n: samples of each run, and real pictures for each
        seed: of the latents, and of the draw of the real pictures
        runs_dir: where the runs are, and where the study goes
        device: where to compute
    """
    if not runs:
        raise InputError("name a run, or several: ganbench judge latest")
    if n < 2:
        raise InputError(f"--n {n}: at least 2 pictures")
    if seed < 0:
        raise InputError(f"--seed {seed}: expected 0 or more")
    sides = [_sides(run, real, runs_dir, device) for run in runs]
    names = [side.name for side in sides]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{twice[0]} is named twice")
    if len({side.generator.shape for side in sides}) > 1:
        shapes = ", ".join(f"{s.name} {'x'.join(map(str, s.generator.shape))}" for s in sides)
        raise InputError(f"pictures of different sizes cannot be compared: {shapes}")
    pictures = []
    for i, side in enumerate(sides):
        same = [other.reals.fingerprint for other in sides[:i]].count(side.reals.fingerprint)
        pictures += side.pictures(n, seed, same)
    reals = {side.name: side.reals.name for side in sides}
    stem = sides[0].generator.config.recipe or names[0]
    made = studies.create(runs_dir, stem, reals, pictures)
    kinds = "run" if len(runs) == 1 else "runs"
    console.print(f"{made.path}: {len(pictures):,} pictures of {len(runs)} {kinds}")
    console.print(f"{address_of_study(made.id)} (ganbench serve --runs-dir {runs_dir})")
    return 0


@dataclass(frozen=True)
class _Side:
    """A run's generator, and the real images that its samples are held against."""

    name: str
    generator: Generator
    reals: Images

    def pictures(self, n: int, seed: int, part: int) -> list[tuple[str, bool, Picture]]:
        """n samples and n reals: the `part`-th n of a shuffled deck, so that runs share none."""
        import torch

        from ganbench.grids import coloured

        if n > self.reals.n:
            raise InputError(
                f"{self.reals.name} holds {self.reals.n:,} pictures: at most --n {self.reals.n}"
            )
        deck = torch.randperm(self.reals.n, generator=torch.Generator().manual_seed(seed))
        rows = deck[(torch.arange(n) + part * n) % self.reals.n]
        reals = self.reals.take(rows, self.reals.name).tensor()
        both = ((False, self.generator.sample(n, seed)), (True, reals))
        return [(self.name, real, p) for real, of in both for p in coloured(of.numpy())]


def _sides(spec: str, real: str | None, runs_dir: Path, device: str) -> _Side:
    """Loads a run and finds its reals. Raises InputError if people cannot look at them."""
    from ganbench import training_data  # torch comes with it
    from ganbench.loading import load

    name, _, step = spec.rpartition("@") if "@" in spec else (spec, "", "")
    if step and not step.isdecimal():
        raise InputError(f"{spec!r}: the step after @ must be a number, not {step!r}")
    generator = load(name, step=int(step) if step else None, device=device, runs_dir=runs_dir)
    if len(generator.shape) == 1:
        raise InputError(f"{spec} makes points, not pictures: there is nothing to see")
    config = generator.config
    if real is not None:
        scoring = config.scoring.model_copy(update={"real": real})
        config = config.model_copy(update={"scoring": scoring})
    reals, _ = training_data.load_reference(config)
    if reals.shape != generator.shape:
        here, there = ("x".join(map(str, shape)) for shape in (generator.shape, reals.shape))
        raise InputError(
            f"{reals.name} holds {there}, and {spec} makes {here}: whoever judges would tell them "
            "by their size; name others with --real"
        )
    of_run = generator.name.startswith("run:")
    named = generator.name.removeprefix("run:") if of_run else Path(generator.name).name
    return _Side(named, generator, reals)
