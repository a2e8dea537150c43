"""A small convolutional classifier that the measures train: always the same net and budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

STEPS, BATCH, RATE = 800, 100, 3e-3
SELECTED = 0.1  # share of the training side on which the model is selected
CHECKS = 5  # times that the model is looked at for that
LARGEST = 64  # pixels of a side; larger images are averaged down
SMALLEST = 20  # samples
WIDTHS = (16, 32)  # channels at the first halving, and after

Classifier = Callable[[Tensor], Tensor]
"""uint8 N×C×H×W → float32 N×K: log-probabilities of the classes."""


def fit_classifier(
    pixels: Tensor,
    labels: Tensor,
    classes: int,
    *,
    seed: int = 0,
    steps: int = STEPS,
    batch: int = BATCH,
) -> Classifier:
    """A classifier of uint8 N×C×H×W with `labels` (int64, N, 0 to `classes` − 1).

    3×3 convolutions of stride 2 until the side is 8 pixels or less, one of stride 1, a linear
    layer; `steps` updates of Adam at 0.003 falling as a cosine, on `batch` random images that are
    all shifted by the same random offset of up to a 14th of the side. Of five looks, the last at
    the end, that with the least loss on a random tenth of these very samples is taken: no other
    samples are seen. Sides above 64 pixels are averaged by the least whole factor that brings them
    to that. Everything random comes from `seed`; the global generator is not touched.

    Raises ValueError for fewer than 20 samples.
    """
    if len(pixels) < SMALLEST:
        raise ValueError(f"{len(pixels)} samples train no classifier; {SMALLEST} are the least")
    draws = torch.Generator().manual_seed(seed)
    held, used = _split(len(pixels), draws)
    weights = _initial(tuple(pixels.shape[1:]), classes, draws)
    optimizer = torch.optim.Adam(weights, lr=RATE, foreach=True)
    looks = {steps * (look + 1) // CHECKS for look in range(CHECKS)}
    best, kept = math.inf, weights
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
        rows = used[torch.randint(len(used), (batch,), generator=draws)]
        loss = F.cross_entropy(_logits(_shifted(_read(pixels[rows]), draws), weights), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step + 1 in looks:
            found = F.nll_loss(_log_probs(pixels[held], weights), labels[held]).item()
            if found < best:
                best, kept = found, [weight.detach().clone() for weight in weights]
    return lambda images: _log_probs(images, kept)


def _split(n: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    """(rows for the selection, rows to train on)."""
    order = torch.randperm(n, generator=draws)
    cut = max(1, round(SELECTED * n))
    return order[:cut], order[cut:]


def _initial(shape: tuple[int, ...], classes: int, draws: torch.Generator) -> list[Tensor]:
    """Weights and biases in turn, by He et al. (2015); the linear layer starts near zero."""
    channels, *sides = shape
    height, width = (math.ceil(side / _factor(sides)) for side in sides)
    strides = _strides((height, width))
    weights = []
    for i, stride in enumerate(strides):
        outputs = WIDTHS[min(i, 1)]
        kernel = torch.empty((outputs, channels, 3, 3))
        weights += [kernel.normal_(0, math.sqrt(2 / (channels * 9)), generator=draws)]
        weights += [torch.zeros(outputs)]
        channels, height, width = outputs, math.ceil(height / stride), math.ceil(width / stride)
    size = channels * height * width
    last = torch.empty((classes, size)).normal_(0, 0.1 / math.sqrt(size), generator=draws)
    return [weight.requires_grad_() for weight in (*weights, last, torch.zeros(classes))]


def _factor(sides: Sequence[int]) -> int:
    """By which images are averaged down."""
    return math.ceil(max(sides) / LARGEST)


def _strides(sides: tuple[int, int]) -> list[int]:
    """Of the convolutions: at least one halving, the side to 8 or less."""
    halvings = max(1, math.ceil(math.log2(max(sides) / 8)))
    return [2] * halvings + [1]


def _read(pixels: Tensor) -> Tensor:
    """uint8 → float32 in [−1, 1], at most 64 pixels a side."""
    images = pixels.float() / 127.5 - 1
    factor = _factor(images.shape[2:])
    return F.avg_pool2d(images, factor, ceil_mode=True) if factor > 1 else images


def _shifted(images: Tensor, draws: torch.Generator) -> Tensor:
    """All images moved by one random offset; what comes in repeats the border."""
    height, width = images.shape[2:]
    reach = max(1, max(height, width) // 14)
    down, right = torch.randint(2 * reach + 1, (2,), generator=draws).tolist()
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    return padded[:, :, down : down + height, right : right + width]


def _logits(x: Tensor, weights: Sequence[Tensor]) -> Tensor:
    *convolutions, last, bias = weights
    strides = _strides((x.shape[2], x.shape[3]))
    pairs = zip(convolutions[::2], convolutions[1::2], strict=True)
    x = x.contiguous(memory_format=torch.channels_last)
    for (kernel, offset), stride in zip(pairs, strides, strict=True):
        x = F.relu(F.conv2d(x, kernel, offset, stride, padding=1))
    return F.linear(x.flatten(1), last, bias)


@torch.no_grad()
def _log_probs(pixels: Tensor, weights: Sequence[Tensor]) -> Tensor:
    parts = [_logits(_read(part), weights).log_softmax(1) for part in pixels.split(500)]
    return torch.cat(parts) if parts else torch.empty((0, len(weights[-1])))
