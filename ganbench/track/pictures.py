"""Anything that people call an image, as uint8 H×W×3."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import InputError
from ganbench.grids import tile

Picture = NDArray[np.uint8]


def later(image: Any) -> Callable[[], Picture]:
    """What makes the picture of `image` on another thread; the image itself may change at once.

    `image` is a path, the bytes of an image file, a PIL image, an array or tensor of H×W, H×W×C
    or C×H×W with 1, 3 or 4 channels (`to_uint8` says how its values are read), or a function that
    makes uint8 H×W×3. Raises InputError if the file cannot be read; the function that is returned
    raises it for what is no image.
    """
    if callable(image):
        return image  # type: ignore[no-any-return]
    if isinstance(image, (str, Path)):
        try:
            image = Path(image).read_bytes()
        except OSError as error:
            raise InputError(f"{image}: {error.strerror}") from error
    if isinstance(image, bytes):
        return lambda: _decode(image)
    if hasattr(image, "convert") and hasattr(image, "copy"):  # PIL
        copied = image.copy()
        return lambda: np.asarray(copied.convert("RGB"))
    array = to_array(image)
    return lambda: to_picture(array)


def to_array(values: Any) -> NDArray[Any]:
    """A copy of an array, tensor or nested list. Raises InputError for other things."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":
            values = values.float()
        values = values.numpy()
    array = np.array(values)
    if array.dtype.kind not in "buif":
        kind = type(values).__name__
        raise InputError(f"expected a path, a PIL image or an array of numbers, got {kind}")
    return array


def to_picture(array: NDArray[Any]) -> Picture:
    """H×W, H×W×C or C×H×W as uint8 H×W×3; alpha is laid over white. Raises InputError."""
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        shape = "×".join(map(str, array.shape))
        raise InputError(f"expected H×W, H×W×C or C×H×W with C of 1, 3 or 4, got {shape}")
    pixels = to_uint8(array)
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:] / 255
        pixels = (pixels[:, :, :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def to_uint8(array: NDArray[Any]) -> Picture:
    """Numbers as bytes: integers as they are, booleans as black and white.

    Floats are in [0, 1]; if one is below 0 they are in [−1, 1], if one is above 1 they are
    in [0, 255]. NaN is black. What is outside is clipped.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind in "ui":
        return array.clip(0, 255).astype(np.uint8)
    values = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    if values.size and values.min() < 0:
        values = (values + 1) / 2 * 255
    elif not values.size or values.max() <= 1:
        values = values * 255
    return values.round().clip(0, 255).astype(np.uint8)


def grid(images: Any, columns: int | None = None) -> Callable[[], Picture]:
    """What makes one picture of many: N×H×W, N×H×W×C, N×C×H×W, or a list of images of one size.

    The values of all are read alike. Raises InputError if there are none.
    """
    if isinstance(images, Sequence) and not isinstance(images, (str, bytes)):
        if not images:
            raise InputError("expected one image or more, got none")
        first = images[0]
        if isinstance(first, (str, Path, bytes)) or hasattr(first, "convert") or callable(first):
            makers = [later(image) for image in images]
            return lambda: _tile([make() for make in makers], columns)
        images = np.stack([to_array(image) for image in images])
    array = to_array(images)
    if array.ndim not in (3, 4) or 0 in array.shape:
        shape = "×".join(map(str, array.shape))
        raise InputError(f"expected N×H×W, N×H×W×C or N×C×H×W, got {shape}")
    return lambda: _tile([to_picture(image) for image in to_uint8(array)], columns)


def _tile(pictures: list[Picture], columns: int | None) -> Picture:
    sizes = {picture.shape for picture in pictures}
    if len(sizes) > 1:
        raise InputError(f"a grid needs images of one size, got {sorted(sizes)}")
    return tile(np.stack(pictures).transpose(0, 3, 1, 2), columns)


def of_figure(figure: Any) -> bytes:
    """A Matplotlib figure, drawn now, as a PNG file. Raises InputError for other things."""
    figure = getattr(figure, "gcf", lambda: figure)()
    if not hasattr(figure, "savefig"):
        raise InputError(f"expected a Matplotlib or Plotly figure, got {type(figure).__name__}")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def _decode(content: bytes) -> Picture:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as image:
            return to_picture(np.asarray(image.convert("RGBA")))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise InputError(f"not an image that can be read: {error}") from error
