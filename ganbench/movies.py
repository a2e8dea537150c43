"""Sample grids as animated WebP or GIF, or as H.264 video (the `video` extra)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganbench import grids
from ganbench.errors import InputError

LAST = 2000  # milliseconds that the last frame stays
CAPTION = 28  # pixels below the grid


def write(frames: Sequence[tuple[Path, int]], out: Path, *, fps: float, side: int) -> list[Path]:
    """Pictures and their steps, in order, as a movie; returns those that were left out.

    A picture that cannot be read costs that picture. .webp and .gif play in a loop. Raises OSError
    if `out` cannot be written or no picture can be read, InputError if .mp4 lacks its encoder.
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
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".mp4":
        _encode(pictures, out, fps)
        return bad
    durations = [round(1000 / fps)] * (len(pictures) - 1) + [LAST]
    options = {"quality": 80, "method": 4} if out.suffix == ".webp" else {"optimize": False}
    first, *rest = pictures
    first.save(out, save_all=True, append_images=rest, duration=durations, loop=0, **options)
    return bad


def _encode(pictures: Sequence[Image.Image], out: Path, fps: float) -> None:
    try:
        import av
    except ImportError as error:
        raise InputError(
            f"{out}: .mp4 needs PyAV, pip install 'ganbench[video]'; .webp and .gif need nothing"
        ) from error
    rate = Fraction(fps).limit_denominator(1000)
    first = pictures[0]
    with av.open(str(out), "w") as file:
        stream = file.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.pix_fmt = "yuv420p"  # what every browser plays; its sides are even
        stream.width, stream.height = first.width // 2 * 2, first.height // 2 * 2
        box = (0, 0, stream.width, stream.height)
        for picture in chain(pictures, repeat(pictures[-1], round(LAST / 1000 * rate))):
            file.mux(stream.encode(av.VideoFrame.from_image(picture.crop(box))))
        file.mux(stream.encode())


def caption(picture: grids.Picture, step: int, side: int) -> Image.Image:
    """The picture, enlarged, with its step below."""
    large = Image.fromarray(grids.enlarge(picture, side))
    sheet = Image.new("RGB", (large.width, large.height + CAPTION), "white")
    sheet.paste(large)
    draw = ImageDraw.Draw(sheet)
    draw.text((8, large.height + 5), f"step {step:,}", "black", ImageFont.load_default(16))
    return sheet
