"""Images in: whatever a spec names, as a sized iterable of uint8 batches."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from ganbench import datasets
from ganbench.errors import InputError
from ganbench.evaluation.images.arrays import from_npy, from_npz, from_safetensors
from ganbench.evaluation.images.callables import from_callable
from ganbench.evaluation.images.folder import from_folder, from_zip
from ganbench.evaluation.images.hub import from_hub
from ganbench.evaluation.images.pictures import Progress, Reading
from ganbench.evaluation.images.published import from_published, split_of
from ganbench.types import Images

GRAMMAR = (
    "a folder of pictures, a .zip, .npz, .npy or .safetensors file, builtin:NAME:SPLIT, "
    "idx files or CIFAR-10's as PATH or PATH:SPLIT, "
    "hf:NAME:SPLIT, run:ID, run:ID@STEP or py:MODULE:CALLABLE"
)

ARRAYS: dict[str, Callable[[Path], Images]] = {
    ".npz": from_npz,
    ".npy": from_npy,
    ".safetensors": from_safetensors,
}

__all__ = ["GRAMMAR", "Progress", "Reading", "load"]


def load(spec: str, *, options: Reading | None = None, progress: Progress | None = None) -> Images:
    """The images that `spec` names; `progress` is told of files scanned, and of how many.

    Raises InputError, naming the file and what would be right, if there are none or if one cannot
    be used.
    """
    options = options or Reading()
    if spec.startswith("builtin:"):
        return datasets.load(spec)
    if spec.startswith("hf:"):
        return from_hub(spec, options, progress)
    if spec.startswith("py:"):
        return from_callable(spec)
    path, split = split_of(spec)
    published = from_published(path, split)
    if published is not None:
        return published
    if (path / "run.json").is_file():
        raise InputError(
            f"{spec!r} is the folder of a run: run:{path.resolve().name} with --runs-dir "
            f"{path.parent} are its samples; its media, as pictures, are {str(path / 'media')!r}"
        )
    if path.is_dir():
        return from_folder(path, options, progress)
    suffix = path.suffix.lower()
    if path.is_file() and suffix in ARRAYS:
        return ARRAYS[suffix](path)
    if path.is_file() and suffix == ".zip":
        return from_zip(path, options, progress)
    raise InputError(_problem(path, spec))


def _problem(path: Path, spec: str) -> str:
    if path.exists():
        return f"{spec!r} is neither a folder nor a file of images; expected {GRAMMAR}"
    parent = path.parent
    siblings = [p.name for p in parent.iterdir()] if parent.is_dir() else []
    near = get_close_matches(path.name, siblings, n=1)
    hint = f"; did you mean {str(parent / near[0])!r}?" if near else f"; expected {GRAMMAR}"
    return f"{spec!r} does not exist{hint}"
