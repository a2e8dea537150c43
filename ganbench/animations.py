"""Animated WebP and GIF, written frame by frame.

Pillow's own writers want all frames at once, which for a training's thousands of grids are
gigabytes. Each frame is encoded by Pillow as a picture of its own, and its blocks are put into the
animation's container: https://developers.google.com/speed/webp/docs/riff_container and
https://www.w3.org/Graphics/GIF/spec-gif89a.txt.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from struct import pack
from typing import IO

from PIL import Image, ImageChops

WEBP_ANIMATED = 0x02  # flag of VP8X
WEBP_NO_BLEND = 0x02  # flag of ANMF: a frame hides what was there before
GIF_TABLE = 0x80  # flag: a colour table follows


def write_webp(file: IO[bytes], frames: Iterator[tuple[str, Image.Image, int]]) -> None:
    """Lossy, in an endless loop; frames of one size, with their milliseconds. Seeks in `file`."""
    start, size = file.tell(), None
    for _, picture, stay in frames:
        if size is None:
            size = picture.size
            file.write(b"RIFF\0\0\0\0WEBP")
            canvas = _three(size[0] - 1) + _three(size[1] - 1)
            file.write(_chunk(b"VP8X", bytes([WEBP_ANIMATED, 0, 0, 0]) + canvas))
            file.write(_chunk(b"ANIM", pack("<IH", 0xFFFFFFFF, 0)))  # white; no end of loops
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=80, method=4)
        place = _three(0) + _three(0) + canvas + _three(stay) + bytes([WEBP_NO_BLEND])
        file.write(_chunk(b"ANMF", place + buffer.getvalue()[12:]))  # without its RIFF header
    end = file.tell()
    file.seek(start + 4)
    file.write(pack("<I", end - start - 8))
    file.seek(end)


def write_gif(file: IO[bytes], frames: Iterator[tuple[str, Image.Image, int]]) -> None:
    """256 colours a frame, in an endless loop; frames of one size, with their milliseconds."""
    size = None
    for _, picture, stay in frames:
        if size is None:
            size = picture.size
            file.write(b"GIF89a" + pack("<HHBBB", *size, 0, 0, 0))
            file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + pack("<HB", 0, 0))  # no end of loops
        table, data = _gif_image(picture)
        bits = (len(table) // 3).bit_length() - 2  # of 2^(bits + 1) colours
        file.write(b"!\xf9\x04" + pack("<BHBB", 0, round(stay / 10), 0, 0))
        file.write(b"," + pack("<HHHHB", 0, 0, *size, GIF_TABLE | bits) + table + data)
    file.write(b";")


def _gif_image(picture: Image.Image) -> tuple[bytes, bytes]:
    """The colour table and the compressed pixels, from Pillow's file of one picture.

    Greys are exact. An octree's colours are nearly those of a median cut, in a hundredth of the
    time.
    """
    grey = picture.convert("L")
    exact = ImageChops.difference(grey.convert("RGB"), picture).getbbox() is None
    few = grey if exact else picture.quantize(256, Image.Quantize.FASTOCTREE)
    buffer = io.BytesIO()
    few.save(buffer, "GIF", optimize=False, interlace=0)
    content = buffer.getvalue()
    colours = 2 << (content[10] & 7)  # of the global table, after 13 bytes of header
    table = content[13 : 13 + 3 * colours]
    at = 13 + 3 * colours
    while content[at : at + 1] == b"!":  # extensions: their label, then blocks up to an empty one
        at += 2
        while content[at]:
            at += content[at] + 1
        at += 1
    return table, content[at + 10 : -1]  # without the image's descriptor and the file's end


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _three(value: int) -> bytes:
    return pack("<I", value)[:3]
