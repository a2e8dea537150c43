"""Sample grids as animated WebP or GIF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganbench import grids

LAST = 2000  # milliseconds that the last frame stays
CAPTION = 28  # pixels below the grid


def write(frames: Sequence[tuple[Path, int]], out: Path, *, fps: float, side: int) -> list[Path]:
    """Pictures and their steps, in order, as a looping movie; returns those that were left out.

    A picture that cannot be read costs that picture. Raises OSError if `out` cannot be written, or
    if no picture can be read.
    """
    pictures, bad = [], []
    for path, step in frames:
        try:
            with Image.open(path) as image:
                pictures.append(caption(np.asarray(image.convert("RGB")), step, side))
        except OSError:
            bad.append(path)
    if not pictures:
        raise OSError(f"none of {len(frames)} pictures can be read")
    durations = [round(1000 / fps)] * (len(pictures) - 1) + [LAST]
    out.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 80, "method": 4} if out.suffix == ".webp" else {"optimize": False}
    first, *rest = pictures
    first.save(out, save_all=True, append_images=rest, duration=durations, loop=0, **options)
    return bad


def caption(picture: grids.Picture, step: int, side: int) -> Image.Image:
    """The picture, enlarged, with its step below."""
    large = Image.fromarray(grids.enlarge(picture, side))
    sheet = Image.new("RGB", (large.width, large.height + CAPTION), "white")
    sheet.paste(large)
    draw = ImageDraw.Draw(sheet)
    draw.text((8, large.height + 5), f"step {step:,}", "black", ImageFont.load_default(16))
    return sheet
