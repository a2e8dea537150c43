"""The residual networks of SNGAN, up to 32 pixels as for CIFAR-10, above as for ImageNet.

Miyato, Kataoka, Koyama and Yoshida, "Spectral Normalization for Generative Adversarial Networks"
(2018), tables 4 to 6. The normalisation itself is `loss.spectral_norm`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.config import SnganModel
from ganbench.models.resample import Conv3x3Pool, UpsampleConv3x3
from ganbench.models.sizes import square


def generator(config: SnganModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×C×H×W in [−1, 1]."""
    channels, base, doublings = square("sngan", shape)
    widths = [config.width_g] * (doublings + 1)
    if shape[1] > 32:  # from 4 times as wide down to a quarter
        widths = [_scaled(config.width_g, min(doublings - i - 2, 2)) for i in range(doublings + 1)]
    net = nn.Sequential(
        nn.Linear(latent, widths[0] * base**2),
        nn.Unflatten(1, (widths[0], base, base)),
        *map(Up, widths, widths[1:]),
        nn.BatchNorm2d(widths[-1]),
        nn.ReLU(),
        nn.Conv2d(widths[-1], channels, 3, padding=1),
        nn.Tanh(),
    )
    return _initialised(net)


def discriminator(config: SnganModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Images N×C×H×W in [−1, 1] → logits N."""
    channels, _, _ = square("sngan", shape)
    widths, halvings = [config.width_d] * 4, 2
    if shape[1] > 32:  # from half as wide to 8 times
        halvings = _halvings(shape[1])
        widths = [_scaled(config.width_d, min(i - 1, 3)) for i in range(halvings + 1)]
    inputs = [channels, *widths]
    net = nn.Sequential(
        *(Down(inputs[i], w, first=i == 0, halve=i < halvings) for i, w in enumerate(widths)),
        nn.ReLU(),
        SumPool(),
        nn.Linear(widths[-1], 1),
        nn.Flatten(0),
    )
    return _initialised(net)


class Up(nn.Module):
    """A residual block that doubles the side: pre-activation with batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            UpsampleConv3x3(inputs, outputs),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×2H×2W; a 1×1 convolution may as well come before the upsampling."""
        short, residual = self.shortcut(x), self.residual(x)
        return torch.add(F.interpolate(short, scale_factor=2), residual)


class Down(nn.Module):
    """A residual block that may halve the side; the first one has no activation of its input."""

    def __init__(self, inputs: int, outputs: int, first: bool, halve: bool) -> None:
        super().__init__()
        hidden = outputs if first else inputs
        self.residual = nn.Sequential(
            nn.Identity() if first else nn.ReLU(),
            nn.Conv2d(inputs, hidden, 3, padding=1),
            nn.ReLU(),
            Conv3x3Pool(hidden, outputs) if halve else nn.Conv2d(hidden, outputs, 3, padding=1),
        )
        self.pool = nn.AvgPool2d(2) if halve else nn.Identity()
        same = inputs == outputs and not halve
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×H×W, or N×C'×H/2×W/2."""
        return torch.add(self.shortcut(self.pool(x)), self.residual(x))


class SumPool(nn.Module):
    """The sum over all pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C."""
        return x.sum((2, 3))


def _scaled(width: int, power: int) -> int:
    return max(1, int(width * 2.0**power))


def _halvings(side: int) -> int:
    """How often the side can be halved before it is odd, or 4."""
    halvings = 0
    while side > 4 and side % 2 == 0:
        side, halvings = side // 2, halvings + 1
    return halvings


def _initialised(net: nn.Sequential) -> nn.Sequential:
    """Glorot-uniform weights, √2 times larger in the residuals' convolutions; no biases."""
    for name, layer in net.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight, math.sqrt(2) if ".residual." in name else 1.0)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return net
