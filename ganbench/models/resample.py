"""3×3 convolutions behind an upsampling or before a pooling by 2, as one strided convolution.

Both are linear, so that they are one: the kernel k×k meets each of the 2×2 pixels that are equal,
or that are averaged, which makes a kernel of (k+1)×(k+1) with stride 2. Exact, and 16 products
where the two steps have 36. Weights and gradients are those of the plain layers.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class UpsampleConv3x3(nn.Conv2d):
    """Nearest-neighbour upsampling by 2, then a 3×3 convolution with padding 1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×2H×2W."""
        return upsampled(x, self.weight, self.bias)


class Conv3x3Pool(nn.Conv2d):
    """A 3×3 convolution with padding 1, then the mean of each 2×2 pixels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×H/2×W/2, H and W even."""
        return F.conv2d(x, _boxed(self.weight) / 4, self.bias, stride=2, padding=1)


def upsampled(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The 3×3 convolution of `x` upsampled: N×C×H×W → N×C'×2H×2W."""
    kernel = _boxed(weight).flip(2, 3).transpose(0, 1)
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)


def _boxed(weight: Tensor) -> Tensor:
    """The kernel convolved with a box of 2×2 ones."""
    w = F.pad(weight, (1, 1, 1, 1))
    w = w[..., 1:, :] + w[..., :-1, :]
    return w[..., 1:] + w[..., :-1]
