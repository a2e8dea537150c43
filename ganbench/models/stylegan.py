"""A compact StyleGAN2 of plain tensor operations.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020): modulated and
demodulated convolutions, images summed over the sizes, a residual discriminator with minibatch
standard deviation, equalised learning rates. Different here: no noise is added to the maps, so
that an image is a function of z alone; maps are doubled by nearest neighbours (the images
bilinearly, with the taps 1, 3, 3, 1) and halved by means; a tanh keeps the images in range.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import register_parametrization

from ganbench.config import StyleganModel
from ganbench.models.resample import Conv3x3Pool, upsampled
from ganbench.models.sizes import square

SLOPE = 0.2
GAIN = math.sqrt(2)
SLOWER = 0.1  # the mapping's learning rate, for 1 elsewhere; Karras et al. have 0.01 for 8 layers
EPS = 1e-8

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def generator(config: StyleganModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×C×H×W in [−1, 1]."""
    channels, base, doublings = square("stylegan", shape)
    return Generator(config, latent, channels, base, _widths(config, doublings)[::-1])


def discriminator(config: StyleganModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Images N×C×H×W in [−1, 1] → logits N."""
    channels, base, doublings = square("stylegan", shape)
    widths = _widths(config, doublings)
    last = widths[-1]
    extra = int(config.minibatch_std)
    return nn.Sequential(
        equalised(nn.Conv2d(channels, widths[0], 1)),
        Activation(),
        *map(Down, widths, widths[1:]),
        MinibatchStd() if extra else nn.Identity(),
        equalised(nn.Conv2d(last + extra, last, 3, padding=1)),
        Activation(),
        nn.Flatten(),
        equalised(nn.Linear(last * base**2, last)),
        Activation(),
        equalised(nn.Linear(last, 1)),
        nn.Flatten(0),
    )


class Generator(nn.Module):
    """A mapping from z to the style w, which modulates every convolution from a constant on.

    `widths` are the channels of each size, from the smallest.
    """

    def __init__(
        self, config: StyleganModel, latent: int, channels: int, base: int, widths: list[int]
    ) -> None:
        super().__init__()
        sizes = [latent, *[config.style] * config.mapping]
        layers = [
            (equalised(nn.Linear(a, b), rate=SLOWER), Activation()) for a, b in pairwise(sizes)
        ]
        self.mapping = nn.Sequential(*(part for pair in layers for part in pair))
        self.constant = nn.Parameter(torch.randn((widths[0], base, base)))
        self.first = Modulated(config.style, widths[0], widths[0], 3)
        self.ups = nn.ModuleList(
            Modulated(config.style, a, b, 3, up=True) for a, b in pairwise(widths)
        )
        self.convs = nn.ModuleList(Modulated(config.style, b, b, 3) for b in widths[1:])
        self.images = nn.ModuleList(
            Modulated(config.style, b, channels, 1, demodulate=False) for b in widths
        )

    def forward(self, z: Tensor) -> Tensor:
        """N×latent → N×C×H×W."""
        return self.synthesis(self.style(z))

    def style(self, z: Tensor) -> Tensor:
        """N×latent → w, N×style; the length of z does not count."""
        style: Tensor = self.mapping(z * (z.square().mean(1, keepdim=True) + EPS).rsqrt())
        return style

    def synthesis(self, style: Tensor) -> Tensor:
        """N×style → N×C×H×W."""
        x = self.constant.expand(style.shape[0], -1, -1, -1)
        x = activate(self.first(x, style))
        image = self.images[0](x, style)
        for up, conv, to_image in zip(self.ups, self.convs, self.images[1:], strict=True):
            x = activate(conv(activate(up(x, style)), style))
            image = F.interpolate(image, scale_factor=2, mode="bilinear") + to_image(x, style)
        return torch.tanh(image)


class Truncated(nn.Module):
    """A generator whose styles lie `psi` of the way from `mean` (of w, `style` components) to w.

    Karras et al., "A Style-Based Generator Architecture" (2019), appendix B.
    """

    mean: Tensor

    def __init__(self, generator: Generator, mean: Tensor, psi: float) -> None:
        super().__init__()
        self.generator = generator
        self.register_buffer("mean", mean)
        self.psi = psi

    def forward(self, z: Tensor) -> Tensor:
        """N×latent → N×C×H×W."""
        style = torch.lerp(self.mean, self.generator.style(z), self.psi)
        return self.generator.synthesis(style)


class Modulated(nn.Module):
    """A convolution whose weights the style scales for each image, by input channel.

    Demodulated, the scaled weights of each output channel have norm 1. As both scales are diagonal,
    they are applied to the maps before and after one convolution with the common weights.
    """

    def __init__(
        self,
        style: int,
        inputs: int,
        outputs: int,
        kernel: int,
        up: bool = False,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.affine = equalised(nn.Linear(style, inputs))
        nn.init.ones_(self.affine.bias)
        self.conv = equalised(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2))
        self.up = up
        self.demodulate = demodulate

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """N×C×H×W and N×style → N×C'×H×W, or N×C'×2H×2W."""
        weight, scale = self.conv.weight, self.affine(style)
        x = x * scale[:, :, None, None]
        x = upsampled(x, weight) if self.up else F.conv2d(x, weight, padding=self.conv.padding)
        if self.demodulate:
            x = x * demodulation(weight, scale)[:, :, None, None]
        assert self.conv.bias is not None
        return x + self.conv.bias[:, None, None]


def demodulation(weight: Tensor, scale: Tensor) -> Tensor:
    """N×C', one over the norms of the weights C'×C×k×k, scaled by N×C: Karras et al., eq. 3."""
    with torch.autocast(weight.device.type, enabled=False):
        scaled = scale.to(weight.dtype).square() @ weight.square().sum((2, 3)).t()
        return (scaled + EPS).rsqrt()


class Down(nn.Module):
    """Two convolutions that halve the side, and their shortcut; their sum keeps the variance."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = equalised(nn.Conv2d(inputs, inputs, 3, padding=1))
        self.second = equalised(Conv3x3Pool(inputs, outputs))
        self.shortcut = equalised(nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×H/2×W/2."""
        residual = activate(self.second(activate(self.first(x))))
        return torch.add(self.shortcut(F.avg_pool2d(x, 2)), residual) / GAIN


class MinibatchStd(nn.Module):
    """Appends a map that says how much the images of a group differ.

    Groups are of four neighbours in the batch, or nearly where its size is no multiple: some of
    three then. The map is the mean of the standard deviations of all values.
    """

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×(C+1)×H×W."""
        groups = -(-len(x) // 4)
        size, larger = divmod(len(x), groups)
        cut = larger * (size + 1)
        parts = [_deviation(x[:cut], size + 1), _deviation(x[cut:], size)]
        spread = torch.cat(parts)[:, None, None, None]
        return torch.cat((x, spread.expand(-1, 1, *x.shape[2:]).to(x.dtype)), 1)


def _deviation(x: Tensor, size: int) -> Tensor:
    """N: each image's group's mean standard deviation, for groups of `size`."""
    x = x.flatten(1).to(torch.promote_types(x.dtype, torch.float32))
    groups = x.reshape(len(x) // size, size, x.shape[1])
    variance = (groups - groups.mean(1, keepdim=True)).square().mean(1)
    return (variance + EPS).sqrt().mean(1).repeat_interleave(size)


class Activation(nn.Module):
    """`activate` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return activate(x)


def activate(x: Tensor) -> Tensor:
    """A leaky ReLU that about keeps the variance."""
    return F.leaky_relu(x, SLOPE) * GAIN


class Scaled(nn.Module):
    """A weight as a multiple of its parameter."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, weight: Tensor) -> Tensor:
        """The same shape."""
        return weight * self.factor


def equalised(layer: Layer, rate: float = 1.0) -> Layer:
    """`layer` with an equalised learning rate: Karras et al., "Progressive Growing" (2018), 4.1.

    Its parameters start as standard normal, its weights as 1/√fan-in of that, so that optimizers
    that divide by the gradient's size, as Adam, change all weights by the same share.
    """
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=1 / rate)
    register_parametrization(layer, "weight", Scaled(rate / math.sqrt(fan_in)))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
        if rate != 1:
            register_parametrization(layer, "bias", Scaled(rate))
    return layer


def _widths(config: StyleganModel, doublings: int) -> list[int]:
    """Channels of each size, from the full one to the smallest."""
    return [min(config.width * 2**i, config.most) for i in range(doublings + 1)]
