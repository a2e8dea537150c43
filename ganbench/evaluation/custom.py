"""One's own features: `py:MODULE:CALLABLE`."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluation.images.callables import load_object
from ganbench.types import Extractor, Outputs


def custom(spec: str) -> Extractor:
    """The callable as an extractor.

    It takes uint8 N×C×H×W, a torch tensor, and returns features N×D, (features, probabilities
    N×K), or Outputs; arrays of any framework. The digest is that of its module's source, or its
    attribute `digest`: weights that it loads from elsewhere are not seen. Raises InputError if
    there is no such callable, or if what it returns is no features.
    """
    function = load_object(spec)
    known = getattr(function, "digest", None)
    try:
        source = str(known) if known else inspect.getsource(inspect.getmodule(function))  # type: ignore[arg-type]
    except (OSError, TypeError):
        source = spec
    digest = hashlib.sha256(f"{spec} {source}".encode()).hexdigest()

    def extract(images: Tensor) -> Outputs:
        return _outputs(function(images), len(images), spec)

    weights = "as the callable says" if known else "not seen: the digest is that of the source"
    return Extractor(spec, digest, extract, 64, None, {"weights": weights})


def _outputs(made: Any, n: int, spec: str) -> Outputs:
    if isinstance(made, Outputs):
        return made
    features, probs = made if isinstance(made, tuple) else (made, None)
    features = _matrix(features, n, spec, "features")
    return Outputs(features, None if probs is None else _matrix(probs, n, spec, "probabilities"))


def _matrix(value: Any, n: int, spec: str, what: str) -> Tensor:
    if isinstance(value, Tensor):
        tensor = value.detach().cpu().float()
    else:
        tensor = torch.from_numpy(np.asarray(value, dtype=np.float32))
    if tensor.dim() != 2 or len(tensor) != n:
        raise InputError(
            f"extractor {spec}: {what} of {n} images have shape {tuple(tensor.shape)}, "
            f"expected {n}×D"
        )
    if not tensor.isfinite().all():
        raise InputError(f"extractor {spec}: {what} hold values that are not finite")
    return tensor
