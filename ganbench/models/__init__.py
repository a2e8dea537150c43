"""The architectures, by the name that the config gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganbench.config import Config
from ganbench.models import mlp, small, tutorial


@dataclass(frozen=True)
class Architecture:
    """How to build both networks, and the range of the values that they make and read.

    `low` and `high` are the values of a black and a white pixel; equal for points, which are used
    as they are.
    """

    generator: Callable[[Any, int, tuple[int, ...]], nn.Module]
    discriminator: Callable[[Any, tuple[int, ...]], nn.Module]
    low: float
    high: float

    def from_data(self, data: Tensor) -> Tensor:
        """Data as the discriminator reads it: uint8 images or float points → float32."""
        if self.low == self.high:
            return data
        return data.float() * ((self.high - self.low) / 255) + self.low

    def to_data(self, made: Tensor) -> Tensor:
        """What the generator made, as data: images are rounded to uint8, never truncated."""
        if self.low == self.high:
            return made.float()
        pixels = (made.float() - self.low) * (255 / (self.high - self.low))
        return pixels.round().clamp(0, 255).to(torch.uint8)


MODELS = {
    "tutorial": Architecture(tutorial.generator, tutorial.discriminator, 0.0, 1.0),
    "small": Architecture(small.generator, small.discriminator, -1.0, 1.0),
    "mlp": Architecture(mlp.generator, mlp.discriminator, 0.0, 0.0),
}


def build(config: Config, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator for data of `shape`, freshly initialised from torch's seed.

    Raises ValueError if the architecture cannot make data of that shape.
    """
    row = MODELS[config.model.name]
    generator = row.generator(config.model, config.latent.dim, shape)
    return generator, row.discriminator(config.model, shape)
