"""Fully connected networks, for points as studies of mode collapse use them, and small images.

Goodfellow et al., "Generative Adversarial Networks" (2014), had such networks for MNIST.
"""

from __future__ import annotations

import math

from torch import nn

from ganbench.config import MlpModel


def generator(config: MlpModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → points N×D, or images N×C×H×W in [−1, 1]."""
    layers: list[nn.Module] = []
    for i in range(config.depth):
        layers += [nn.Linear(config.hidden if i else latent, config.hidden), nn.ReLU()]
    layers.append(nn.Linear(config.hidden, math.prod(shape)))
    if len(shape) > 1:
        layers += [nn.Tanh(), nn.Unflatten(1, shape)]
    return nn.Sequential(*layers)


def discriminator(config: MlpModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Points N×D, or images N×C×H×W in [−1, 1] → logits N."""
    layers: list[nn.Module] = [nn.Flatten()] if len(shape) > 1 else []
    for i in range(config.depth):
        layers += [nn.Linear(config.hidden if i else math.prod(shape), config.hidden)]
        layers += [nn.LeakyReLU(0.2), nn.Dropout(config.dropout)]
    return nn.Sequential(*layers, nn.Linear(config.hidden, 1), nn.Flatten(0))
