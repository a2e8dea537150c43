"""Samples of a generator: of one in memory, or of a run's checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.store import checkpoints
from ganbench.store.folder import RunFolder
from ganbench.train import loop
from ganbench.train import state as states
from ganbench.train.rng import generator_of, latents, one_hot
from ganbench.types import Images, Points

BATCH = 500  # samples that a generator makes at a time


def inputs_of(
    config: Config,
    classes: Sequence[str],
    counts: Sequence[int],
    n: int,
    seed: int,
    purpose: str,
    step: int = 0,
) -> Tensor:
    """What a generator makes n samples of, float32 n×(classes + dim): labels as often as in the
    data, and latents, which do not depend on them.
    """
    noise = latents(config.latent, n, generator_of(seed, purpose, step))
    if not classes:
        return noise
    often = torch.tensor(counts, dtype=torch.float64)
    draws = generator_of(seed, "label", step)
    labels = torch.multinomial(often, n, replacement=True, generator=draws)
    return torch.cat((one_hot(labels, len(classes)), noise), 1)


def generated(
    config: Config, generator: nn.Module, shape: tuple[int, ...], inputs: Tensor, name: str
) -> Images:
    """The samples of a generator for `inputs`, as images (or points) that are made when read."""
    device = next(generator.parameters()).device
    n = len(inputs)

    def batches(size: int) -> Iterator[Tensor]:
        for part in inputs.split(BATCH):
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
        made = states.generator_from_files(config, files, loop.choose_device(device))
    except InputError as error:
        raise InputError(f"run {run.id}, checkpoint: {error}") from error
    inputs = inputs_of(config, made.classes, made.counts, n, seed, "sample")
    name = f"run:{run.id}@{made.step} seed {seed}"
    return generated(config, made.net, made.shape, inputs, name)
