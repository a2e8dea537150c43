"""One picture: from bytes to uint8, by a policy that is the same for every file of a set."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

Alpha = Literal["white", "black", "drop", "keep"]

GREY = ("1", "L", "I", "I;16", "I;16L", "I;16B", "I;16N")
DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
SMALL = 8  # pixels a side, below which a picture is hardly one
ORIENTATION = 274  # the EXIF tag; from 5 on width and height change places


class BadPicture(Exception):
    """This file cannot be used; the message says why."""


@dataclass(frozen=True)
class Header:
    """What a file says of its picture before it is decoded.

    `size` is (height, width), as stored. `grey`: one channel is enough. `turned`: by its EXIF
    orientation it lies on its side. `seldom` are things that the policy decides and a reader should
    know: "transparent", "16 bits", "animated", "EXIF orientation", "tiny".
    """

    format: str
    size: tuple[int, int]
    grey: bool
    turned: bool
    seldom: tuple[str, ...]


def header(content: bytes) -> Header:
    """Reads the header. Raises BadPicture for what is no picture, or is too large."""
    with _open(content) as image:
        seldom = []
        if image.mode in DEEP:
            seldom.append("16 bits")
        if _has_alpha(image):
            seldom.append("transparent")
        if getattr(image, "n_frames", 1) > 1:
            seldom.append("animated")
        orientation = image.getexif().get(ORIENTATION, 1)
        if orientation != 1:
            seldom.append("EXIF orientation")
        if min(image.size) < SMALL:
            seldom.append("tiny")
        if image.mode == "F":
            raise BadPicture("its pixels are 32-bit floats, whose range nobody knows")
        grey = image.mode in (*GREY, "LA", "La")
        size = image.height, image.width
        turned = orientation in (5, 6, 7, 8)
        return Header(image.format or "?", size, grey, turned, tuple(seldom))


def decode(content: bytes, alpha: Alpha, channels: int, upright: bool = False) -> Tensor:
    """uint8 C×H×W with 1, 3 or 4 channels. Raises BadPicture if it cannot be decoded to its end.

    Deep grey is divided by 257 and rounded, transparency is put on white or black (or ignored, or
    kept as the fourth channel), an animation is its first frame, an EXIF orientation is applied if
    `upright`, and colour that is not RGB is converted by Pillow.
    """
    with _open(content) as image:
        array = _pixels(ImageOps.exif_transpose(image) if upright else image, alpha, channels)
    if array.ndim == 2:
        array = array[..., None].repeat(min(channels, 3), 2)
    if array.shape[2] < channels:
        opaque = np.full((*array.shape[:2], 1), 255, np.uint8)
        array = np.concatenate((array, opaque), 2)
    return torch.from_numpy(array.transpose(2, 0, 1).copy(order="C"))


def _pixels(image: Image.Image, alpha: Alpha, channels: int) -> np.ndarray:
    """uint8 H×W, H×W×3 or H×W×4."""
    if image.mode in DEEP:
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > 65535:
            raise BadPicture(f"its pixels go from {deep.min()} to {deep.max()}, not 0 to 65535")
        return np.rint(deep / 257).astype(np.uint8)
    if channels == 4:
        return np.asarray(image.convert("RGBA"))
    if alpha != "drop" and _has_alpha(image):
        ground = Image.new("RGBA", image.size, alpha)
        ground.alpha_composite(image.convert("RGBA"))
        image = ground
    return np.asarray(image.convert("L" if channels == 1 else "RGB"))


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


@contextmanager
def _open(content: bytes) -> Iterator[Image.Image]:
    """The picture, opened; whatever Pillow raises comes as BadPicture."""
    if not content:
        raise BadPicture("it is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = Image.MAX_IMAGE_PIXELS
        raise BadPicture(f"it has more than {limit:,} pixels: a decompression bomb?") from error
    except UnidentifiedImageError as error:
        raise BadPicture("it is not a picture") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError) as error:
        raise BadPicture(f"it is damaged: {error}") from error
