"""What was done to images before: JPEG compression and enlargement leave traces.

A network sees them, so they must not be on one side only. Each test is a number per image on the
luminance of a few hundred images; only images of 32 pixels a side or more can be judged.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Images, Points

LEAST = 32  # pixels a side
JPEG = "JPEG"


def warnings(real: Images, fake: Images, n: int = 256) -> list[str]:
    """What is on one side only, in words; nothing if both sides are alike or cannot be judged."""
    if not all(_can_be_judged(side) for side in (real, fake)):
        return []
    told = []
    jpeg = [side.formats.get(JPEG, 0) > side.n / 2 for side in (real, fake)]
    some = [_luminance(side, n) for side in (real, fake)]
    if not any(jpeg):
        jpeg = [blocking(part) > BLOCKED for part in some]
    if jpeg[0] != jpeg[1]:
        one, other = _order(jpeg[0])
        told.append(
            f"the {one} images have been JPEG-compressed and the {other} ones have not: networks "
            "see that, and the distance between the two grows"
        )
    enlarged = [detail(part) < BLURRED for part in some]
    if enlarged[0] != enlarged[1]:
        one, other = _order(enlarged[0])
        told.append(
            f"the {one} images look enlarged (no detail at the finest scale) and the {other} ones "
            "do not: bring both from their originals to one size in one way"
        )
    return told


BLOCKED = 1.15  # of `blocking`: 1 in images that were never compressed
BLURRED = 0.02  # of `detail`: bilinear enlargement by 2 leaves less, photographs have more


def blocking(luminance: Tensor) -> float:
    """How much larger steps across the borders of 8×8 blocks are than steps elsewhere; 1 if not.

    N×H×W float; the median over the images. Both directions, second differences, so that smooth
    ramps do not count.
    """
    ratios = []
    for image in (luminance, luminance.transpose(1, 2)):
        step = (image[:, :, 1:] - image[:, :, :-1]).abs()
        edge = (step[:, :, 1:-1] - (step[:, :, :-2] + step[:, :, 2:]) / 2).mean(1)
        place = torch.arange(edge.shape[1]) + 1
        border = edge[:, place % 8 == 7].mean(1)
        inside = step.mean((1, 2)).clamp(min=1e-3)
        ratios.append(1 + border / inside)
    return torch.cat(ratios).median().item()


def detail(luminance: Tensor) -> float:
    """Power at more than 0.8 of the finest frequency over that between a quarter and a half of it.

    N×H×W float; the median over the images. Photographs fall off like 1/f², white noise does not.
    """
    spectrum = torch.fft.rfft2(luminance - luminance.mean((1, 2), keepdim=True)).abs().square()
    height, width = luminance.shape[1:]
    down = torch.fft.fftfreq(height)[:, None].abs() * 2
    along = torch.fft.rfftfreq(width)[None].abs() * 2
    finest = torch.maximum(down, along)
    high = spectrum[:, finest > 0.8].mean(1)
    middle = spectrum[:, (finest > 0.25) & (finest <= 0.5)].mean(1)
    return float((high / middle.clamp(min=1e-6)).median())


def _can_be_judged(images: Images) -> bool:
    if isinstance(images, Points) or len(images.shape) != 3:
        return False
    return all(side == -1 or side >= LEAST for side in images.shape[1:])


def _luminance(images: Images, n: int) -> Tensor:
    """N×S×S of the first images of a spread over the set, cut to one square size."""
    rows = torch.linspace(0, images.n - 1, min(n, images.n)).round().long()
    source = images.read(rows, 16) if images.read else images.batches(16)
    parts, seen = [], 0
    for batch in source:
        parts += list(batch.float().mean(1))
        seen += len(batch)
        if seen >= n:
            break
    parts = [part for part in parts if min(part.shape) >= LEAST]
    side = min((min(part.shape) for part in parts), default=LEAST)
    side -= side % 8
    return torch.stack([part[:side, :side] for part in parts]) if parts else torch.zeros(1, 32, 32)


def _order(first: bool) -> tuple[str, str]:
    return ("real", "fake") if first else ("fake", "real")
