"""Everything that training changes: two networks, two optimizers, averages, the step.

As bytes it is a few safetensors files and one JSON; randomness and the data's position follow from
the step and need no file (`train/rng.py`).
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim import Optimizer

from ganbench import models
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.train import optim
from ganbench.train.rng import seed_of

FORMAT = 1
JSON = "state.json"


@dataclass
class State:
    """The mutable state of a run on data of `shape`, after `step` updates on `seen` reals.

    `ema` is the generator itself where no average is kept. `classes` and `counts` are the names and
    the frequencies of the labels in the data, where they condition the networks; else empty.
    `memory` is what the regularisers remember: `lecam`, the mean logits of reals and fakes;
    `augment_p`, ADA's probability; `signs`, the sum and number of the signs of the reals' logits
    since it last changed. `rollbacks` counts how often the run was rolled back, `world` is the
    number of processes that train it.
    """

    generator: nn.Module
    discriminator: nn.Module
    ema: nn.Module
    optimizer_g: Optimizer
    optimizer_d: Optimizer
    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    memory: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    seen: int = 0
    rollbacks: int = 0
    world: int = 1

    def rate(self, config: Config) -> float:
        """The factor on both learning rates."""
        return float(config.rollback_factor**self.rollbacks)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.generator.parameters()).device

    def networks(self) -> dict[str, nn.Module]:
        """The distinct networks, by name."""
        nets = {"generator": self.generator, "discriminator": self.discriminator}
        return nets if self.ema is self.generator else nets | {"ema": self.ema}

    def optimizers(self) -> dict[str, Optimizer]:
        """Both optimizers, by name."""
        return {"optimizer_g": self.optimizer_g, "optimizer_d": self.optimizer_d}


def create(
    config: Config,
    shape: tuple[int, ...],
    device: torch.device,
    classes: tuple[str, ...] = (),
    counts: tuple[int, ...] = (),
) -> State:
    """The state before the first step, initialised from the config's seed.

    Raises InputError if the architecture cannot make data of `shape`, or has no labels to be
    conditioned by.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(config.seed, "init"))
        generator, discriminator = models.build(config, shape, len(classes))
    for net in (generator, discriminator):
        net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = generator
    if config.ema_images:
        ema = copy.deepcopy(generator).eval().requires_grad_(False)
    return State(
        generator=generator,
        discriminator=discriminator,
        ema=ema,
        optimizer_g=optim.make(config.optimizer_g, generator.parameters()),
        optimizer_d=optim.make(config.optimizer_d, discriminator.parameters()),
        shape=shape,
        classes=classes,
        counts=counts,
        memory={
            "lecam": torch.zeros(2, device=device),
            "augment_p": torch.zeros((), device=device),
            "signs": torch.zeros(2, device=device),
        },
    )


def tensors(state: State) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """All tensors, as (file stem, {name: tensor})."""
    for name, net in state.networks().items():
        yield name, dict(net.state_dict())
    for name, optimizer in state.optimizers().items():
        slots = optimizer.state_dict()["state"]
        yield name, {f"{i}.{key}": slots[i][key] for i in slots for key in slots[i]}
    yield "memory", state.memory


def first_nonfinite(state: State) -> str | None:
    """The name of the first weight or optimizer tensor with a NaN or an infinity, if any."""
    for stem, named in tensors(state):
        for name, tensor in named.items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                return f"{stem}.{name}"
    return None


def to_files(state: State) -> dict[str, bytes]:
    """The state as files: {name: content}."""
    files = {
        f"{stem}.safetensors": save({k: v.cpu().contiguous() for k, v in named.items()})
        for stem, named in tensors(state)
    }
    meta = {
        "format": FORMAT,
        "step": state.step,
        "seen": state.seen,
        "shape": state.shape,
        "classes": state.classes,
        "counts": state.counts,
        "rollbacks": state.rollbacks,
        "world": state.world,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    return files | {JSON: orjson.dumps(meta, option=orjson.OPT_INDENT_2)}


def from_files(config: Config, files: Mapping[str, bytes], device: torch.device) -> State:
    """The state that `to_files` wrote.

    Raises InputError if a file is missing or damaged, or if it does not fit the config.
    """
    meta = _checked_meta(files)
    classes, counts = tuple(meta.get("classes", ())), tuple(meta.get("counts", ()))
    state = create(config, tuple(meta["shape"]), device, classes, counts)
    state.step, state.seen = meta["step"], meta["seen"]
    state.rollbacks, state.world = meta.get("rollbacks", 0), meta.get("world", 1)
    if "memory.safetensors" in files:  # ganbench 0.1 wrote none
        remembered = load(files["memory.safetensors"])
        state.memory = {name: tensor.to(device) for name, tensor in remembered.items()}
    for name, net in state.networks().items():
        net.load_state_dict(load(files[f"{name}.safetensors"]))
    for name, optimizer in state.optimizers().items():
        slots: dict[int, dict[str, Tensor]] = {}
        for key, tensor in load(files[f"{name}.safetensors"]).items():
            index, slot = key.split(".", 1)
            slots.setdefault(int(index), {})[slot] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": slots, "param_groups": groups})
    return state


@dataclass(frozen=True)
class Made:
    """A generator to sample from, and what its checkpoint says of it."""

    net: nn.Module
    shape: tuple[int, ...]
    step: int
    classes: tuple[str, ...]
    counts: tuple[int, ...]


def generator_from_files(config: Config, files: Mapping[str, bytes], device: torch.device) -> Made:
    """The generator to sample from: the average where there is one.

    Raises InputError like `from_files`.
    """
    meta = _checked_meta(files)
    shape, classes = tuple(meta["shape"]), tuple(meta.get("classes", ()))
    net, _ = models.build(config, shape, len(classes))
    stem = "ema" if "ema.safetensors" in files else "generator"
    net.load_state_dict(load(files[f"{stem}.safetensors"]))
    net.eval().requires_grad_(False).to(device)
    return Made(net, shape, meta["step"], classes, tuple(meta.get("counts", ())))


def networks_from_files(
    config: Config, files: Mapping[str, bytes], device: torch.device
) -> tuple[Made, nn.Module]:
    """That generator and the discriminator of the same step, both frozen.

    Raises InputError like `from_files`.
    """
    made = generator_from_files(config, files, device)
    _, net = models.build(config, made.shape, len(made.classes))
    net.load_state_dict(load(files["discriminator.safetensors"]))
    return made, net.eval().requires_grad_(False).to(device)


def _checked_meta(files: Mapping[str, bytes]) -> dict[str, Any]:
    if JSON not in files:
        raise InputError(f"the checkpoint has no {JSON}")
    meta: dict[str, Any] = orjson.loads(files[JSON])
    if meta["format"] != FORMAT:
        raise InputError(f"{JSON}: format {meta['format']}, this ganbench reads format {FORMAT}")
    for name, digest in meta["sha256"].items():
        if name not in files:
            raise InputError(f"the checkpoint has no {name}")
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise InputError(f"{name} is damaged: its sha256 is not the one in {JSON}")
    return meta
