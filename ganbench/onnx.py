"""A generator as an ONNX model, held to what PyTorch computes."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from ganbench.errors import InputError
from ganbench.generator import Generator
from ganbench.models import MODELS

FILE = "generator.onnx"
INPUT, OUTPUT = "latents", "samples"
TOLERANCE = 1e-4  # of the pixels' range
BATCHES = (1, 2, 7, 16)  # of the check: other sizes than the one that is traced
NEEDS = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Model:
    """The file's content, and how far it was from PyTorch at most in the check."""

    content: bytes
    difference: float


class Drawing(nn.Module):
    """Latents N×inputs → images in [0, 1], or points as they are."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        row = MODELS[generator.config.model.name]
        self.net = copy.deepcopy(generator.net).cpu()
        self.low, self.range = row.low, row.high - row.low

    def forward(self, latents: Tensor) -> Tensor:
        """float32 N×inputs → float32 N×shape."""
        made: Tensor = self.net(latents)
        return ((made - self.low) / self.range).clamp(0, 1) if made.dim() == 4 else made


def to_onnx(generator: Generator) -> Model:
    """The model, with the input `latents` N×inputs and the output `samples`, of any N.

    Images are float32 in [0, 1]. It is run by onnxruntime at several N. Raises InputError if it
    differs from PyTorch by more than 1e-4, or if a package is missing.
    """
    check()
    drawing = Drawing(generator).eval()
    latents = generator.latents(max(BATCHES))
    with _quiet():
        program = torch.onnx.export(
            drawing,
            (latents[:3],),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={INPUT: {0: torch.export.Dim("n")}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    difference = max(_difference(content, drawing, latents[:n]) for n in BATCHES)
    if not difference <= TOLERANCE:
        raise InputError(
            f"{FILE} was not written: onnxruntime and PyTorch differ by {difference:.2g} of the "
            f"pixels' range, more than {TOLERANCE:g}"
        )
    return Model(content, difference)


def check() -> None:
    """Raises InputError if a package is missing that this needs."""
    for name in NEEDS:
        try:
            import_module(name)
        except ImportError as error:
            raise InputError(
                f"ONNX needs the package {name}: pip install 'ganbench[onnx]'"
            ) from error


def _difference(content: bytes, drawing: nn.Module, latents: Tensor) -> float:
    """The largest one of any value, between onnxruntime and PyTorch."""
    runtime: Any = import_module("onnxruntime")
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], {INPUT: latents.numpy()})
    with torch.no_grad():
        expected = drawing(latents)
    return float((torch.from_numpy(found) - expected).abs().max())


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of itself: of its own old calls, and that torchvision, whose
    operations no generator has, is not here.
    """
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")

    def wanted(record: logging.LogRecord) -> bool:
        return "torchvision is not installed" not in record.getMessage()

    logger.addFilter(wanted)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*LeafSpec.* is deprecated", FutureWarning)
            yield
    finally:
        logger.removeFilter(wanted)
