"""Where data are kept that are fetched or computed once, and how they are fetched."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


def cache_dir() -> Path:
    """$GANBENCH_CACHE, else ganbench below the user's cache folder."""
    named = os.environ.get("GANBENCH_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ganbench"


def data_dirs(name: str) -> list[Path]:
    """Where the data set `name` may lie: below $GANBENCH_DATA, and in the cache."""
    named = os.environ.get("GANBENCH_DATA")
    return [Path(root) / name for root in (named, cache_dir() / "data") if root]


def download(url: str, part: Path, size: int, progress: Progress | None = None) -> tuple[int, str]:
    """Writes what is at `url` to `part`; returns its length and sha256.

    Stops where it has become longer than `size`. Raises OSError or http.client.HTTPException.
    """
    digest, done = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=60) as response, part.open("wb") as file:
        while block := response.read(1 << 20):
            done += len(block)
            digest.update(block)
            file.write(block)
            if progress:
                progress(done, size)
            if done > size:
                break
    return done, digest.hexdigest()
