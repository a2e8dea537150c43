"""What `log_image` is given, as `ganbench.Run` takes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganbench.errors import InputError
from ganbench.track import pictures
from ganbench.track.pictures import Picture

# A file's name that ends in a number: at its beginning, after letters only, or after a mark.
NUMBERED = re.compile(r"(|.*[\s_.-]|[^\d\s_.-]*)(\d+)")


def prepare(
    data: Any,
    scale: float = 1.0,
    shape: Sequence[int] | None = None,
    colormap: str | None = None,
    minmax: tuple[float, float] | None = None,
    channels: str = "last",
) -> Callable[[], Picture]:
    """What makes the picture of `data`: all that Comet takes, and a Matplotlib figure.

    Of arrays, `channels` says where the colours are ("first" or "last"), `minmax` what is black and
    what is white, `colormap` which of Matplotlib's maps colours a matrix, and `shape` (width,
    height) how numbers without rows are laid out. `scale` enlarges by pixels.
    """
    if hasattr(data, "savefig"):
        data = pictures.of_figure(data)
    elif hasattr(data, "read"):
        data = data.read()
    elif not isinstance(data, (str, Path, bytes)) and not hasattr(data, "convert"):
        data = _array(data, shape, minmax, channels)
        if colormap is not None and data.ndim == 2:
            data = _coloured(data, colormap)
    make = pictures.later(data)
    return make if scale == 1 else lambda: _scaled(make(), scale)


def series(path: str | Path) -> tuple[str, int | None]:
    """Which series of pictures a file belongs to, and which number it has in it, by its name.

    samples_0500.png is number 500 of "samples", output/mnist/500.png that of "mnist".
    """
    path = Path(path)
    found = NUMBERED.fullmatch(path.stem)
    if found is None:
        return path.stem, None
    return found[1].strip(" _.-") or path.resolve().parent.name or "image", int(found[2])


def _array(
    data: Any, shape: Sequence[int] | None, minmax: tuple[float, float] | None, channels: str
) -> Any:
    array = pictures.to_array(data)
    if shape is not None and array.ndim == 1:
        width, height, *colours = shape
        array = array.reshape(height, width, *colours)
    if channels == "first" and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if minmax is not None:
        low, high = map(float, minmax)
        if high <= low:
            raise InputError(f"image_minmax: expected (smallest, largest), got {minmax}")
        array = ((array.astype(np.float64) - low) / (high - low)).clip(0, 1)
    return array


def _coloured(array: Any, colormap: str) -> Any:
    try:
        from matplotlib import colormaps
    except ImportError as error:
        raise InputError("image_colormap needs Matplotlib: pip install matplotlib") from error
    return colormaps[colormap](pictures.to_uint8(array), bytes=True)


def _scaled(picture: Picture, scale: float) -> Picture:
    from PIL import Image

    height, width = picture.shape[:2]
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.NEAREST))
