"""The convex polygons of Lucic et al., "Are GANs Created Equal? A Large-Scale Study" (2018).

A polygon is four numbers (three vertex angles and a rotation), so the data lie on a known manifold
and the precision and recall of a generator can be computed. The published generator draws
80,000 images from seed 0 and shuffles them: 60,000 training, 10,000 test, 10,000 hold-out.

Two properties of the published code are kept, because they are the data set: the rotation is
converted to radians twice, so it is 0 to 6.28 *degrees*; and neighbouring vertices can be
`MIN_ANGLE / 2` apart, not `MIN_ANGLE`. `legacy_rotation=False` gives the full turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.types import Images

Floats = NDArray[np.float64]

N = 80_000
PARTS = {"train": (0, 60_000), "test": (60_000, 70_000)}
MIN_ANGLE = 20.0  # degrees
SCALE = 0.75
SIZE = 28  # pixels
SUB = 8  # subpixels a pixel, in each direction


def polygons(corners: int, split: str) -> Images:
    """Black triangles (3 corners) or quadrangles (4) on white: uint8 1×28×28, made on demand."""
    start, stop = PARTS[split]
    name = {3: "triangles", 4: "squares"}[corners]
    part = _vertices(corners)[start:stop]

    def batches(size: int) -> Iterator[Tensor]:
        for first in range(0, len(part), size):
            grey = render(part[first : first + size])
            yield torch.from_numpy(np.rint(grey * 255).astype(np.uint8))[:, None]

    return Images(
        name=f"builtin:{name}:{split}",
        n=len(part),
        shape=(1, SIZE, SIZE),
        batches=batches,
        fingerprint=f"polygons corners={corners} seed 0 [{start}:{stop}]",
    )


def vertices(angles: Floats, rotation: Floats) -> Floats:
    """Vertices of N polygons, N×K×2 in pixels, from K `angles` and a `rotation` each, in radians.

    The vertices lie on a circle of 21 pixels' diameter, turned, and moved so that their mean is the
    centre of the image.
    """
    cos, sin = np.cos(rotation)[:, None], np.sin(rotation)[:, None]
    x, y = (np.cos(angles) + 1) / 2, (np.sin(angles) + 1) / 2
    turned = np.stack((x * cos + y * sin, y * cos - x * sin), axis=-1) * (SIZE * SCALE)
    centred: Floats = turned + SIZE / 2 - turned.mean(axis=1, keepdims=True)
    return centred


def draw(corners: int, n: int, rng: np.random.RandomState, *, legacy_rotation: bool) -> Floats:
    """Vertices of n random polygons, n×corners×2 in pixels."""
    segment = 360 / corners
    uniform = rng.rand(n, corners + 1)
    offsets = uniform[:, :corners] * (segment - MIN_ANGLE / 2)
    angles = np.radians(np.arange(corners) * segment + MIN_ANGLE / 2 + offsets)
    rotation = uniform[:, corners] * 2 * np.pi
    return vertices(angles, np.radians(rotation) if legacy_rotation else rotation)


def render(polygons: Floats) -> Floats:
    """Grey images N×28×28 in [0, 1] (1 = white background) of N convex polygons, N×K×2 in pixels.

    A pixel is the share of its 8×8 subpixels that lie outside. The subpixels of pixel i are
    8i − 3 to 8i + 4: the window of scipy.ndimage.convolve for an even kernel, as published.
    """
    first, last = _spans(polygons * SUB)
    edges = np.arange(SIZE) * SUB - SUB // 2 + 1  # first subpixel of each pixel's window
    lower = np.maximum(first[..., None], edges)
    upper = np.minimum(last[..., None], edges + SUB - 1)
    inside = np.maximum(upper - lower + 1, 0)  # N × (SIZE·SUB) subpixel rows × SIZE pixels
    padded = np.pad(inside, ((0, 0), (SUB // 2 - 1, SUB // 2 + 1), (0, 0)))[:, : SIZE * SUB]
    counts = padded.reshape(len(polygons), SIZE, SUB, SIZE).sum(axis=2)
    grey: Floats = 1 - counts / SUB**2
    return grey


def _spans(polygons: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last subpixel inside a convex polygon, in each row: two N × (SIZE·SUB) arrays.

    A row that misses the polygon has first > last.
    """
    rows = np.arange(SIZE * SUB)[None, None, :]
    a, b = polygons[..., None], np.roll(polygons, -1, axis=1)[..., None]
    crosses = (a[:, :, 0] <= rows) != (b[:, :, 0] <= rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (b[:, :, 1] - a[:, :, 1]) / (b[:, :, 0] - a[:, :, 0])
        column = a[:, :, 1] + (rows - a[:, :, 0]) * slope
    low = np.where(crosses, column, np.inf).min(axis=1)
    high = np.where(crosses, column, -np.inf).max(axis=1)
    beyond = SIZE * SUB
    first = np.clip(np.ceil(low), 0, beyond).astype(np.int64)
    last = np.clip(np.floor(high), -1, beyond - 1).astype(np.int64)
    return first, last


@cache
def _vertices(corners: int) -> Floats:
    rng = np.random.RandomState(0)  # the published stream: all draws, then the shuffle
    drawn = draw(corners, N, rng, legacy_rotation=True)
    return drawn[rng.permutation(N)]
