"""Randomness without memory: each stream follows from (seed, purpose, rank, step) alone.

So there is no generator state to save, and a resumed run repeats what an uninterrupted one does.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganbench.config import Latent

ONE = 3.0  # of a one-hot latent: well outside the spread of the others
PURPOSES = ("init", "step", "grid", "score", "sample", "augment", "label")


def seed_of(seed: int, purpose: str, step: int = 0, rank: int = 0) -> int:
    """A 63-bit seed, independent for each combination of the arguments."""
    entropy = np.random.SeedSequence((seed, PURPOSES.index(purpose), rank, step))
    return int(entropy.generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator_of(seed: int, purpose: str, step: int = 0, rank: int = 0) -> torch.Generator:
    """A CPU generator with that seed, so that CPU and GPU runs draw the same numbers."""
    return torch.Generator().manual_seed(seed_of(seed, purpose, step, rank))


def latents(config: Latent, n: int, generator: torch.Generator) -> Tensor:
    """n latent vectors: float32 n×dim, the one-hot components first.

    One-hot components let a generator place separate classes apart; from a connected latent space
    it must also draw what lies between two classes (Gurumurthy et al., "DeLiGAN", 2017).
    """
    shape = (n, config.dim - config.categories)
    if config.distribution == "uniform":
        z = torch.rand(shape, generator=generator) * 2 - 1
    else:
        z = torch.randn(shape, generator=generator)
    if not config.categories:
        return z
    chosen = torch.randint(config.categories, (n,), generator=generator)
    return torch.cat((one_hot(chosen, config.categories), z), 1)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """int64 N → float32 N×classes, with `ONE` at the label: a class as networks read it."""
    return torch.nn.functional.one_hot(labels, classes).float() * ONE
