"""Convex polygons of a few angles, and their pictures: the manifold of the polygon data sets.

Lucic et al., "Are GANs Created Equal? A Large-Scale Study" (2018). A polygon has its corners on a
circle, one in each of K equal segments, is turned, and moved so that the mean of its corners is the
centre of the image. Turning by ρ is the same as lowering all angles by ρ, so the manifold has K
dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_ANGLE = 20.0  # degrees
SCALE = 0.75
SIZE = 28  # pixels
SUB = 8  # subpixels a pixel, in each direction
CHUNK = 64  # polygons that are rendered at a time


def limits(corners: int, *, legacy_rotation: bool) -> tuple[Floats, Floats]:
    """The lowest and the highest angle of each corner and, last, the rotation, in radians."""
    segment = 360 / corners
    lowest = np.arange(corners) * segment + MIN_ANGLE / 2
    turn = np.degrees(2 * np.pi) if not legacy_rotation else 2 * np.pi
    low, high = np.append(lowest, 0.0), np.append(lowest + segment - MIN_ANGLE / 2, turn)
    return np.radians(low), np.radians(high)


def parameters(
    corners: int, n: int, rng: np.random.RandomState, *, legacy_rotation: bool
) -> Floats:
    """The angles and the rotation of n random polygons, n×(corners + 1), uniform in `limits`.

    In the order and by the operations of the published code, whose stream the data sets are.
    """
    segment = 360 / corners
    uniform = rng.rand(n, corners + 1)
    offsets = uniform[:, :corners] * (segment - MIN_ANGLE / 2)
    angles = np.radians(np.arange(corners) * segment + MIN_ANGLE / 2 + offsets)
    rotation = uniform[:, corners] * 2 * np.pi
    turned = np.radians(rotation) if legacy_rotation else rotation
    return np.column_stack((angles, turned))


def draw(corners: int, n: int, rng: np.random.RandomState, *, legacy_rotation: bool) -> Floats:
    """Vertices of n random polygons, n×corners×2 in pixels."""
    drawn = parameters(corners, n, rng, legacy_rotation=legacy_rotation)
    return vertices(drawn[:, :-1], drawn[:, -1])


def vertices(angles: Floats, rotation: Floats, size: int = SIZE) -> Floats:
    """Vertices of N polygons, N×K×2 in pixels, from K `angles` and a `rotation` each, in radians.

    The vertices lie on a circle whose diameter is ¾ of the image's side, turned, and moved so that
    their mean is the centre of the image.
    """
    cos, sin = np.cos(rotation)[:, None], np.sin(rotation)[:, None]
    x, y = (np.cos(angles) + 1) / 2, (np.sin(angles) + 1) / 2
    turned = np.stack((x * cos + y * sin, y * cos - x * sin), axis=-1) * (size * SCALE)
    centred: Floats = turned + size / 2 - turned.mean(axis=1, keepdims=True)
    return centred


def pictures(parameters: Floats, size: int = SIZE) -> NDArray[np.float32]:
    """The images of N×(K + 1) angles and rotations, flat: float32 N×size², 1 is white."""
    made = render(vertices(parameters[:, :-1], parameters[:, -1], size), size)
    return made.reshape(len(parameters), -1).astype(np.float32)


def render(polygons: Floats, size: int = SIZE) -> Floats:
    """Grey images N×size×size in [0, 1] (1 = white) of N convex polygons, N×K×2 in pixels.

    A pixel is the share of its 8×8 subpixels that lie outside. The subpixels of pixel i are
    8i − 3 to 8i + 4: the window of scipy.ndimage.convolve for an even kernel, as published.
    """
    made = np.empty((len(polygons), size, size))
    for start in range(0, len(polygons), CHUNK):
        part = slice(start, start + CHUNK)
        made[part] = _render(polygons[part], size)
    return made


def _render(polygons: Floats, size: int) -> Floats:
    first, last = _spans(polygons * SUB, size * SUB)
    edges = np.arange(size, dtype=np.int16) * SUB - SUB // 2 + 1  # a window's first subpixel
    lower = np.maximum(first[..., None], edges)
    upper = np.minimum(last[..., None], edges + np.int16(SUB - 1))
    inside = np.maximum(upper - lower + np.int16(1), 0)  # N × subpixel rows × pixels
    padded = np.pad(inside, ((0, 0), (SUB // 2 - 1, SUB // 2 + 1), (0, 0)))[:, : size * SUB]
    counts = padded.reshape(len(polygons), size, SUB, size).sum(axis=2, dtype=np.int16)
    grey: Floats = 1 - counts / SUB**2
    return grey


def _spans(polygons: Floats, side: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """First and last subpixel inside a convex polygon, in each of `side` rows: N × side each.

    A row that misses the polygon has first > last.
    """
    rows = np.arange(side)[None, None, :]
    a, b = polygons[..., None], np.roll(polygons, -1, axis=1)[..., None]
    crosses = (a[:, :, 0] <= rows) != (b[:, :, 0] <= rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (b[:, :, 1] - a[:, :, 1]) / (b[:, :, 0] - a[:, :, 0])
        column = a[:, :, 1] + (rows - a[:, :, 0]) * slope
    low = np.where(crosses, column, np.inf).min(axis=1)
    high = np.where(crosses, column, -np.inf).max(axis=1)
    first = np.clip(np.ceil(low), 0, side).astype(np.int16)
    last = np.clip(np.floor(high), -1, side - 1).astype(np.int16)
    return first, last
