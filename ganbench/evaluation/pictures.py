"""Pictures for a report: grids and rows of images as data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbench.types import Images, Points

SIDE = 64  # pixels of a tile
GAP = 2


def tiles(images: Images, rows: Sequence[int]) -> list[Image.Image]:
    """The images at `rows`, each fitted into a square tile; small ones enlarged by whole pixels."""
    wanted = torch.tensor(list(rows), dtype=torch.int64)
    made = []
    for batch in images.take(wanted, "shown").batches(16):
        made += [_tile(image) for image in batch]
    return made


def grid(pictures: Sequence[Image.Image], columns: int = 8) -> str:
    """The tiles in rows of `columns`, as the data URI of a PNG."""
    return uri(sheet(pictures, columns))


def sheet(pictures: Sequence[Image.Image], columns: int = 8) -> Image.Image:
    """The tiles in rows of `columns`."""
    lines = -(-len(pictures) // columns)
    step = SIDE + GAP
    made = Image.new("RGB", (columns * step - GAP, max(lines, 1) * step - GAP), "#808080")
    for i, picture in enumerate(pictures):
        made.paste(picture, (i % columns * step, i // columns * step))
    return made


def uri(picture: Image.Image) -> str:
    """A picture as the data URI of a PNG."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def can_be_shown(images: Images) -> bool:
    """Whether there are pictures: not of points, nor where only statistics are known."""
    return not isinstance(images, Points) and len(images.shape) == 3


def _tile(image: Tensor) -> Image.Image:
    array = image.permute(1, 2, 0).numpy()
    picture = Image.fromarray(np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array))
    longest = max(picture.size)
    if longest > SIDE:
        picture.thumbnail((SIDE, SIDE))
    elif longest <= SIDE // 2:
        scale = SIDE // longest
        size = picture.width * scale, picture.height * scale
        picture = picture.resize(size, Image.Resampling.NEAREST)
    tile = Image.new("RGB", (SIDE, SIDE), "#808080")
    tile.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    return tile
