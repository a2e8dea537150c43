"""Random weights of the Inception network, and the three published formats to write them in."""

import functools
import struct
import warnings

import torch

from ganbench.evaluation.inception_net import convolutions, shapes
from ganbench.evaluation.weights import Weights


@functools.cache
def random_weights(seed=0, gamma=True):
    """Tensors of scale O(1) through the network, with batch statistics that are not trivial."""
    draws = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes().items():
        part = name.rsplit("/", 1)[1]
        if part == "weight":
            fan = torch.Size(shape[1:]).numel()
            found[name] = torch.randn(shape, generator=draws) * (2 / fan) ** 0.5
        elif part == "variance":
            found[name] = torch.rand(shape, generator=draws) + 0.5
        elif part == "gamma":
            found[name] = torch.rand(shape, generator=draws) + 0.5 if gamma else torch.ones(shape)
        else:
            found[name] = torch.randn(shape, generator=draws) * 0.1
    return found


def as_weights(tensors, content="random"):
    return Weights(tensors, content, "random", False)


def state_dict(tensors):
    """As pytorch-fid and torch-fidelity name them; its counters too."""
    names = {
        "weight": "conv.weight",
        "gamma": "bn.weight",
        "beta": "bn.bias",
        "mean": "bn.running_mean",
        "variance": "bn.running_var",
    }
    found = {"fc.weight": tensors["softmax/weight"], "fc.bias": tensors["softmax/bias"]}
    for conv in convolutions():
        found |= {f"{conv.fid}.{own}": tensors[f"{conv.name}/{n}"] for n, own in names.items()}
        found[f"{conv.fid}.bn.num_batches_tracked"] = torch.tensor(0)
    return found


class Bare(torch.nn.Module):
    """A place for parameters."""


def write_torchscript(path, tensors):
    """A scripted module with the parameters of NVIDIA's: no gamma, statistics as mean, var."""
    root = Bare()
    values = {"output.weight": tensors["softmax/weight"], "output.bias": tensors["softmax/bias"]}
    names = {"weight": "weight", "beta": "beta", "mean": "mean", "variance": "var"}
    for conv in convolutions():
        block, *rest = conv.name.split("/")
        inner = ["_".join(rest)] if block in ("mixed_9", "mixed_10") else rest
        place = ".".join(["layers", block, *inner])
        values |= {f"{place}.{own}": tensors[f"{conv.name}/{n}"] for n, own in names.items()}
    for name, value in values.items():
        module = root
        *place, last = name.split(".")
        for step in place:
            if not hasattr(module, step):
                module.add_module(step, Bare())
            module = getattr(module, step)
        module.register_parameter(last, torch.nn.Parameter(value, requires_grad=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out
        torch.jit.script(root).save(str(path))


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(name, operation="Const", tensor=None, floats=None, shape=None):
    """A NodeDef, with a TensorProto of raw content, or of `floats` and `shape`."""
    parts = field(1, name.encode()) + field(2, operation.encode()) + field(3, b"input:0")
    if tensor is not None or floats is not None:
        sizes = shape if tensor is None else tensor.shape
        dims = b"".join(field(2, field(1, size)) for size in sizes)
        value = field(1, 1) + field(2, dims)
        if tensor is None:
            value += field(5, struct.pack(f"<{len(floats)}f", *floats))
        else:
            value += field(4, tensor.contiguous().numpy().tobytes())
        parts += field(5, field(1, b"dtype") + field(2, field(6, 1)))
        parts += field(5, field(1, b"value") + field(2, field(8, value)))
    return field(1, parts)


def write_graphdef(path, tensors):
    """As TensorFlow's graph: kernels H×W×I×O, and nodes that are no weights."""
    names = {
        "gamma": "batchnorm/gamma",
        "beta": "batchnorm/beta",
        "mean": "batchnorm/moving_mean",
        "variance": "batchnorm/moving_variance",
    }
    parts = [node("DecodeJpeg", "DecodeJpeg"), node("Sub/y", floats=[128.0], shape=())]
    for conv in convolutions():
        kernel = tensors[f"{conv.name}/weight"].permute(2, 3, 1, 0)
        parts.append(node(f"{conv.name}/conv2d_params", tensor=kernel))
        for part, own in names.items():
            parts.append(node(f"{conv.name}/{own}", tensor=tensors[f"{conv.name}/{part}"]))
        parts.append(node(conv.name, "Relu"))
    parts.append(node("softmax/weights", tensor=tensors["softmax/weight"].T))
    parts.append(node("softmax/biases", tensor=tensors["softmax/bias"]))
    path.write_bytes(b"".join(parts) + field(4, b"\x08\x09"))
