"""The extractors, by name and options: `inception`, `inception[resize=clean]`, `py:MODULE:NAME`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor

from ganbench.downloads import Progress
from ganbench.errors import InputError
from ganbench.evaluation.custom import custom
from ganbench.evaluation.efficientnet_lite0 import efficientnet_lite0
from ganbench.evaluation.hub_models import clip, dinov2
from ganbench.evaluation.inception import inception
from ganbench.evaluation.mnist_classifier import mnist_classifier, stacked_mnist_classifier
from ganbench.evaluation.random_conv import pixels, random_conv
from ganbench.types import Extractor, Outputs

GRAMMAR = re.compile(r"(?P<name>[^\[\]]+)(\[(?P<options>[^\[\]]*)\])?")
PRECISIONS = ("fp32", "bf16")


def coordinates(device: torch.device | str = "cpu") -> Extractor:
    """Points as their own features: float32 N×D → N×D."""

    def extract(points: Tensor) -> Outputs:
        if not points.is_floating_point() or points.dim() != 2:
            raise InputError(f"extractor coordinates reads points N×D, got {tuple(points.shape)}")
        return Outputs(points.float())

    return Extractor("coordinates", "identity", extract, batch=10_000)


OPTIONS = ("resize", "size", "seed", "weights", "trust")  # those that a spec may give
EXTRACTORS: dict[str, Callable[..., Extractor]] = {
    "inception": inception,
    "efficientnet-lite0": efficientnet_lite0,
    "mnist-classifier": mnist_classifier,
    "stacked-mnist-classifier": stacked_mnist_classifier,
    "dinov2": dinov2,
    "clip": clip,
    "random-conv": random_conv,
    "pixels": pixels,
    "coordinates": coordinates,
}


def load_extractor(
    spec: str,
    device: torch.device | str = "cpu",
    precision: str = "fp32",
    progress: Progress | None = None,
) -> Extractor:
    """The extractor that `spec` names, on `device`: NAME, NAME[OPTION=VALUE,...] or py:MODULE:NAME.

    `precision` is fp32 or bf16, for those that are networks of float32. `progress` is told of a
    download, if there is one. Raises InputError for an unknown name, option or value, naming what
    there is.
    """
    if spec.startswith("py:"):
        return custom(spec)
    match = GRAMMAR.fullmatch(spec)
    if not match:
        raise InputError(f"extractor {spec!r}: expected NAME or NAME[OPTION=VALUE,...]")
    name = match["name"]
    if name not in EXTRACTORS:
        raise InputError(f"extractor {name!r}: {_near(name, EXTRACTORS)}, or py:MODULE:NAME")
    if precision not in PRECISIONS:
        raise InputError(f"precision {precision!r}: there are {', '.join(PRECISIONS)}")
    options = _options(spec, name, match["options"] or "")
    taken = inspect.signature(EXTRACTORS[name]).parameters
    given = {"precision": precision, "progress": progress}
    options |= {key: value for key, value in given.items() if key in taken}
    return EXTRACTORS[name](device, **options)


def options_of(name: str) -> dict[str, Any]:
    """The options of an extractor that a spec may give, with their defaults."""
    knobs = inspect.signature(EXTRACTORS[name]).parameters.values()
    return {
        knob.name: knob.default
        for knob in knobs
        if knob.kind is knob.KEYWORD_ONLY and knob.name in OPTIONS
    }


def _options(spec: str, name: str, text: str) -> dict[str, Any]:
    known = options_of(name)
    options: dict[str, Any] = {}
    for part in text.split(",") if text else ():
        key, equals, value = part.partition("=")
        if key not in known or not equals:
            there = _near(key, known) if known else "it has none"
            raise InputError(f"extractor {spec!r}: option {key!r}: {there}")
        if isinstance(known[key], bool):
            if value not in ("true", "false"):
                raise InputError(f"extractor {spec!r}: {key} must be true or false, not {value!r}")
            options[key] = value == "true"
        elif isinstance(known[key], int):
            if not value.isdecimal():
                raise InputError(f"extractor {spec!r}: {key} must be a whole number, not {value!r}")
            options[key] = int(value)
        else:
            options[key] = value
    return options


def _near(name: str, names: Mapping[str, Any]) -> str:
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}There are {', '.join(names)}"
