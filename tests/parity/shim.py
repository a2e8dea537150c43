"""torchvision, which the peers import, does not import beside a CPU torch: two schemas are missing.

`torchvision()` defines them, if need be, so that the peers can be imported. The operators stay
without an implementation; nobody here calls them.
"""

import importlib
import warnings

import pytest
import torch

SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_kept = []  # a schema lives as long as its library


def torchvision():
    """Imports torchvision, or skips the test with the reason."""
    try:
        torch.ops.torchvision.nms  # noqa: B018
    except AttributeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name, schema in SCHEMAS.items():
            library.define(name + schema)
        _kept.append(library)
    return peer("torchvision")


def peer(name):
    """The module of that name, or a skip with the reason; its warnings at import are its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except (ImportError, RuntimeError, AttributeError) as error:
            pytest.skip(f"{name} cannot be imported: {error}")
