"""From the name of a run, or of an exported folder, to its generator."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import orjson
import torch
from torch import nn

from ganbench import exported, players
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.generator import Generator
from ganbench.store import checkpoints, folder
from ganbench.store.folder import RunFolder
from ganbench.train import loop
from ganbench.train import state as states
from ganbench.train.state import Made, State
from ganbench.types import Player

RUNS = Path("runs")


def load(
    source: str | Path = "latest",
    *,
    step: int | None = None,
    device: str = "auto",
    runs_dir: str | Path = RUNS,
) -> Generator:
    """The generator of a run, or of a folder that `ganbench export` wrote.

    `source` is "latest", a run's id or the beginning of exactly one in `runs_dir`; or a path: that
    of a run ("runs/latest", "elsewhere/abcdef-mnist") or of an exported folder. `step` is that of a
    checkpoint of the run, by default the newest. `device` is auto, cpu or cuda.

    Raises StoreError if there is no such run or checkpoint, InputError if a file is damaged.
    """
    path, chosen = Path(source), loop.choose_device(device)
    run = _run_of(source, runs_dir)
    if run is not None:
        return of_run(run, step, chosen)
    if step is not None:
        raise InputError(f"{path} is an exported folder, which has no step to choose")
    return exported.read(path, chosen)


def discriminator_of(
    source: str | Path = "latest",
    *,
    step: int | None = None,
    device: str = "auto",
    runs_dir: str | Path = RUNS,
) -> nn.Module | None:
    """The discriminator beside that generator; None of an exported folder, which has none.

    Raises StoreError or InputError like `load`.
    """
    run = _run_of(source, runs_dir)
    if run is None:
        return None
    config = Config.model_validate(run.read()["config"])
    with torch.random.fork_rng(devices=[]):
        files = checkpoints.read(run, step)
        return states.networks_from_files(config, files, loop.choose_device(device))[1]


def of_run(run: RunFolder, step: int | None, device: torch.device) -> Generator:
    """The averaged generator of a run, at its newest checkpoint or at `step`.

    Raises StoreError if there is no such checkpoint, InputError if it is damaged.
    """
    config = Config.model_validate(run.read()["config"])
    files = checkpoints.read(run, step)
    try:
        with torch.random.fork_rng(devices=[]):
            made = states.generator_from_files(config, files, device)
    except InputError as error:
        raise InputError(f"run {run.id}, checkpoint: {error}") from error
    generator = _of(run, config, made)
    seen = orjson.loads(files[states.JSON])["seen"]
    kept = cache(partial(players_of, run, config, made.step, device))
    return replace(generator, seen=seen, kept=kept)


def players_of(
    run: RunFolder, config: Config, last: int, device: torch.device
) -> tuple[Player, ...]:
    """The networks of the run's checkpoints up to the step `last`, oldest first.

    Raises StoreError or InputError like `of_run`.
    """
    found = []
    for step in checkpoints.steps(run):
        if step <= last:
            files = checkpoints.read(run, step)
            with torch.random.fork_rng(devices=[]):
                made, discriminator = states.networks_from_files(config, files, device)
            found.append(players.player(_of(run, config, made), discriminator))
    return tuple(found)


def _run_of(source: str | Path, runs_dir: str | Path) -> RunFolder | None:
    """The run that a source names, or None where it is an exported folder."""
    path = Path(source)
    if (path / "run.json").is_file():
        return RunFolder(path.absolute())
    if exported.is_exported(path):
        return None
    if os.sep not in str(source):
        return folder.find(Path(runs_dir), str(source))
    if path.is_dir():
        raise InputError(f"{path} is neither a run nor an exported folder: it has no run.json")
    return folder.find(path.parent, path.name)


def _of(run: RunFolder, config: Config, made: Made) -> Generator:
    return Generator(
        net=made.net,
        config=config,
        shape=made.shape,
        name=f"run:{run.id}@{made.step}",
        step=made.step,
        classes=made.classes,
        counts=made.counts,
    )


def of_state(config: Config, state: State) -> Generator:
    """The averaged generator of a run that is training."""
    return Generator(
        net=state.ema,
        config=config,
        shape=state.shape,
        step=state.step,
        seen=state.seen,
        classes=state.classes,
        counts=state.counts,
    )
