"""The extractors, by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

import torch
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluate.mnist_classifier import mnist_classifier
from ganbench.types import Extractor, Outputs


def coordinates(device: torch.device | str = "cpu") -> Extractor:
    """Points as their own features: float32 N×D → N×D."""

    def extract(points: Tensor) -> Outputs:
        if not points.is_floating_point() or points.dim() != 2:
            raise InputError(f"extractor coordinates reads points N×D, got {tuple(points.shape)}")
        return Outputs(points.float())

    return Extractor("coordinates", "identity", extract, batch=10_000)


EXTRACTORS: dict[str, Callable[[torch.device | str], Extractor]] = {
    "mnist-classifier": mnist_classifier,
    "coordinates": coordinates,
}


def load_extractor(name: str, device: torch.device | str = "cpu") -> Extractor:
    """The extractor of that name on `device`. InputError for an unknown one, naming the nearest."""
    if name not in EXTRACTORS:
        near = get_close_matches(name, EXTRACTORS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"extractor {name!r}: {hint}There are {', '.join(EXTRACTORS)}")
    return EXTRACTORS[name](device)
