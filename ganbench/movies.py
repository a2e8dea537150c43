"""Sample grids as a movie: animated WebP or GIF, H.264 video (the `video` extra), PNGs in a ZIP.

A movie is a list of shots; of each its pictures are drawn when its turn comes, so a movie of
thousands takes no more memory than one picture.
"""

from __future__ import annotations

import re
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganbench import grids
from ganbench.animations import write_gif, write_webp
from ganbench.errors import InputError

LAST = 2000  # milliseconds that the last frame stays
LINE = 20  # pixels of a line of words
COLUMNS = 4  # pictures side by side
SIDES = (16, 2048)  # pixels of the longer side of a picture
FASTEST = 50  # frames a second
PAPER, INK, GREY = "white", "black", (205, 205, 205)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """One picture of a shot, and the words below it, in one line or more."""

    path: Path
    words: str
    width: int
    height: int


@dataclass(frozen=True)
class Shot:
    """What is seen at once: pictures side by side. `name` is what it is called in a ZIP."""

    name: str
    cells: tuple[Cell, ...]


Frame = tuple[str, Image.Image, int]
"""Its name, the picture, and the milliseconds that it stays."""


def of_run(media: Path, pictures: Sequence[Row]) -> list[Shot]:
    """The movie of one run: pictures of one name, as `store.query.read_pictures` gives them."""
    return [
        Shot(_file_name(row["name"], row["step"]), (_cell(media, row, f"step {row['step']:,}"),))
        for row in pictures
    ]


def side_by_side(runs: Mapping[str, tuple[Path, Sequence[Row]]]) -> list[Shot]:
    """The movie of several runs, by what they are called: a shot for each step that any has.

    Of each run the picture nearest to that step, the earlier one of two. Each run has pictures.
    """
    steps = {title: [row["step"] for row in rows] for title, (_, rows) in runs.items()}
    shots = []
    for step in sorted({step for own in steps.values() for step in own}):
        cells, name = [], ""
        for title, (media, rows) in runs.items():
            row = rows[nearest(steps[title], step)]
            words = f"{title}\nstep {row['step']:,}"
            if row["step"] != step:
                words += f" (nearest to {step:,})"
            cells.append(_cell(media, row, words))
            name = row["name"]
        shots.append(Shot(_file_name(name, step), tuple(cells)))
    return shots


def nearest(steps: Sequence[int], step: int) -> int:
    """The index of the value in ascending `steps` that is nearest to `step`; the earlier of two."""
    right = bisect_right(steps, step)
    if right == 0:
        return 0
    if right == len(steps) or step - steps[right - 1] <= steps[right] - step:
        return right - 1
    return right


def write(
    shots: Sequence[Shot],
    file: IO[bytes],
    suffix: str,
    *,
    fps: float,
    side: int,
    captions: bool = True,
) -> list[Path]:
    """The movie, in the format of `suffix`; returns the pictures that were left out.

    A picture that cannot be read costs that picture. .webp and .gif play in a loop. Raises
    InputError for what is not possible, OSError if `file` refuses or no picture can be read.
    """
    check(suffix, fps, side)
    bad: list[Path] = []
    frames = _frames(shots, bad, side, captions, round(1000 / fps))
    first = next(frames, None)
    if first is None:
        raise OSError(f"none of {len(shots)} pictures can be read")
    FORMATS[suffix](file, chain([first], frames))
    return bad


def check(suffix: str, fps: float, side: int) -> None:
    """Raises InputError, naming what is wrong and what would be right."""
    if suffix not in FORMATS:
        raise InputError(f"{suffix or 'no suffix'}: expected one of {', '.join(FORMATS)}")
    if not 0 < fps <= FASTEST:
        raise InputError(f"fps {fps:g}: more than 0, at most {FASTEST}")
    if not SIDES[0] <= side <= SIDES[1]:
        raise InputError(f"side {side}: from {SIDES[0]} to {SIDES[1]} pixels")
    if suffix == ".mp4" and not has_video():
        raise InputError(
            ".mp4 needs PyAV, pip install 'ganbench[video]'; .webp, .gif and .zip need nothing"
        )


def has_video() -> bool:
    """Whether PyAV is here."""
    try:
        return find_spec("av") is not None
    except ValueError:  # somebody has hidden it
        return False


def _frames(
    shots: Sequence[Shot], bad: list[Path], side: int, captions: bool, stay: int
) -> Iterator[Frame]:
    """The shots that can be drawn, one at a time; the last one stays longer."""
    draw = _drawer(shots, side, captions)
    waiting: tuple[str, Image.Image] | None = None
    for shot in shots:
        picture = draw(shot, bad)
        if picture is None:
            continue
        if waiting is not None:
            yield *waiting, stay
        waiting = shot.name, picture
    if waiting is not None:
        yield *waiting, LAST


def _drawer(
    shots: Sequence[Shot], side: int, captions: bool
) -> Callable[[Shot, list[Path]], Image.Image | None]:
    """What draws a shot of this movie: all on one sheet of even sides, which video needs."""
    cells = [cell for shot in shots for cell in shot.cells]
    scale = side / max((max(cell.width, cell.height) for cell in cells), default=1)
    grow, shrink = max(round(scale), 1), max(round(1 / scale), 1)
    lines = max((cell.words.count("\n") + 1 for cell in cells), default=1)
    below = lines * LINE + 8 if captions else 0
    wide = max((cell.width for cell in cells), default=1) * grow // shrink
    high = max((cell.height for cell in cells), default=1) * grow // shrink + below
    many = max((len(shot.cells) for shot in shots), default=1)
    columns = min(many, COLUMNS)
    rows = -(-many // columns)
    gap = 8 if many > 1 else 0
    size = (columns * (wide + gap) - gap, rows * (high + gap) - gap)
    font = ImageFont.load_default(16)

    def draw(shot: Shot, bad: list[Path]) -> Image.Image | None:
        sheet = Image.new("RGB", (size[0] + size[0] % 2, size[1] + size[1] % 2), PAPER)
        pen = ImageDraw.Draw(sheet)
        shown = 0
        for i, cell in enumerate(shot.cells):
            left, top = i % columns * (wide + gap), i // columns * (high + gap)
            picture = _open(cell.path, grow, shrink)
            if picture is None:
                bad.append(cell.path)
                pen.rectangle((left, top, left + wide - 1, top + high - below - 1), GREY)
                pen.text((left + 8, top + 5), "cannot be read", INK, font)
            else:
                shown += 1
                sheet.paste(picture, (left + (wide - picture.width) // 2, top))
            if captions:
                for line, words in enumerate(cell.words.split("\n")):
                    place = (left + 8, top + high - below + 5 + line * LINE)
                    pen.text(place, _fit(words, wide - 16, font), INK, font)
        return sheet if shown else None

    return draw


def _open(path: Path, grow: int, shrink: int) -> Image.Image | None:
    """The picture, its pixels repeated or averaged; None if it cannot be read."""
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except OSError:
        return None
    if shrink > 1:
        return picture.reduce(shrink)
    return Image.fromarray(grids.repeat(np.asarray(picture), grow))


def _fit(words: str, width: int, font: Any) -> str:
    """The words, cut to `width` pixels."""
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words + "…"


def _cell(media: Path, row: Row, words: str) -> Cell:
    return Cell(media / f"{row['sha256']}.webp", words, row["width"], row["height"])


def _file_name(name: str, step: int) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '_', name) or 'picture'}-{step:06}"


def _zip(file: IO[bytes], frames: Iterator[Frame]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, picture, _ in frames:
            with archive.open(f"{name}.png", "w") as entry:
                picture.save(entry, "PNG", compress_level=4)


def _mp4(file: IO[bytes], frames: Iterator[Frame]) -> None:
    import av

    first = next(frames)
    rate = Fraction(1000, first[2]).limit_denominator(1000)
    with av.open(file, "w", format="mp4") as movie:
        stream = movie.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.pix_fmt = "yuv420p"  # what every browser plays
        stream.width, stream.height = first[1].size
        for _, picture, stay in chain([first], frames):
            for _ in range(max(round(stay / 1000 * rate), 1)):
                movie.mux(stream.encode(av.VideoFrame.from_image(picture)))
        movie.mux(stream.encode())


FORMATS: dict[str, Callable[[IO[bytes], Iterator[Frame]], None]] = {
    ".webp": write_webp,
    ".gif": write_gif,
    ".mp4": _mp4,
    ".zip": _zip,
}
KINDS = {
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".zip": "application/zip",
}
