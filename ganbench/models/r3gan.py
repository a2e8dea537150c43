"""R3GAN's networks: residual, without normalisation, grouped convolutions in wide bottlenecks.

Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern GAN Baseline"
(2024). Instead of normalisation each residual starts as zero, and its inner weights are scaled by
the number of blocks: Zhang, Dauphin and Ma, "Fixup Initialization" (2019). Here a tanh ends the
generator, so that its images are in range.
"""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

from ganbench.config import R3ganModel
from ganbench.models.sizes import square

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through a leaky ReLU

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def generator(config: R3ganModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×C×H×W in [−1, 1]."""
    channels, base, doublings = square("r3gan", shape)
    *widths, now = _widths(config, doublings)
    layers = [Basis(latent, now, base), *_stage(config, now, doublings)]
    for after in reversed(widths):
        # The 1×1 convolution may as well come before the resampling, where it is cheaper.
        layers += [*_matched(now, after), nn.Upsample(scale_factor=2, mode="bilinear")]
        layers += _stage(config, after, doublings)
        now = after
    return nn.Sequential(*layers, _linear(nn.Conv2d(now, channels, 1, bias=False)), nn.Tanh())


def discriminator(config: R3ganModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Images N×C×H×W in [−1, 1] → logits N."""
    channels, base, doublings = square("r3gan", shape)
    now, *widths = _widths(config, doublings)
    layers = [_linear(nn.Conv2d(channels, now, 1, bias=False)), *_stage(config, now, doublings)]
    for after in widths:
        layers += [nn.AvgPool2d(2), *_matched(now, after)]  # bilinear, by exactly 2
        layers += _stage(config, after, doublings)
        now = after
    layers += [_linear(nn.Conv2d(now, now, base, groups=now, bias=False)), nn.Flatten()]
    return nn.Sequential(*layers, _linear(nn.Linear(now, 1, bias=False)), nn.Flatten(0))


class Basis(nn.Module):
    """z weighs the channels of a learned small map."""

    def __init__(self, latent: int, outputs: int, side: int) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.randn((outputs, side, side)))
        self.linear = _linear(nn.Linear(latent, outputs, bias=False))

    def forward(self, z: Tensor) -> Tensor:
        """N×latent → N×C×H×W."""
        weights: Tensor = self.linear(z)
        return self.basis * weights[:, :, None, None]


class Bottleneck(nn.Module):
    """x + W₃ σ(W₂ * σ(W₁ x)): wider inside, where a grouped 3×3 convolution is; W₃ starts as 0."""

    def __init__(self, config: R3ganModel, width: int, blocks: int) -> None:
        super().__init__()
        inner = config.expansion * width
        groups = inner // math.gcd(inner, config.group)
        gain = GAIN * blocks**-0.25  # L^(−1/(2m−2)) for L blocks of m = 3 layers
        self.residual = nn.Sequential(
            _linear(nn.Conv2d(width, inner, 1), gain),
            nn.LeakyReLU(SLOPE),
            _linear(nn.Conv2d(inner, inner, 3, padding=1, groups=groups), gain),
            nn.LeakyReLU(SLOPE),
            _linear(nn.Conv2d(inner, width, 1, bias=False), 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → the same."""
        return torch.add(x, self.residual(x))


def _widths(config: R3ganModel, doublings: int) -> list[int]:
    """Channels of each stage, from the full size to the smallest."""
    return [min(config.width * 2**i, config.most) for i in range(doublings + 1)]


def _stage(config: R3ganModel, width: int, doublings: int) -> list[nn.Module]:
    total = config.blocks * (doublings + 1)
    return [Bottleneck(config, width, total) for _ in range(config.blocks)]


def _matched(inputs: int, outputs: int) -> list[nn.Module]:
    """A 1×1 convolution where the number of channels changes."""
    if inputs == outputs:
        return []
    return [_linear(nn.Conv2d(inputs, outputs, 1, bias=False))]


def _linear(layer: Layer, gain: float = 1.0) -> Layer:
    """`layer` with normal weights of standard deviation gain/√fan-in, and no bias yet."""
    nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
