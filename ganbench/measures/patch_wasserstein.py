"""The sliced Wasserstein distance of patches, by the levels of a Laplacian pyramid."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.types import Outcome, Pixels

PATCH = 7  # pixels
KERNEL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16  # Burt and Adelson 1983


def swd(
    real: Pixels,
    fake: Pixels,
    *,
    images: int = 1024,
    patches: int = 128,
    repeats: int = 4,
    projections: int = 128,
    smallest: int = 14,
    seed: int = 0,
) -> Outcome:
    """Sliced Wasserstein distance of 7×7 patches, times 1,000; in [0, ∞), lower is better.

    Karras et al., "Progressive Growing of GANs" (2018), section 5: a Laplacian pyramid whose
    coarsest level has `smallest` pixels a side or more; of each level `patches` random patches an
    image, each colour with mean 0 and deviation 1 over a side's patches; the mean over `repeats` ×
    `projections` random directions of the 1-D Wasserstein distance of what they project to. The
    value is the mean over levels, `detail` has each, the finest first. The paper takes 16,384
    images and a coarsest level of 16 pixels; a value depends on the number of images, which is
    `images` of each side at most and as many of both.

    Raises ValueError below 7 pixels a side and for sides of unlike shapes.
    """
    if real.shape[1:] != fake.shape[1:]:
        shapes = ["×".join(map(str, side.shape[1:])) for side in (real, fake)]
        raise ValueError(f"the reals are {shapes[0]} and the fakes {shapes[1]}")
    if min(real.shape[-2:]) < PATCH:
        raise ValueError(f"the patches need {PATCH} pixels a side, got {tuple(real.shape[-2:])}")
    n = min(images, len(real), len(fake))
    sides = [_pyramid(_taken(side, n, seed), smallest) for side in (real, fake)]
    levels = []
    for level, pair in enumerate(zip(*sides, strict=True)):
        x, y = (_patches(images, patches, seed + level) for images in pair)
        levels.append(1e3 * sliced_wasserstein(x, y, repeats, projections, seed))
    return Outcome(sum(levels) / len(levels), detail={"levels": levels, "images": n})


def sliced_wasserstein(
    x: Tensor, y: Tensor, repeats: int = 4, projections: int = 128, seed: int = 0
) -> float:
    """Mean over random directions of the 1-D Wasserstein distance of N×D and N×D points."""
    draws = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(repeats):
        directions = torch.randn((projections, x.shape[1]), generator=draws)
        directions = F.normalize(directions, dim=1).to(x.dtype)
        # numpy sorts many times faster than torch, where the processor has AVX512
        a, b = (np.sort((directions @ points.T).numpy(), axis=1) for points in (x, y))
        total += float(np.abs(a - b).mean(dtype=np.float64))
    return total / repeats


def _taken(pixels: Tensor, n: int, seed: int) -> Tensor:
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))
    return pixels[order[:n]].float()


def _pyramid(x: Tensor, smallest: int) -> list[Tensor]:
    """The Laplacian pyramid of N×C×H×W, the finest level first; the last is a blurred image."""
    levels = []
    while min(x.shape[-2:]) >= max(2 * smallest - 1, 3):
        small = _blur(x)[..., ::2, ::2]
        wide = torch.zeros_like(x)
        wide[..., ::2, ::2] = 4 * small
        levels.append(x - _blur(wide))
        x = small
    return [*levels, x]


def _blur(x: Tensor) -> Tensor:
    """By the kernel along both axes, mirrored at the border."""
    window = KERNEL.expand(x.shape[1], 1, 5)
    x = F.pad(x, (2, 2, 2, 2), mode="reflect")
    x = F.conv2d(x, window[..., None], groups=x.shape[1])
    return F.conv2d(x, window[:, :, None], groups=x.shape[1])


def _patches(x: Tensor, count: int, seed: int) -> Tensor:
    """`count` random patches of each image, N·count × C·49, each channel standardised."""
    n, channels, height, width = x.shape
    draws = torch.Generator().manual_seed(seed)
    top, left = (
        torch.randint(side - PATCH + 1, (n, count, 1, 1), generator=draws)
        for side in (height, width)
    )
    reach = torch.arange(PATCH)
    index = ((top + reach[:, None]) * width + left + reach).flatten(1)  # n × count·49
    taken = x.flatten(2).gather(2, index[:, None].expand(-1, channels, -1))
    taken = taken.view(n, channels, count, PATCH**2)
    mean = taken.mean((0, 2, 3), keepdim=True, dtype=torch.float64).float()
    taken = taken - mean
    deviation = taken.double().square().mean((0, 2, 3), keepdim=True).sqrt().float()
    taken = taken / deviation.clamp(min=1e-6)  # of images without contrast all are 0
    return taken.transpose(1, 2).flatten(0, 1).flatten(1)
