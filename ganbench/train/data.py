"""The training data, and how a step comes to its rows, wherever they lie."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

RESIDENT = 1 / 3  # of a GPU's free memory, that the data may take


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a run trains on: uint8 images N×C×H×W or float32 points N×D, on the CPU.

    `labels` is int64 N from 0 to the number of `classes` − 1, or None. `fingerprint` changes with
    the content and with how it was prepared; `notes` are what a reader of the run should know.
    `mapped`: the pixels are a file on the disk, which is read as rows are taken.
    """

    pixels: Tensor
    fingerprint: str
    name: str
    labels: Tensor | None = None
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    mapped: bool = False

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (C, H, W) or (D,)."""
        return tuple(self.pixels.shape[1:])


class Stream:
    """The rows of `data` on `device`, by the picks that the caller draws.

    Data that take at most a third of a GPU's free memory are kept there. Rows of other data are
    gathered on the CPU, on a thread of their own if `ahead` said which will be wanted, and go to a
    GPU by pinned memory. What `take` returns depends on the picks alone.
    """

    def __init__(self, data: TrainingData, device: torch.device) -> None:
        self.device = device
        self.pixels = data.pixels
        self.labels = None if data.labels is None else data.labels.to(device)
        if device.type == "cuda" and _bytes(data.pixels) <= RESIDENT * _free(device):
            self.pixels = data.pixels.to(device)
        self._pinned = self.pixels.device != device
        self._gathers = ThreadPoolExecutor(1, "rows") if self._pinned or data.mapped else None
        self._next: tuple[Tensor, Future[Tensor]] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def ahead(self, picks: Tensor) -> None:
        """Begins to gather the rows that the next `take` will ask for."""
        if self._gathers is not None:
            self._next = picks, self._gathers.submit(self._gather, picks)

    def take(self, picks: Tensor) -> tuple[Tensor, Tensor | None]:
        """The rows at `picks` (int64 on the CPU) and their labels, if any, on the device."""
        prepared, self._next = self._next, None
        if prepared is not None and torch.equal(prepared[0], picks):
            rows = prepared[1].result()
        else:
            rows = self._gather(picks)
        labels = None if self.labels is None else self.labels[picks.to(self.device)]
        return rows.to(self.device, non_blocking=True), labels

    def _gather(self, picks: Tensor) -> Tensor:
        if not self._pinned:
            return self.pixels.index_select(0, picks.to(self.pixels.device))
        # PyTorch uses a pinned block again only when the copy out of it has ended.
        shape = len(picks), *self.pixels.shape[1:]
        rows = torch.empty(shape, dtype=self.pixels.dtype, pin_memory=True)
        return torch.index_select(self.pixels, 0, picks, out=rows)


def flip(images: Tensor, mask: Tensor) -> Tensor:
    """Images N×C×H×W, mirrored left to right where `mask` (bool N) is set."""
    return torch.where(mask[:, None, None, None], images.flip(-1), images)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _free(device: torch.device) -> int:
    """Bytes that are free on a GPU."""
    return int(torch.cuda.mem_get_info(device)[0])
