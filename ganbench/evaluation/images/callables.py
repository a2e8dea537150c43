"""Images out of Python: arrays, iterables and generators of any framework."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbench.errors import InputError
from ganbench.evaluation.images.arrays import from_array
from ganbench.types import Images

LONGEST = 10_000_000  # images of a generator, which may have no end


def from_callable(spec: str) -> Images:
    """`py:MODULE:CALLABLE`: the images that the callable returns or yields.

    The module is looked for in the current directory too. Raises InputError if there is no such
    callable, if it fails, or if what it gives is no image.
    """
    made = load_object(spec)()
    return from_source(made, spec)


def load_object(spec: str) -> Any:
    """The object that `py:MODULE:NAME` names. Raises InputError if there is none."""
    parts = spec.split(":")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise InputError(f"{spec!r}: expected py:MODULE:CALLABLE")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        module = import_module(parts[1])
    except ImportError as error:
        raise InputError(f"{spec!r}: module {parts[1]} cannot be imported: {error}") from error
    finally:
        sys.path.remove(here)
    if not callable(getattr(module, parts[2], None)):
        there = [name for name, value in vars(module).items() if callable(value)]
        raise InputError(f"{spec!r}: {parts[1]} has no {parts[2]} to call; it has {there[:10]}")
    return getattr(module, parts[2])


def from_source(source: Any, name: str) -> Images:
    """Images of an array or tensor, or of an iterable of arrays or tensors, held in memory.

    An item is an image (H×W, C×H×W or H×W×C) or a batch of them; all have one shape.
    """
    if isinstance(source, Images):
        return source
    if _is_array(source):
        return from_array(_array(source, name), name)
    if not isinstance(source, Iterable) or isinstance(source, (str, bytes)):
        raise InputError(
            f"{name}: expected an array or an iterable of arrays, got {type(source).__name__}"
        )
    parts = list(_batches(source, name))
    if not parts:
        raise InputError(f"{name}: no images came")
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        few = ", ".join(str(shape) for shape in sorted(shapes)[:3])
        raise InputError(f"{name}: images of more than one shape came: {few}")
    kinds = {part.dtype for part in parts}
    if len(kinds) > 1:
        raise InputError(f"{name}: images of more than one type came: {sorted(map(str, kinds))}")
    return from_array(np.concatenate(parts), name)


def _batches(source: Iterable[Any], name: str) -> Iterator[np.ndarray]:
    """Each item as a batch: N×H×W, N×C×H×W or N×H×W×C."""
    n = 0
    for item in source:
        array = _array(item, name)
        single = array.ndim == 2 or (array.ndim == 3 and 3 in (array.shape[0], array.shape[2]))
        single = single or (array.ndim == 3 and 1 in (array.shape[0], array.shape[2]))
        if single and not (array.ndim == 2 and np.issubdtype(array.dtype, np.floating)):
            array = array[None]
        yield array
        n += len(array)
        if n > LONGEST:
            raise InputError(f"{name}: more than {LONGEST:,} images came; does it never end?")


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, torch.Tensor)) or hasattr(value, "__array__")


def _array(value: Any, name: str) -> np.ndarray:
    """A numpy array of what any framework calls an array."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if not _is_array(value):
        raise InputError(f"{name}: expected arrays, got {type(value).__name__}")
    return np.asarray(value)
