"""Moving pixels, differently in each image of a batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

BILINEAR, REFLECTION = 0, 2


def picked(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """N×C×H×W whose pixels come from these rows and columns of the same image.

    Both are int64 and broadcast to N×H×W. The values are exact, and their gradients scattered.
    """
    n, channels, height, width = images.shape
    source = (rows * width + columns).expand(n, height, width).reshape(n, 1, -1)
    values = images.flatten(2).gather(2, source.expand(n, channels, -1))
    return values.view(images.shape)


def sampled(images: Tensor, grid: Tensor) -> Tensor:
    """N×C×H×W looked up bilinearly at N×H×W×2 points (x, y), the image being −1 to 1 each way.

    Beyond that lies the image reflected, again and again. Differentiable in the images as often as
    one likes, which `grid_sample` is not in each version of PyTorch.
    """
    made: Tensor = _Sample.apply(images, grid)  # type: ignore[no-untyped-call]
    return made


class _Sample(torch.autograd.Function):
    """A linear map, whose derivative is its transpose."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        return F.grid_sample(images, grid, "bilinear", "reflection", align_corners=False)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Spread.apply(slope, grid), None  # type: ignore[no-untyped-call]


class _Spread(torch.autograd.Function):
    """The transpose of `_Sample`: each value is spread over the pixels that made it."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        made: Tensor = torch.ops.aten.grid_sampler_2d_backward(
            values, torch.empty_like(values), grid, BILINEAR, REFLECTION, False, [True, False]
        )[0]
        return made

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return sampled(slope, grid), None


def places(count: int, like: Tensor) -> Tensor:
    """0 to count − 1, int64 1×count, on the device of `like`."""
    return torch.arange(count, device=like.device).unsqueeze(0)


def whole(uniform: Tensor, count: int) -> Tensor:
    """A whole number from 0 to count − 1, int64, for each number on [0, 1)."""
    return (uniform * count).long()


def colours_of(images: Tensor) -> int:
    """How many of the channels are colours: an image with 2 or 4 has alpha as its last."""
    return images.shape[1] - (images.shape[1] in (2, 4))
