"""The float32 constants of a frozen TensorFlow graph, without TensorFlow.

A GraphDef is a protocol buffer: fields of (number, wire type, value), nested. Only what leads to
the constants is followed: GraphDef.node → NodeDef.attr["value"] → AttrValue.tensor. Nothing in the
file can run code.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ganbench.errors import InputError

FLOAT = 1  # DT_FLOAT, of TensorFlow's types.proto

# numbers of the fields, by message
NODE = 1
NODE_NAME, NODE_OP, NODE_ATTR = 1, 2, 5
ENTRY_KEY, ENTRY_VALUE = 1, 2
ATTR_TENSOR = 8
TENSOR_DTYPE, TENSOR_SHAPE, TENSOR_CONTENT, TENSOR_FLOATS = 1, 2, 4, 5
SHAPE_DIM, DIM_SIZE = 2, 1

Field = tuple[int, int | memoryview]


def read_constants(data: bytes, name: str) -> dict[str, Tensor]:
    """The float32 constants of a serialised GraphDef, by node name, in TensorFlow's layout.

    `name` is the file's, for the InputError if `data` is no GraphDef or is cut short.
    """
    found: dict[str, Tensor] = {}
    try:
        for number, node in _fields(memoryview(data)):
            if number == NODE:
                found.update(_constant(_bytes(node)))
    except (ValueError, IndexError, UnicodeDecodeError, RuntimeError) as error:
        raise InputError(
            f"{name} is no TensorFlow graph, or is cut short ({error}); "
            "expected classify_image_graph_def.pb"
        ) from error
    return found


def _constant(node: memoryview) -> dict[str, Tensor]:
    """The node's name and tensor, if it is a float32 constant."""
    name, operation, attributes = "", "", []
    for number, value in _fields(node):
        if number == NODE_NAME:
            name = bytes(_bytes(value)).decode()
        elif number == NODE_OP:
            operation = bytes(_bytes(value)).decode()
        elif number == NODE_ATTR:
            attributes.append(_bytes(value))
    if operation != "Const":
        return {}
    for attribute in attributes:
        entry = dict(_fields(attribute))
        if bytes(_bytes(entry.get(ENTRY_KEY, memoryview(b"")))) == b"value":
            held = dict(_fields(_bytes(entry[ENTRY_VALUE])))
            tensor = _tensor(_bytes(held.get(ATTR_TENSOR, memoryview(b""))))
            return {} if tensor is None else {name: tensor}
    return {}


def _tensor(message: memoryview) -> Tensor | None:
    """A TensorProto of float32: raw content, or a list of values of which the last is repeated."""
    dtype, shape, content, values = 0, [], b"", b""
    for number, value in _fields(message):
        if number == TENSOR_DTYPE and isinstance(value, int):
            dtype = value
        elif number == TENSOR_SHAPE:
            shape = [_size(_bytes(dim)) for n, dim in _fields(_bytes(value)) if n == SHAPE_DIM]
        elif number == TENSOR_CONTENT:
            content = bytes(_bytes(value))
        elif number == TENSOR_FLOATS:
            values += bytes(_bytes(value))
    if dtype != FLOAT:
        return None
    flat = torch.frombuffer(bytearray(content or values or bytes(4)), dtype=torch.float32)
    size = torch.Size(shape).numel()
    if not content and len(flat) < size:
        flat = torch.cat([flat, flat[-1:].expand(size - len(flat))])
    return flat.view(shape)


def _size(dim: memoryview) -> int:
    size = dict(_fields(dim)).get(DIM_SIZE, 0)
    if not isinstance(size, int):
        raise ValueError("a dimension is no number")  # noqa: TRY004
    return size


def _fields(message: memoryview) -> Iterator[Field]:
    """(number, value): an int, or the bytes of a string, of a message or of fixed-size values."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > len(message):
            raise ValueError(f"a field of {length} bytes where {len(message) - at} are left")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than 10 bytes")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where bytes are expected")  # noqa: TRY004
    return value
