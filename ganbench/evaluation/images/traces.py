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


BLOCKED = 0.08  # of `blocking`: 0 in images that were never compressed
BLURRED = 0.2  # of `detail`: 1 in scenes like the world's, about 0.1 after an enlargement by 1.5
SMALL = 1.0  # grey levels, of a coefficient that was quantised to 0 and rounded with the pixels


def blocking(luminance: Tensor) -> float:
    """How many more fine coefficients are all but 0 on JPEG's grid of 8×8 blocks than off it.

    N×H×W float, in grey levels; a difference of shares, 0 if there was no compression: a grid that
    is shifted by half a block sees the same picture, but not the same quantisation.
    """
    on, off = (_quantised(luminance[:, k:, k:]) for k in (0, 4))
    return float((on - off).median())


def detail(luminance: Tensor) -> float:
    """Power near the finest frequency against what scenes of the world have, about 1/f²; 1 if so.

    N×H×W float; the smaller of two steps, from low to middle and from middle to high frequencies,
    so that an enlargement by 4 is seen too. The median over the images.
    """
    spectrum = torch.fft.rfft2(luminance - luminance.mean((1, 2), keepdim=True)).abs().square()
    height, width = luminance.shape[1:]
    down = torch.fft.fftfreq(height)[:, None].abs() * 2
    along = torch.fft.rfftfreq(width)[None].abs() * 2
    finest = torch.maximum(down, along)
    bands = ((0.06, 0.13), (0.25, 0.5), (0.8, 1.01))
    parts = [(finest > low) & (finest <= high) for low, high in bands]
    power = [spectrum[:, part].mean(1).clamp(min=1e-6) for part in parts]
    usual = [finest[part].pow(-2).mean() for part in parts]
    steps = [power[i + 1] / power[i] / (usual[i + 1] / usual[i]) for i in (0, 1)]
    return float(torch.minimum(*steps).median())


def _quantised(luminance: Tensor) -> Tensor:
    """Share of the finer half of the 8×8 cosine coefficients that are below `SMALL`, per image."""
    _, height, width = luminance.shape
    blocks = luminance[:, : height // 8 * 8, : width // 8 * 8]
    blocks = blocks.unfold(1, 8, 8).unfold(2, 8, 8)
    place, wave = torch.arange(8) + 0.5, torch.arange(8)[:, None]
    cosines = (torch.pi / 8 * place * wave).cos() / 2
    cosines[0] /= 2**0.5
    coefficients = cosines @ blocks @ cosines.T
    fine = (torch.arange(8)[:, None] + torch.arange(8)) >= 8
    return (coefficients[..., fine].abs() < SMALL).float().mean((1, 2, 3))


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
