"""What can go wrong outside the code, in words that say what would be right."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.I)
ASKED = re.compile(r"allocate (?:(?P<bytes>\d+) bytes|(?P<size>[\d.]+ [KMGTPE]iB))")


class InputError(ValueError):
    """Something that the user gave cannot be used; the message names it and what would be right."""


class StoreError(Exception):
    """A run could not be written, read or found; the message says which and what to do."""


def explain(error: OSError, path: Path) -> str:
    """An operating system's error as a sentence that names the path and the way out."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"{path}: the disk is full; free some space, or choose another --runs-dir"
        case errno.EROFS:
            return f"{path}: the file system is read-only; choose another --runs-dir"
        case errno.EACCES | errno.EPERM:
            return f"{path}: no permission to write here; choose another --runs-dir"
        case errno.ENOTDIR | errno.EEXIST:
            return f"{path}: a file is in the way of a folder; choose another --runs-dir"
    return f"{path}: {error.strerror or error}"


def explain_memory(error: BaseException, config: Any) -> InputError | None:
    """That the memory does not suffice for a step of `config`, in words; None for another error.

    PyTorch says so by a RuntimeError, on a GPU as on a CPU, and numpy by a MemoryError.
    """
    text = str(error)
    if not isinstance(error, MemoryError) and not OUT_OF_MEMORY.search(text):
        return None
    size = config.prepare.size
    what = f"--batch {config.batch}" + (f" at {size}x{size} pixels" if size else "")
    half = f"--batch {max(1, config.batch // 2)} takes half"
    quarter = f"; --prepare.size {size // 2} takes a quarter" if size else ""
    return InputError(
        f"the memory does not suffice for {what}{_wanted(text)}. {half}{quarter}; narrower "
        "networks take less, too. The checkpoints so far are kept"
    )


def _wanted(text: str) -> str:
    """How much more was asked for, as far as the error says."""
    match = ASKED.search(text)
    if match is None:
        return ""
    size = match["size"] or f"{int(match['bytes']) / 2**20:,.0f} MiB"
    return f", where {size} more were asked for"
