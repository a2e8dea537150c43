"""Layers that the architectures share, with the semantics of Keras where they differ from torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.models.convolution import convolve


class Conv2d(nn.Conv2d):
    """torch's, with quick gradients of the weights on a CPU. The padding is in numbers."""

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×H'×W'."""
        padding = self.padding
        assert not isinstance(padding, str)
        return convolve(x, self.weight, self.bias, self.stride, padding)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's 'same' padding: ceil(size / stride) outputs.

    With stride 2 and an even size the padding is asymmetric, one more to the right and the bottom.
    """

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×⌈H/s⌉×⌈W/s⌉."""
        sides = []
        for size, k, s in zip(x.shape[2:], self.kernel_size, self.stride, strict=True):
            total = max((-(-size // s) - 1) * s + k - size, 0)
            sides.append((total // 2, total - total // 2))
        (top, bottom), (left, right) = sides
        if top != bottom or left != right:
            x = F.pad(x, (left, right, top, bottom))
            top = left = 0
        return convolve(x, self.weight, self.bias, self.stride, (top, left))


class UpsampleConv2d(nn.Module):
    """Nearest-neighbour upsampling by 2 followed by a 'same' convolution with an odd kernel.

    The same function is computed on the small image: each of the four output phases (p, q) of the
    upsampled convolution is a small convolution, whose kernel is a fixed linear map of the k×k one,
    because neighbouring taps meet the same pixel. The phases are then interleaved. For k = 5 that
    is 9 products instead of 25. Weights, gradients and checkpoints are those of the plain layer.
    """

    phases: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)
        half = kernel // 2
        reach = (half + 1) // 2
        phases = torch.zeros(2, 2 * reach + 1, kernel)
        for p in range(2):
            for tap in range(kernel):
                phases[p, (p + tap - half) // 2 + reach, tap] = 1
        self.register_buffer("phases", phases, persistent=False)
        self.reach = reach

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C'×2H×2W."""
        outputs, inputs = self.weight.shape[:2]
        with torch.autocast(x.device.type, enabled=False):
            kernel = torch.einsum("pik,qjl,ockl->pqocij", self.phases, self.phases, self.weight)
        small = 2 * self.reach + 1
        kernel = kernel.reshape(4 * outputs, inputs, small, small)
        made = F.conv2d(x, kernel, self.bias.repeat(4), padding=self.reach)
        return interleave(made)


def interleave(phases: Tensor) -> Tensor:
    """N×(2·2·C)×H×W, the phases outermost → N×C×2H×2W: all of a pixel's channels move as one."""
    n, channels, height, width = phases.shape
    grid = phases.permute(0, 2, 3, 1).reshape(n, height, width, 2, 2, channels // 4)
    rows = grid.transpose(2, 3).reshape(n, 2 * height, 2 * width, channels // 4)
    return rows.permute(0, 3, 1, 2)


class Dropout(nn.Module):
    """Dropout whose mask is quick to draw on a CPU: 15 random bits a value, so p to 2⁻¹⁶.

    torch draws a Bernoulli number for each value there, one after the other, which takes several
    times as long.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x with a share p of zeros, the rest divided by 1 − p; in inference, x."""
        if not self.training or not self.p:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        dropped = round(self.p * 2**15)
        bits = torch.empty_like(x, dtype=torch.int16).random_()  # 0 … 2¹⁵ − 1
        return x * (bits >= dropped).to(x.dtype).mul_(1 / (1 - dropped / 2**15))


class KerasBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation as in Keras: momentum 0.9, ε = 10⁻³, and a *biased* moving variance.

    torch's `momentum` is one minus Keras's. torch keeps the unbiased variance, n/(n−1) times ours.
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=1e-3, momentum=0.1)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in (2, 4):
            raise ValueError(f"expected N×C or N×C×H×W, got {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        """N×C or N×C×H×W, normalised over all but C."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.momentum is not None
        # torch updates copies, because autograd keeps those that it was given.
        mean, variance = self.running_mean.clone(), self.running_var.clone()
        output = F.batch_norm(
            input, mean, variance, self.weight, self.bias, True, self.momentum, self.eps
        )
        n = input.numel() // input.shape[1]
        kept = self.running_var * (1 - self.momentum)
        with torch.no_grad():
            self.running_mean.copy_(mean)
            self.running_var.copy_(kept + (variance - kept) * ((n - 1) / n))
        return output
