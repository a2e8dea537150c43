"""A convolution whose weight gradient is one matrix product, where that is the faster way."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

Pair = tuple[int, ...]
"""Of the height and of the width."""

SMALL = 16  # positions of an output map, at most
WIDE = 128  # channels of the output, at least


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair) -> Tensor:
    """`F.conv2d`, of the same values and gradients.

    On a CPU the libraries' gradients of the weights of wide convolutions to small maps reach a
    small share of the speed of a matrix product. There they are computed as one.
    """
    height, width = (
        (size + 2 * p - k) // s + 1
        for size, p, k, s in zip(x.shape[2:], padding, weight.shape[2:], stride, strict=True)
    )
    wanted = weight.requires_grad and torch.is_grad_enabled()
    if x.device.type != "cpu" or not wanted or height * width > SMALL or len(weight) < WIDE:
        return F.conv2d(x, weight, bias, stride, padding)
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        x, weight, bias = x.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
    made: Tensor = _Convolution.apply(x, weight, bias, stride, padding)  # type: ignore[no-untyped-call]
    return made


class _Convolution(torch.autograd.Function):
    """The backward is made of differentiable operations, so that penalties of gradients work."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    def backward(
        ctx: Any, grad: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        x, weight = ctx.saved_tensors
        by_x = by_weight = by_bias = None
        if ctx.needs_input_grad[0]:
            by_x = conv2d_input(x.shape, weight, grad, ctx.stride, ctx.padding)
        if ctx.needs_input_grad[1]:
            by_weight = weight_gradient(x, grad, weight.shape, ctx.stride, ctx.padding)
        if ctx.needs_input_grad[2]:
            by_bias = grad.sum((0, 2, 3))
        return by_x, by_weight, by_bias, None, None


def weight_gradient(
    x: Tensor, grad: Tensor, shape: torch.Size, stride: Pair, padding: Pair
) -> Tensor:
    """C'×C×k×k: the sum over all positions of gradient ⊗ window, from N×C×H×W and N×C'×H'×W'."""
    outputs, inputs, *kernel = shape
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, padding[1], padding[1], padding[0], padding[0]))
    windows = padded.unfold(1, kernel[0], stride[0]).unfold(2, kernel[1], stride[1])
    windows = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, kernel[0] * kernel[1] * inputs)
    rows = grad.permute(0, 2, 3, 1).reshape(-1, outputs)
    product = rows.T @ windows
    return product.view(outputs, *kernel, inputs).permute(0, 3, 1, 2)
