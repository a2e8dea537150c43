"""Samples of a generator: of one in memory, or of a run's checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.store import checkpoints
from ganbench.store.folder import RunFolder
from ganbench.train import loop
from ganbench.train import state as states
from ganbench.train.rng import generator_of, latents
from ganbench.types import Images, Points

BATCH = 500  # samples that a generator makes at a time


def generated(
    config: Config,
    generator: nn.Module,
    shape: tuple[int, ...],
    n: int,
    draws: torch.Generator,
    name: str,
) -> Images:
    """n samples of a generator, as images (or points) that are made when they are read."""
    noise = latents(config.latent, n, draws)
    device = next(generator.parameters()).device

    def batches(size: int) -> Iterator[Tensor]:
        for part in noise.split(BATCH):
            yield from loop.sample(config, generator, part.to(device)).split(size)

    kind = Points if len(shape) == 1 else Images
    return kind(name, n, shape, batches, fingerprint=f"{name} n={n}")


def samples_of(
    run: RunFolder, n: int, *, step: int | None = None, seed: int = 0, device: str = "auto"
) -> Images:
    """n samples of a run's averaged generator, at its newest checkpoint or at `step`."""
    config = Config.model_validate(run.read()["config"])
    files = checkpoints.read(run, step)
    try:
        generator, shape, at = states.generator_from_files(
            config, files, loop.choose_device(device)
        )
    except InputError as error:
        raise InputError(f"run {run.id}, checkpoint: {error}") from error
    draws = generator_of(seed, "sample")
    return generated(config, generator, shape, n, draws, f"run:{run.id}@{at} seed {seed}")
