"""Samples as files that other programs read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench import grids
from ganbench.errors import InputError
from ganbench.types import Images, Points

GRID_SIDE = 800  # pixels of a small grid, about; a large one is not enlarged


def save(images: Images, out: Path) -> None:
    """To one picture (.png), to arrays (.npz: `images`, and `labels` if any), or to a folder.

    Raises OSError if it cannot be written, InputError for points as pictures.
    """
    array = images.tensor().numpy()
    if out.suffix == ".npz":
        out.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"images": array}
        if images.labels is not None:
            arrays["labels"] = images.labels.numpy()
        np.savez_compressed(out, allow_pickle=False, **arrays)
    elif isinstance(images, Points):
        raise InputError(f"{images.name} are points; write them to an .npz")
    elif out.suffix == ".png":
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grids.enlarge(grids.tile(array), GRID_SIDE)).save(out)
    else:
        out.mkdir(parents=True, exist_ok=True)
        digits = len(str(len(array) - 1))
        for i, image in enumerate(array):
            _picture(image).save(out / f"{i:0{digits}}.png")


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    """uint8 C×H×W → a grey or a colour picture."""
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
