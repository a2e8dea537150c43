"""Fully connected networks for points, as studies of mode collapse use them."""

from __future__ import annotations

from torch import nn

from ganbench.config import MlpModel
from ganbench.errors import InputError


def generator(config: MlpModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → points N×D."""
    _refuse_images(shape)
    layers: list[nn.Module] = []
    for i in range(config.depth):
        layers += [nn.Linear(config.hidden if i else latent, config.hidden), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(config.hidden, shape[0]))


def discriminator(config: MlpModel, shape: tuple[int, ...]) -> nn.Module:
    """Points N×D → logits N."""
    _refuse_images(shape)
    layers: list[nn.Module] = []
    for i in range(config.depth):
        layers += [nn.Linear(config.hidden if i else shape[0], config.hidden)]
        layers += [nn.LeakyReLU(0.2), nn.Dropout(config.dropout)]
    return nn.Sequential(*layers, nn.Linear(config.hidden, 1), nn.Flatten(0))


def _refuse_images(shape: tuple[int, ...]) -> None:
    if len(shape) != 1:
        raise InputError(
            f"model.name 'mlp' makes points, the data are images of {'x'.join(map(str, shape))}"
        )
