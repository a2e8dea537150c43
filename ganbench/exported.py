"""An exported generator: a folder of weights and JSON that needs neither its run nor its data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from ganbench import models
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.generator import Generator

FORMAT = 1
WEIGHTS, JSON = "generator.safetensors", "config.json"
FIELDS = ("config", "shape", "step", "seen", "classes", "counts", "sha256")


@dataclass(frozen=True)
class Files:
    """The two files of an exported generator, as bytes."""

    weights: bytes
    json: bytes


def to_files(generator: Generator, about: Mapping[str, Any]) -> Files:
    """The generator as files; `about` is added to the JSON."""
    named = generator.net.state_dict()
    weights = save({name: tensor.cpu().contiguous() for name, tensor in named.items()})
    content = {
        "format": FORMAT,
        "library_name": "ganbench",
        "model_type": generator.config.model.name,
        "inputs": generator.inputs,
        "shape": generator.shape,
        "classes": generator.classes,
        "counts": generator.counts,
        "step": generator.step,
        "seen": generator.seen,
        "sha256": {WEIGHTS: hashlib.sha256(weights).hexdigest()},
        **about,
        "config": generator.config.model_dump(mode="json"),
    }
    return Files(weights, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def is_exported(folder: Path) -> bool:
    """Whether a folder is meant to be one."""
    return (folder / JSON).is_file() or (folder / WEIGHTS).is_file()


def read(folder: Path, device: torch.device) -> Generator:
    """The generator in a folder. Raises InputError naming the file that is missing or damaged."""
    content = _described(folder / JSON)
    path = folder / WEIGHTS
    weights = _bytes(path)
    if hashlib.sha256(weights).hexdigest() != content["sha256"].get(WEIGHTS):
        raise InputError(f"{path} is damaged: its sha256 is not the one in {JSON}")
    try:
        config = Config.model_validate(content["config"])
        shape, classes = tuple(content["shape"]), tuple(map(str, content["classes"]))
        with torch.random.fork_rng(devices=[]):
            row = models.MODELS[config.model.name]
            net = row.generator(config.model, len(classes) + config.latent.dim, shape)
        net.load_state_dict(load(weights))
    except (ValidationError, SafetensorError, RuntimeError, TypeError) as error:
        raise InputError(f"{folder / JSON} and {WEIGHTS} do not fit together: {error}") from error
    return Generator(
        net=net.eval().requires_grad_(False).to(device),
        config=config,
        shape=shape,
        name=str(folder),
        step=content["step"],
        seen=content["seen"],
        classes=classes,
        counts=tuple(content["counts"]),
    )


def _described(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(_bytes(path))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path} is damaged: {error}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT or content.get("library_name") != "ganbench":
        raise InputError(f"{path}: this is not an exported generator of format {FORMAT}")
    missing = [name for name in FIELDS if name not in content]
    if missing:
        raise InputError(f"{path} is damaged: it has no {', '.join(missing)}")
    return dict(content)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
