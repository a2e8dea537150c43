"""The architectures, by the name that the config gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.models import dcgan, mlp, r3gan, small, sngan, stylegan, tutorial
from ganbench.models.condition import HEADS, Verdict, judge

__all__ = ["MODELS", "Architecture", "Verdict", "build", "judge"]


@dataclass(frozen=True)
class Architecture:
    """How to build both networks, and the range of the images that they make and read.

    `low` and `high` are the values of a black and a white pixel. Points are used as they are.
    """

    generator: Callable[[Any, int, tuple[int, ...]], nn.Module]
    discriminator: Callable[[Any, tuple[int, ...]], nn.Sequential]
    low: float = -1.0
    high: float = 1.0

    def from_data(self, data: Tensor) -> Tensor:
        """Data as the discriminator reads it: uint8 images or float points → float32."""
        if data.is_floating_point():
            return data
        return data.float() * ((self.high - self.low) / 255) + self.low

    def to_data(self, made: Tensor) -> Tensor:
        """What the generator made, as data: images are rounded to uint8, never truncated."""
        if made.dim() == 2:
            return made.float()
        pixels = (made.float() - self.low) * (255 / (self.high - self.low))
        return pixels.round().clamp(0, 255).to(torch.uint8)


MODELS = {
    "tutorial": Architecture(tutorial.generator, tutorial.discriminator, low=0.0),
    "small": Architecture(small.generator, small.discriminator),
    "dcgan": Architecture(dcgan.generator, dcgan.discriminator),
    "sngan": Architecture(sngan.generator, sngan.discriminator),
    "r3gan": Architecture(r3gan.generator, r3gan.discriminator),
    "stylegan": Architecture(stylegan.generator, stylegan.discriminator),
    "mlp": Architecture(mlp.generator, mlp.discriminator),
}


def build(config: Config, shape: tuple[int, ...], classes: int = 0) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator for data of `shape`, freshly initialised from torch's seed.

    The generator maps z, N×dim, to data. The discriminator is an `nn.Sequential` from data to
    logits N that ends with `nn.Linear(F, 1)` and `nn.Flatten(0)`. Where the config has a
    condition, the generator reads the one-hot of one of `classes` classes and then z,
    N×(classes + dim), and the discriminator has one of the `HEADS`; `judge` asks either kind.

    Raises InputError if the architecture cannot make data of that shape, or if there is a
    condition and no class.
    """
    row, latent = MODELS[config.model.name], config.latent.dim
    if config.condition == "none":
        generator = row.generator(config.model, latent, shape)
        discriminator: nn.Module = row.discriminator(config.model, shape)
    elif classes:
        generator = row.generator(config.model, classes + latent, shape)
        discriminator = HEADS[config.condition](row.discriminator(config.model, shape), classes)
    else:
        raise InputError(
            f"condition {config.condition!r}: the data have no labels; "
            "use condition none, or data with labels, such as one folder a class"
        )
    if config.loss.spectral_norm:
        _normalise(discriminator)
    return generator, discriminator


def _normalise(net: nn.Module) -> None:
    """Divides each weight matrix by its largest singular value: Miyato et al. (2018)."""
    for layer in list(net.modules()):
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            if not layer.weight.any():  # R3GAN's last ones of a block: zero has no direction
                nn.init.xavier_uniform_(layer.weight)
            spectral_norm(layer)
