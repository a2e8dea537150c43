"""Features of no training at all: a random convolutional network, and the pixels themselves."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.errors import InputError
from ganbench.types import Extractor, Outputs

WIDTHS = (3, 32, 64, 128, 256)
LEAST = 8  # pixels a side


class RandomConv(nn.Module):
    """Four 3×3 convolutions of stride 2 with ReLU and He's initialisation, from a seed.

    The features are mean and standard deviation over space of the last: 512, whatever the size.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        draws = torch.Generator().manual_seed(seed)
        self.convs = nn.ModuleList()
        for a, b in pairwise(WIDTHS):
            conv = nn.Conv2d(a, b, 3, 2, padding=1, bias=False)
            weight = torch.randn(conv.weight.shape, generator=draws)
            conv.weight = nn.Parameter(weight * (2 / (9 * a)) ** 0.5)
            self.convs.append(conv)

    def forward(self, x: Tensor) -> Tensor:
        """N×3×H×W → N×512."""
        for conv in self.convs:
            x = F.relu(conv(x))
        flat = x.flatten(2)
        return torch.cat((flat.mean(2), flat.std(2, correction=0)), 1)


def random_conv(
    device: torch.device | str = "cpu", *, seed: int = 0, precision: str = "fp32"
) -> Extractor:
    """uint8 N×C×H×W, C = 1 or 3, of 8 pixels a side or more → 512 features, without a download.

    For domains that no trained network knows, where random features rank models more soundly than
    foreign ones: Naeem et al., "Reliable Fidelity and Diversity Metrics" (2020).
    """
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    net = RandomConv(seed).requires_grad_(False).to(torch.device(device), dtype)

    def prepare(images: Tensor) -> Tensor:
        if images.shape[1] not in (1, 3) or min(images.shape[2:]) < LEAST:
            raise InputError(
                f"extractor random-conv reads images of {LEAST} pixels a side or more with 1 or 3 "
                f"channels, got {'x'.join(map(str, images.shape[1:]))}"
            )
        x = (images.to(device).float() / 127.5 - 1).expand(-1, 3, -1, -1)
        features: Tensor = net(x.to(dtype))
        return features.float()

    def extract(features: Tensor) -> Outputs:
        return Outputs(features.cpu())

    protocol = {"seed": seed, "widths": list(WIDTHS[1:]), "precision": precision}
    digest = hashlib.sha256(f"random-conv {protocol} {torch.__version__[0]}".encode()).hexdigest()
    return Extractor("random-conv", digest, extract, 64, prepare, protocol)


def pixels(
    device: torch.device | str = "cpu", *, size: int = 0, precision: str = "fp32"
) -> Extractor:
    """uint8 N×C×H×W → the pixels in [0, 1], N×CHW; at `size`×`size` if that is not 0.

    Smaller by averaging (area interpolation). For tiny images, and as the plainest of controls.
    """

    def prepare(images: Tensor) -> Tensor:
        x = images.float() / 255
        if size:
            x = F.interpolate(x, size=(size, size), mode="area")
        return x.flatten(1)

    def extract(features: Tensor) -> Outputs:
        return Outputs(features)

    protocol = {"size": size, "precision": "fp32"}
    digest = hashlib.sha256(f"pixels {size}".encode()).hexdigest()
    return Extractor("pixels", digest, extract, 500, prepare, protocol)
