"""The feature cache: what an extractor made of an image is computed once, whatever the set.

A folder per extractor digest holds segments, safetensors files of up to `ROWS` rows: `keys` (the
content hashes of the images) and `features`, `probs`, `spatial`. They are memory-mapped when they
are read, written whole or not at all, and can be deleted at any time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbench.types import Extractor, Outputs

ROWS = 4096  # of a segment: what an interrupted extraction loses at most
LIMIT = 20 * 2**30  # bytes; the oldest segments go first


class FeatureCache:
    """The cached rows of one extractor, below `folder`.

    `spatial`: only segments for which spatial features were asked are used, whether the extractor
    has any or not. A file that cannot be read is left aside, as if it were not there.
    """

    def __init__(self, folder: Path, extractor: Extractor, spatial: bool = False) -> None:
        self.folder = folder / "features" / extractor.digest[:32]
        self.spatial = spatial
        self._segments: list[dict[str, Tensor]] = []
        for path in sorted(self.folder.glob("*.safetensors")):
            segment, asked = _read(path)
            if segment and (asked or not spatial):
                self._segments.append(segment)

    def find(self, keys: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """(rows, tensors): which of the N×16 `keys` are there (int64), and what is known of them.

        Rows that are all of one segment in order are its memory map, without a copy.
        """
        rows, parts = [], []
        wanted = _words(keys)
        left = np.ones(len(wanted), dtype=bool)
        for segment in self._segments:
            held = _words(segment["keys"])
            order = np.argsort(held)
            at = np.searchsorted(held, wanted, sorter=order).clip(max=len(held) - 1)
            here = np.flatnonzero(left & (held[order[at]] == wanted))
            if not len(here):
                continue
            left[here] = False
            inside = torch.from_numpy(order[at[here]])
            whole = len(inside) == len(held) and bool((inside == torch.arange(len(held))).all())
            rows.append(torch.from_numpy(here))
            parts.append({k: v if whole else v[inside] for k, v in segment.items() if k != "keys"})
        if not rows:
            return torch.empty(0, dtype=torch.int64), {}
        names = set.intersection(*(set(part) for part in parts))
        joined = {n: parts[0][n] if len(parts) == 1 else _cat(parts, n) for n in sorted(names)}
        return torch.cat(rows), joined

    def add(self, keys: Tensor, outputs: Outputs) -> None:
        """Writes a segment; a full disk or a read-only folder is no reason to stop scoring."""
        tensors = {"keys": keys.contiguous(), "features": outputs.features.contiguous()}
        if outputs.probs is not None:
            tensors["probs"] = outputs.probs.contiguous()
        if self.spatial and outputs.spatial is not None:
            tensors["spatial"] = outputs.spatial.contiguous()
        path = self.folder / f"{uuid.uuid4().hex}.safetensors"
        part = path.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file(tensors, part, {"spatial": "asked" if self.spatial else "not asked"})
            part.replace(path)
        except (OSError, SafetensorError):
            with suppress(OSError):
                part.unlink()


def prune(folder: Path, limit: int = LIMIT) -> int:
    """Deletes the oldest segments until those left hold `limit` bytes or less; returns how many."""
    found = [(p.stat(), p) for p in (folder / "features").glob("*/*.safetensors")]
    size, gone = sum(status.st_size for status, _ in found), 0
    for status, path in sorted(found, key=lambda item: item[0].st_mtime):
        if size <= limit:
            break
        path.unlink(missing_ok=True)
        size, gone = size - status.st_size, gone + 1
    return gone


def _read(path: Path) -> tuple[dict[str, Tensor], bool]:
    """The tensors of a segment, none if it is damaged, and whether spatial ones were asked for."""
    try:
        with safe_open(path, "pt") as file:
            asked = (file.metadata() or {}).get("spatial") == "asked"
            return {name: file.get_tensor(name) for name in file.keys()}, asked  # noqa: SIM118
    except (OSError, SafetensorError):
        return {}, False


def _words(keys: Tensor) -> np.ndarray:
    """N×16 uint8 as N values that can be sorted."""
    return np.ascontiguousarray(keys.numpy()).view("S16").reshape(-1)


def _cat(parts: list[dict[str, Tensor]], name: str) -> Tensor:
    return torch.cat([part[name] for part in parts])
