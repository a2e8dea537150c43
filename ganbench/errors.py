"""What can go wrong outside the code, in words that say what would be right."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any


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


def explain_memory(error: Exception, config: Any) -> InputError | None:
    """Holds the place of words on memory."""
    return None
