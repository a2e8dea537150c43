"""How the three published files name and order the same numbers, and their common digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluation.inception_net import Conv, convolutions, shapes

PARTS = ("weight", "gamma", "beta", "mean", "variance")


@dataclass(frozen=True)
class Layout:
    """One file's names.

    `prefix` is what stands before the names of a convolution's parts, `parts` are those names in
    the order of PARTS ("" where the file has none: gamma is 1 then), `last` those of the last
    layer. `transposed`: H×W×I×O and 2048×1008 as TensorFlow orders them.
    """

    name: str
    prefix: Callable[[Conv], str]
    parts: tuple[str, str, str, str, str]
    last: tuple[str, str]
    transposed: bool = False


def _nvidia(conv: Conv) -> str:
    """Dots for slashes; in the last two blocks, which have no towers there, underscores."""
    block, *rest = conv.name.split("/")
    joint = "_" if block in ("mixed_9", "mixed_10") else "."
    return "layers." + ".".join([block, joint.join(rest)] if rest else [block])


PYTORCH_FID = Layout(
    "pytorch-fid",
    lambda conv: conv.fid,
    (".conv.weight", ".bn.weight", ".bn.bias", ".bn.running_mean", ".bn.running_var"),
    ("fc.weight", "fc.bias"),
)
NVIDIA = Layout(
    "NVIDIA's TorchScript archive",
    _nvidia,
    (".weight", "", ".beta", ".mean", ".var"),
    ("output.weight", "output.bias"),
)
TENSORFLOW = Layout(
    "TensorFlow's graph",
    lambda conv: conv.name,
    (
        "/conv2d_params",
        "/batchnorm/gamma",
        "/batchnorm/beta",
        "/batchnorm/moving_mean",
        "/batchnorm/moving_variance",
    ),
    ("softmax/weights", "softmax/biases"),
    transposed=True,
)


def names(layout: Layout) -> dict[str, str]:
    """Our name of each tensor → the name in the file, "" where the file has none."""
    found = {}
    for conv in convolutions():
        prefix = layout.prefix(conv)
        for part, own in zip(PARTS, layout.parts, strict=True):
            found[f"{conv.name}/{part}"] = prefix + own if own else ""
    return found | {"softmax/weight": layout.last[0], "softmax/bias": layout.last[1]}


def canonical(found: Mapping[str, Tensor], layout: Layout, path: Path) -> dict[str, Tensor]:
    """The tensors of `shapes()` from those `found` in a file of that layout.

    What else a file holds is left aside: counters of batches, constants of the graph. Raises
    InputError, naming the tensor, if one is missing or of another shape.
    """
    known = names(layout)
    absent = [name for name in known.values() if name and name not in found]
    if absent:
        raise InputError(
            f"{path} is not the Inception network as {layout.name} has it: it lacks {absent[0]}"
        )
    tensors = {}
    for ours, theirs in known.items():
        if not theirs:
            tensors[ours] = torch.ones(shapes()[ours])
            continue
        tensor = found[theirs]
        if layout.transposed and tensor.dim() in (2, 4):
            tensor = tensor.permute((3, 2, 0, 1) if tensor.dim() == 4 else (1, 0))
        tensors[ours] = tensor.detach().contiguous()
    check(tensors, path)
    return tensors


def check(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Nothing if these are the tensors of `shapes()`: float32, finite; else InputError."""
    expected = shapes()
    if different := sorted(set(expected) ^ set(tensors)):
        raise InputError(f"{path} is not the Inception network: {different[0]} is in only one")
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != expected[name] or tensor.dtype != torch.float32:
            raise InputError(
                f"{path}: {name} is {str(tensor.dtype)[6:]} of shape {tuple(tensor.shape)}, "
                f"expected float32 of {expected[name]}"
            )
        if not tensor.isfinite().all():
            raise InputError(f"{path}: {name} holds values that are not finite")


def content_digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256, in hexadecimal, of the names, shapes and little-endian float32 values, by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().numpy().astype("<f4", copy=False).data)
    return digest.hexdigest()
