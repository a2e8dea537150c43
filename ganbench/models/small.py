"""A small DCGAN without normalisation in the discriminator: the default for images.

After Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (2016). The discriminator has no normalisation, which a gradient
penalty replaces, and starts with the variance-preserving weights of He et al. (2015) instead.
"""

from __future__ import annotations

import math

from torch import nn

from ganbench.config import SmallModel
from ganbench.errors import InputError

SLOPE = 0.2


def generator(config: SmallModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×C×H×W in [−1, 1]."""
    channels, height, width = _checked(shape)
    small, now = (height // 4, width // 4), 4 * config.width_g
    layers: list[nn.Module] = [
        nn.Linear(latent, now * math.prod(small)),
        nn.BatchNorm1d(now * math.prod(small)),
        nn.LeakyReLU(SLOPE),
        nn.Unflatten(1, (now, *small)),
    ]
    for _ in range(2):
        layers += [
            nn.ConvTranspose2d(now, now // 2, 4, 2, 1),
            nn.BatchNorm2d(now // 2),
            nn.LeakyReLU(SLOPE),
        ]
        now //= 2
    return nn.Sequential(*layers, nn.Conv2d(now, channels, 3, padding=1), nn.Tanh())


def discriminator(config: SmallModel, shape: tuple[int, ...]) -> nn.Module:
    """Images N×C×H×W in [−1, 1] → logits N."""
    channels, height, width = _checked(shape)
    w = config.width_d

    def block(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
        conv = nn.Conv2d(inputs, outputs, kernel, stride, 1)
        return [conv, nn.LeakyReLU(SLOPE), nn.Dropout(config.dropout)]

    small = math.ceil(height / 8) * math.ceil(width / 8)
    net = nn.Sequential(
        *block(channels, w, 4, 2),
        *block(w, 2 * w, 4, 2),
        *block(2 * w, 2 * w, 3, 1),
        *block(2 * w, 4 * w, 3, 2),
        nn.Flatten(),
        nn.Linear(4 * w * small, 1),
        nn.Flatten(0),
    )
    for layer in net:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, SLOPE)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return net


def _checked(shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) != 3 or shape[1] % 4 or shape[2] % 4:
        raise InputError(
            "model.name 'small' makes images whose sides are multiples of 4, "
            f"the data are {'x'.join(map(str, shape))}"
        )
    return shape[0], shape[1], shape[2]
