"""The tensors of a TorchScript archive, without running anything that it holds.

torch.jit.load would compile and run the archive's code. But the archive is a zip: data.pkl says how
modules and tensors nest, data/N are the raw values. `data.pkl` is a program for a small stack
machine; it is read here by a machine that knows dictionaries, tuples, numbers, strings and tensors,
and nothing else, so no name in the file can be called.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickletools import genops
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import InputError

LIMIT = 2**30  # bytes of all entries together

DTYPES = {
    "torch FloatStorage": torch.float32,
    "torch HalfStorage": torch.float16,
    "torch DoubleStorage": torch.float64,
    "torch LongStorage": torch.int64,
    "torch IntStorage": torch.int32,
    "torch BoolStorage": torch.bool,
}


@dataclass(frozen=True)
class _Name:
    """A name that the file mentions; it is never looked up."""

    text: str


class _Mark:
    """Where a list of operands begins on the stack."""


def is_torchscript(path: Path) -> bool:
    """Whether the zip at `path` holds code and data.pkl."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return any(n.endswith("/data.pkl") for n in names) and any("/code/" in n for n in names)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors in the archive by their place, for example "layers.conv.weight".

    Raises InputError if the file is no such archive or holds what is not known here.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LIMIT:
                raise InputError(f"{path} holds more than {LIMIT >> 20} MB")
            root = next(n for n in archive.namelist() if n.endswith("/data.pkl"))[
                : -len("data.pkl")
            ]
            order = f"{root}byteorder"
            if order in archive.namelist() and archive.read(order).strip() != b"little":
                raise InputError(f"{path} was written on a big-endian machine")
            storages = _Storages(lambda key: archive.read(f"{root}data/{key}"))
            tree = _run(archive.read(f"{root}data.pkl"), storages)
    except InputError:
        raise
    except Exception as error:  # a program can fail in any of the ways in which Python can
        raise InputError(
            f"{path} cannot be read as a TorchScript archive: {error or type(error).__name__}"
        ) from error
    return dict(_flat(tree, ""))


class _Storages:
    """The raw values, read once each."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._known: dict[str, Tensor] = {}

    def get(self, reference: tuple[Any, ...]) -> Tensor:
        """For ("storage", type, key, place, count)."""
        kind, dtype, key = reference[:3]
        if kind != "storage" or not isinstance(key, str) or not key.isdigit():
            raise ValueError(f"no storage: {reference}")
        if key not in self._known:
            raw = bytearray(self._read(key))
            self._known[key] = torch.frombuffer(raw, dtype=DTYPES[dtype.text])
        return self._known[key]


CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
LITERALS = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE")
SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _run(program: bytes, storages: _Storages) -> Any:
    """What the program leaves on the stack."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for operation, argument, _ in genops(program):
        name = operation.name
        if name == "STOP":
            return stack.pop()
        if name in LITERALS:
            stack.append(argument)
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name == "GLOBAL":
            stack.append(_Name(str(argument)))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[int(str(argument))] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[int(str(argument))])
        elif name != "PROTO":
            _operate(name, stack, storages)
    raise ValueError("data.pkl does not end")


def _operate(name: str, stack: list[Any], storages: _Storages) -> None:
    """One operation that combines what is on the stack."""
    match name:
        case "MARK":
            stack.append(_Mark())
        case "EMPTY_DICT":
            stack.append({})
        case "EMPTY_LIST":
            stack.append([])
        case "EMPTY_TUPLE":
            stack.append(())
        case "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        case "TUPLE1" | "TUPLE2" | "TUPLE3":
            count = SHORT_TUPLES[name]
            stack[-count:] = [tuple(stack[-count:])]
        case "APPEND":
            value = stack.pop()
            stack[-1].append(value)
        case "APPENDS":
            values = _since_mark(stack)
            stack[-1].extend(values)
        case "SETITEM":
            key, value = stack[-2:]
            del stack[-2:]
            stack[-1][key] = value
        case "SETITEMS":
            values = _since_mark(stack)
            stack[-1].update(zip(values[::2], values[1::2], strict=True))
        case "BINPERSID":
            stack.append(storages.get(stack.pop()))
        case "NEWOBJ":  # an object of a class that is only named: its attributes
            stack[-2:] = [{}]
        case "BUILD":
            state = stack.pop()
            stack[-1].update(state)
        case "REDUCE":
            arguments = stack.pop()
            stack.append(_call(stack.pop(), arguments))
        case _:
            raise ValueError(f"unknown operation {name}")


def _since_mark(stack: list[Any]) -> list[Any]:
    at = max(i for i, item in enumerate(stack) if isinstance(item, _Mark))
    values = stack[at + 1 :]
    del stack[at:]
    return values


def _call(name: _Name, arguments: tuple[Any, ...]) -> Any:
    """The three calls that an archive of weights holds, done here."""
    if name.text == "torch._utils _rebuild_tensor_v2":
        storage, offset, size, stride = arguments[:4]
        return storage.as_strided(size, stride, offset)
    if name.text == "collections OrderedDict":
        return {}
    if name.text.startswith("torch.jit._pickle build_"):  # a typed list
        return list(arguments[0])
    raise ValueError(f"it would call {name.text}")


def _flat(tree: Any, prefix: str) -> list[tuple[str, Tensor]]:
    if isinstance(tree, Tensor):
        return [(prefix, tree)]
    if not isinstance(tree, dict):
        return []
    parts = [_flat(value, f"{prefix}.{key}".lstrip(".")) for key, value in tree.items()]
    return [pair for part in parts for pair in part]
