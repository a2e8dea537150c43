"""Samples as files that other programs read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench import grids
from ganbench.errors import InputError
from ganbench.types import Images, Points

GRID_SIDE = 800  # pixels of a small grid, about; a large one is not enlarged


def save(images: Images, out: Path, columns: int | None = None) -> None:
    """To one picture (.png), to arrays (.npz: `images`, and `labels` if any), or to a folder.

    The picture has so many columns, and is about square by default. In a folder there is one for
    each class, if there are classes. Raises OSError if it cannot be written, InputError for points
    as pictures.
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
        with out.open("wb") as file:
            picture(grids.tile(array, columns), file)
    else:
        names = _file_names(images)
        for name, image in zip(names, array, strict=True):
            path = out / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            _picture(image).save(path)


def picture(sheet: grids.Picture, file: IO[bytes]) -> None:
    """A sheet of tiles as a PNG, small ones enlarged by whole pixels."""
    Image.fromarray(grids.enlarge(sheet, GRID_SIDE)).save(file, "PNG")


def _file_names(images: Images) -> list[str]:
    """A number for each, in the folder of its class where there are classes."""
    digits = len(str(images.n - 1))
    numbers = [f"{i:0{digits}}" for i in range(images.n)]
    if images.labels is None or images.classes is None:
        return numbers
    folders = [re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "_" for name in images.classes]
    if len(set(folders)) < len(folders):
        folders = [f"{i}_{name}" for i, name in enumerate(folders)]
    return [f"{folders[k]}/{name}" for k, name in zip(images.labels.tolist(), numbers, strict=True)]


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    """uint8 C×H×W → a grey or a colour picture."""
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
