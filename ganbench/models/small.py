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
WIDEST = 8  # times the width at the full size


def generator(config: SmallModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×C×H×W in [−1, 1]."""
    channels, height, width = _checked(shape)
    halvings = _halvings(height, width)
    small = (height >> halvings, width >> halvings)
    *widths, now = [config.width_g * min(2**i, WIDEST) for i in range(halvings + 1)]
    layers: list[nn.Module] = [
        nn.Linear(latent, now * math.prod(small)),
        nn.BatchNorm1d(now * math.prod(small)),
        nn.LeakyReLU(SLOPE),
        nn.Unflatten(1, (now, *small)),
    ]
    for after in reversed(widths):
        layers += [
            nn.ConvTranspose2d(now, after, 4, 2, 1),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(SLOPE),
        ]
        now = after
    return nn.Sequential(*layers, nn.Conv2d(now, channels, 3, padding=1), nn.Tanh())


def discriminator(config: SmallModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Images N×C×H×W in [−1, 1] → logits N."""
    channels, height, width = _checked(shape)
    halvings = _halvings(height, width)
    *widths, last = [config.width_d * min(2**i, WIDEST) for i in range(halvings + 1)]

    def block(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
        conv = nn.Conv2d(inputs, outputs, kernel, stride, 1)
        return [conv, nn.LeakyReLU(SLOPE), nn.Dropout(config.dropout)]

    layers: list[nn.Module] = []
    now = channels
    for after in widths:
        layers += block(now, after, 4, 2)
        now = after
    small = math.ceil((height >> halvings) / 2) * math.ceil((width >> halvings) / 2)
    net = nn.Sequential(
        *layers,
        *block(now, now, 3, 1),
        *block(now, last, 3, 2),
        nn.Flatten(),
        nn.Linear(last * small, 1),
        nn.Flatten(0),
    )
    for layer in net:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, SLOPE)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return net


def _halvings(height: int, width: int) -> int:
    """How often both sides can be halved while neither falls below 4: at least once."""
    halvings = 1
    while min(height, width) >> halvings >= 8 and not (height | width) >> halvings & 1:
        halvings += 1
    return halvings


def _checked(shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) != 3 or shape[1] % 4 or shape[2] % 4:
        raise InputError(
            "model.name 'small' makes images whose sides are multiples of 4, "
            f"the data are {'x'.join(map(str, shape))}"
        )
    return shape[0], shape[1], shape[2]
