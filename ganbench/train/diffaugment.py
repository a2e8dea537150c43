"""DiffAugment: colour, translation and cutout, of every image, every time.

Zhao, Liu, Lin, Zhu and Han, "Differentiable Augmentation for Data-Efficient GAN Training" (2020),
with the strengths of their code. What is cut out or moved in has the middle grey of the range,
their 0. An alpha channel is moved and cut with the others, but its values are no colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganbench.train.pixels import colours_of, picked, places, whole

DRAWS = 7  # numbers an image: three of colour, two of translation, two of cutout


def draw(n: int, draws: torch.Generator) -> Tensor:
    """All that is random about n images: float64 n×7, uniform on [0, 1)."""
    return torch.rand((n, DRAWS), generator=draws, dtype=torch.float64)


def apply(
    images: Tensor, policies: Sequence[str], uniform: Tensor, span: float, middle: float
) -> Tensor:
    """N×C×H×W after the transforms that `policies` names, each image by its row of `uniform`."""
    uniform = uniform.to(images.device)
    values = (images - middle) * (2 / span)
    for name in policies:
        transform, numbers = POLICIES[name]
        values = transform(values, uniform[:, numbers])
    return values * (span / 2) + middle


def color(images: Tensor, uniform: Tensor) -> Tensor:
    """Brightness ± ½, then saturation 0 to 2, then contrast ½ to 1½ around the image's mean."""
    colours = colours_of(images)
    brightness, saturation, contrast = uniform.to(images.dtype).view(-1, 3, 1, 1, 1).unbind(1)
    values = images[:, :colours] + (brightness - 0.5)
    if colours > 1:
        values = values.mean(1, keepdim=True).lerp(values, 2 * saturation)
    values = values.mean((1, 2, 3), keepdim=True).lerp(values, contrast + 0.5)
    return torch.cat((values, images[:, colours:]), 1)


def translation(images: Tensor, uniform: Tensor) -> Tensor:
    """Moved by whole pixels, up to an eighth of the side each way."""
    height, width = images.shape[2:]
    rows = places(height, images) - _shift(uniform[:, :1], height)
    columns = places(width, images) - _shift(uniform[:, 1:], width)
    inside = _both((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    moved = picked(images, rows.unsqueeze(2), columns.unsqueeze(1))
    return torch.where(inside, moved, 0)


def cutout(images: Tensor, uniform: Tensor) -> Tensor:
    """A rectangle of half the height and width, at any place within or across the borders."""
    height, width = images.shape[2:]
    rows = _span(uniform[:, :1], height, images)
    columns = _span(uniform[:, 1:], width, images)
    return torch.where(_both(rows, columns), 0, images)


def _shift(uniform: Tensor, side: int) -> Tensor:
    """−reach to reach pixels, where the reach is an eighth of the side."""
    reach = _rounded(side, 8)
    return whole(uniform, 2 * reach + 1) - reach


def _span(uniform: Tensor, side: int, like: Tensor) -> Tensor:
    """Which places of a side the cut covers, bool N×side: half of it, around any of its pixels."""
    cut = _rounded(side, 2)
    first = whole(uniform, side + 1 - cut % 2) - cut // 2
    place = places(side, like)
    return (place >= first) & (place < first + cut)


def _rounded(side: int, parts: int) -> int:
    return int(side / parts + 0.5)


def _both(rows: Tensor, columns: Tensor) -> Tensor:
    """Masks N×H of rows and N×W of columns → N×1×H×W of the pixels in both."""
    return (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)


Transform = Callable[[Tensor, Tensor], Tensor]
"""Images with values from −1 to 1, and their columns of the draws → images."""

POLICIES: dict[str, tuple[Transform, slice]] = {
    "color": (color, slice(0, 3)),
    "translation": (translation, slice(3, 5)),
    "cutout": (cutout, slice(5, 7)),
}
