"""Arrays of images: .npz, .npy and .safetensors files, and arrays in memory."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ganbench.errors import InputError
from ganbench.types import Images, Points

CHANNELS = ((1, 3), (2, 4))  # the usual ones first: they win where two axes could be meant
LAYOUTS = "uint8 N×C×H×W, N×H×W×C (C from 1 to 4) or N×H×W"


def from_npz(path: Path) -> Images:
    """Its array `images` (or its only array), and `labels` (N) if any.

    Raises InputError, naming the file, if there is none or if it cannot be used.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as .npz: {error}") from error
    return _from_named(path, arrays)


def from_npy(path: Path) -> Images:
    """The array, which stays on the disk until it is read."""
    try:
        # Copy on write: torch takes no read-only array, but nothing is ever written.
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} cannot be read as .npy: {error}") from error
    return from_array(array, str(path))


def from_safetensors(path: Path) -> Images:
    """Its tensor `images` (or its only one), and `labels` (N) if any."""
    try:
        with safe_open(path, "np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError) as error:
        raise InputError(f"{path} cannot be read as .safetensors: {error}") from error
    return _from_named(path, arrays)


def _from_named(path: Path, arrays: dict[str, Any]) -> Images:
    labels = arrays.pop("labels", None)
    if len(arrays) == 1:
        (array,) = arrays.values()
    elif "images" in arrays:
        array = arrays["images"]
    else:
        held = ", ".join(arrays) or "nothing"
        raise InputError(f"{path} holds {held}, expected an array 'images'")
    return from_array(array, str(path), labels)


def from_array(array: Any, name: str, labels: Any = None) -> Images:
    """Images of a numpy array (or points, of a float array N×D).

    The channels are the axis of 1 or 3, else that of 2 or 4; the second axis, if the last one could
    be as well. Floats between 0 and 1 or between −1 and 1 are rounded to bytes, and a note says so.
    Raises InputError for anything else.
    """
    if array.ndim == 2 and np.issubdtype(array.dtype, np.floating):
        return _points(np.asarray(array, dtype=np.float32), name, labels)
    if not len(array):
        raise InputError(f"{name}: images is empty")
    array, notes = _bytes(_nchw(array, name), name)
    with np.errstate(all="ignore"):
        tensor = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    keys = keys_of(tensor)
    whole = hashlib.sha256(b"".join(sorted(row.tobytes() for row in keys.numpy()))).hexdigest()
    return Images(
        name=name,
        n=len(tensor),
        shape=tuple(tensor.shape[1:]),
        batches=lambda size: iter(tensor.split(size)),
        fingerprint=f"sha256:{whole[:16]}",
        labels=_labels(labels, len(tensor), name),
        read=lambda rows, size: (tensor[part] for part in rows.split(size)),
        keys=keys,
        notes=notes,
    )


def keys_of(pixels: Tensor) -> Tensor:
    """Of each image its hash, uint8 N×16, of pixels uint8 N×C×H×W."""
    about = str(tuple(pixels.shape[1:])).encode()
    rows = pixels.numpy().reshape(len(pixels), -1)
    keys = b"".join(hashlib.sha256(about + row.tobytes()).digest()[:16] for row in rows)
    return torch.frombuffer(bytearray(keys), dtype=torch.uint8).view(-1, 16)


def with_keys(images: Images) -> Images:
    """`images`, of one size, with the keys by which features are cached; points have none."""
    if images.keys is not None or isinstance(images, Points):
        return images
    return replace(images, keys=keys_of(images.tensor()))


def to_bytes(low: float, high: float) -> tuple[float, float] | None:
    """(offset, scale) that make bytes of floats from `low` to `high`, or None for another range."""
    if low >= 0 and high <= 1:
        return 0.0, 255.0
    if low >= -1 and high <= 1:
        return 1.0, 127.5
    return None


def _nchw(array: Any, name: str) -> Any:
    """The array as N×C×H×W."""
    if array.ndim == 3:
        return array[:, None]
    for channels in CHANNELS if array.ndim == 4 else ():
        if array.shape[1] in channels:
            return array
        if array.shape[3] in channels:
            return np.moveaxis(array, 3, 1)
    raise InputError(f"{name}: images is {array.dtype} of shape {array.shape}, expected {LAYOUTS}")


def _bytes(array: Any, name: str) -> tuple[Any, tuple[str, ...]]:
    """As uint8, with a note if it had to be rounded."""
    if array.dtype == np.uint8:
        return array, ()
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{name}: images is {array.dtype}, expected uint8, or floats from 0 to 1")
    low, high = float(array.min()), float(array.max())
    scaling = to_bytes(low, high)
    if scaling is None:
        raise InputError(
            f"{name}: images are floats from {low:.4g} to {high:.4g}, expected uint8, or floats "
            "from 0 to 1 or from -1 to 1"
        )
    offset, scale = scaling
    rounded = np.rint((array.astype(np.float64) + offset) * scale).astype(np.uint8)
    return rounded, (f"floats from {-offset:.0f} to 1 were rounded to bytes",)


def _points(array: np.ndarray, name: str, labels: Any) -> Images:
    tensor = torch.from_numpy(array)
    if not len(tensor):
        raise InputError(f"{name}: images is empty")
    return Points(
        name=name,
        n=len(tensor),
        shape=tuple(tensor.shape[1:]),
        batches=lambda size: iter(tensor.split(size)),
        fingerprint="sha256:" + hashlib.sha256(array.tobytes()).hexdigest()[:16],
        labels=_labels(labels, len(tensor), name),
        read=lambda rows, size: (tensor[part] for part in rows.split(size)),
    )


def _labels(labels: Any, n: int, name: str) -> Tensor | None:
    if labels is None:
        return None
    given = np.asarray(labels)
    if given.shape != (n,):
        raise InputError(f"{name}: labels has shape {given.shape}, expected ({n},): one an image")
    whole = given.dtype.kind in "iub"
    if given.dtype.kind == "f":
        whole = bool(((given == np.rint(given)) & (np.abs(given) < 2**53)).all())
    if not whole:
        raise InputError(f"{name}: labels are {given.dtype}, expected whole numbers")
    return torch.from_numpy(given.astype(np.int64))
