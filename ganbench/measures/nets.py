"""Small networks for the measures that train one: seeded, and the global generator untouched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init


def mlp(widths: Sequence[int], draws: torch.Generator, slope: float = 0.0) -> nn.Sequential:
    """Linear layers of those widths with (leaky) ReLU between them: N×widths[0] → N×widths[-1]."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [skip_init(nn.Linear, a, b), nn.LeakyReLU(slope)]
    return initialised(nn.Sequential(*layers[:-1]), draws)


def conv_classifier(channels: int, draws: torch.Generator, width: int = 32) -> nn.Sequential:
    """Three strided 4×4 convolutions, a mean over 4×4 places each, a linear layer: one logit.

    Reads float N×channels×H×W of any size from 8×8.
    """
    layers: list[nn.Module] = []
    for a, b in ((channels, width), (width, 2 * width), (2 * width, 2 * width)):
        layers += [skip_init(nn.Conv2d, a, b, 4, stride=2, padding=2), nn.LeakyReLU(0.2)]
    layers += [nn.AdaptiveAvgPool2d(4), nn.Flatten(), skip_init(nn.Linear, 32 * width, 1)]
    return initialised(nn.Sequential(*layers), draws)


def initialised(net: nn.Sequential, draws: torch.Generator) -> nn.Sequential:
    """Weights and biases uniform in ±1/√(inputs of a unit), as torch draws them, from `draws`."""
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                bound = layer.weight[0].numel() ** -0.5
                for parameter in layer.parameters():
                    parameter.uniform_(-bound, bound, generator=draws)
    return net


def batches(n: int, size: int, draws: torch.Generator) -> Iterator[Tensor]:
    """The rows 0 to n − 1 in a random order, by parts of at most `size`."""
    yield from torch.randperm(n, generator=draws).split(size)


def draw(samples: Tensor, n: int, draws: torch.Generator) -> Tensor:
    """n of the samples at random, without replacement, in a random order; n at most all."""
    return samples[torch.randperm(len(samples), generator=draws)[:n]]
