"""Image files of strangers: what becomes a picture, and of which the file itself is kept."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench.errors import InputError
from ganbench.track.pictures import to_picture

UNKNOWN = ".bin"
WIDEST = 16383  # pixels that WebP can have on a side
PLAIN = ("1", "L", "P", "RGB", "YCbCr")  # modes of which uint8 H×W×3 keeps everything


def examine(content: bytes) -> tuple[bool, str]:
    """Can it be a picture, and the suffix of its format; reads the head of the file only."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return max(image.size) <= WIDEST, f".{(image.format or 'img').lower()}"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False, ".svg" if _is_svg(content) else UNKNOWN


def decode(content: bytes) -> tuple[NDArray[np.uint8], bool]:
    """An image file as uint8 H×W×3, and whether that is all that it is.

    Of a movie it is the first frame, transparency is laid over white, 16 bits are rounded down.
    Raises InputError if it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            still = getattr(image, "n_frames", 1) == 1
            if image.mode.startswith("I"):
                grey = (np.asarray(image).clip(0, 65535) // 257).astype(np.uint8)
                return to_picture(grey), False
            pixels = np.asarray(image.convert("RGBA"))
            opaque = bool((pixels[:, :, 3] == 255).all())
            plain = image.mode in (*PLAIN, "LA", "RGBA")
            return to_picture(pixels), still and opaque and plain
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"not an image that can be read: {error}") from error


def _is_svg(content: bytes) -> bool:
    """Whether it looks like a drawing; those are kept as files, and never drawn by the page."""
    head = content[:1000].lstrip().lower()
    return head.startswith((b"<svg", b"<?xml")) and b"<svg" in content[:10_000].lower()
