"""Pictures of samples, as arrays: tiles of images, scatter plots of points. numpy only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""uint8 H×W×3."""

GAP = 2  # pixels between tiles
PLOT = 256  # side of a scatter plot, pixels
PAPER, INK, FAINT = (255, 255, 255), (31, 99, 200), (205, 205, 205)


def tile(images: NDArray[np.uint8], columns: int | None = None) -> Picture:
    """N images, uint8 N×C×H×W with 1 to 4 channels, side by side; as square as possible by default.

    Of 2 and 4 channels the last one is opacity, and white is behind it. Raises ValueError for other
    channel counts.
    """
    images = coloured(images)
    n, height, width, _ = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 128, np.uint8)
    for i, image in enumerate(images):
        top = GAP + i // columns * (height + GAP)
        left = GAP + i % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet


def coloured(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 N×C×H×W with 1 to 4 channels as N×H×W×3.

    Of 2 and 4 channels the last one is opacity, and white is behind it. Raises ValueError for other
    channel counts.
    """
    channels = images.shape[1]
    if channels not in (1, 2, 3, 4):
        raise ValueError(f"a picture needs images of 1 to 4 channels, got {channels}")
    if channels in (2, 4):
        opacity = images[:, -1:].astype(np.int64)
        images = ((images[:, :-1] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
    return np.broadcast_to(images.transpose(0, 2, 3, 1), (*images.shape[:1], *images.shape[2:], 3))


def scatter(points: NDArray[np.float32], real: NDArray[np.float32]) -> Picture:
    """`points` (N×2) in colour over `real` ones (M×2) in grey, which also set the limits.

    Points outside are drawn at the border, so that a diverging generator is seen.
    """
    low, high = real.min(0), real.max(0)
    middle, half = (low + high) / 2, max(float((high - low).max()), 1e-6) / 2 * 1.25
    sheet = np.full((PLOT, PLOT, 3), PAPER, np.uint8)
    for cloud, colour in ((real, FAINT), (points, INK)):
        unit = np.nan_to_num((cloud - middle) / half, nan=0.0, posinf=1.0, neginf=-1.0)
        x, y = np.clip((unit * (1, -1) + 1) / 2 * (PLOT - 1), 1, PLOT - 2).round().astype(int).T
        for dy, dx in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)):
            sheet[y + dy, x + dx] = colour
    return sheet


def enlarge(picture: Picture, side: int) -> Picture:
    """The picture with each pixel repeated, so that its longer side is about `side` pixels."""
    return repeat(picture, max(1, round(side / max(picture.shape[:2]))))


def repeat(picture: Picture, factor: int) -> Picture:
    """The picture with each pixel `factor` times in each direction."""
    return picture.repeat(factor, 0).repeat(factor, 1)
