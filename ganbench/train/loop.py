"""The training loop: a generator of events, read from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ganbench import grids
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.events import Checkpoint, Diverged, Event, Finished, Grid, Scalars, Stepped
from ganbench.models import MODELS
from ganbench.train.augment import check as check_augmentation
from ganbench.train.data import Stream, TrainingData
from ganbench.train.distributed import ALONE, Group, synchronise
from ganbench.train.rng import generator_of, latents, one_hot
from ganbench.train.state import State, create, first_nonfinite
from ganbench.train.step import SCALARS, Step

POINTS = 500  # shown in a scatter plot


def start(config: Config, data: TrainingData, group: Group = ALONE) -> State:
    """The state before the first step, on the config's device.

    Raises InputError if data, architecture, device or precision do not fit together, so that what
    can be refused is refused before a run folder exists.
    """
    device = choose_device(config.device)
    choose_bf16(config.precision, device)
    check_augmentation(config, data.shape)
    classes, counts = labels_of(config, data)
    state = create(config, data.shape, device, classes, counts)
    state.world = group.world
    return state


def train(
    config: Config, state: State, data: TrainingData, group: Group = ALONE
) -> Iterator[Event]:
    """Trains from `state` to `config.steps`, changing `state` in place.

    After each step comes `Stepped`, and only then is the state consistent; before it come the
    `Scalars`, `Grid` and `Checkpoint` that are due. The last event is `Finished` or `Diverged`.
    The numbers depend on the config and the state alone, so a run that stops at a checkpoint and
    goes on repeats every bit (on one machine, with one number of threads and of processes).
    """
    for net in state.networks().values():
        synchronise(net, group)
    bf16 = choose_bf16(config.precision, state.device)
    update = Step(config, Stream(data, state.device), bf16, group)
    fixed = fixed_noise(config, state).to(state.device)
    pending: list[Tensor] = []  # scalars of the steps that nobody has looked at yet

    if state.step == 0:
        yield Grid(0, 0, "samples", picture(config, state, fixed, data))

    while state.step < config.steps:
        pending.append(update(state))
        step, seen, last = state.step, state.seen, state.step == config.steps
        log = step == 1 or step % config.log_every == 0 or last
        grid = step % config.grid_every == 0 or last
        save = step % config.checkpoint_every == 0 or last

        # Look at the scalars only now and then: on a GPU each look waits for the device.
        if log or grid or save:
            values = torch.stack(pending).cpu().numpy()
            pending.clear()
            if (bad := _first_bad(values, step)) is not None:
                yield Diverged(bad[0], bad[0] * config.images_a_step, bad[1])
                return
            if log:
                yield Scalars(step, seen, scalars(config, state, values[-1]))
        if save and (tensor := first_nonfinite(state)) is not None:
            yield Diverged(step, seen, tensor)
            return
        if grid:
            yield Scalars(step, seen, {"diversity": diversity(config, state, fixed, data)})
            yield Grid(step, seen, "samples", picture(config, state, fixed, data))
        if save:
            yield Checkpoint(step, seen)
        yield Stepped(step, seen)

    yield Finished(state.step, state.seen)


def labels_of(config: Config, data: TrainingData) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and frequencies of the labels that condition the networks; empty if none do.

    Raises InputError if the data have none.
    """
    if config.condition == "none":
        return (), ()
    if data.labels is None or not data.classes:
        raise InputError(
            f"condition {config.condition!r} needs labels, and {data.name} has none: a folder for "
            "each class, or an array 'labels'; or --condition none"
        )
    counts = torch.bincount(data.labels, minlength=len(data.classes))
    return data.classes, tuple(counts.tolist())


def scalars(config: Config, state: State, values: np.ndarray) -> dict[str, float]:
    """The named values of a step, with ADA's probability where it is at work."""
    named = dict(zip(SCALARS, values, strict=True))
    if config.augment.name == "ada":
        named["augment_p"] = state.memory["augment_p"].item()
    return named


def fixed_noise(config: Config, state: State) -> Tensor:
    """What the sample grids are made of: the same throughout a run, side²×(classes + dim).

    Each class in turn, where there are classes.
    """
    n = POINTS if len(state.shape) == 1 else config.grid_side**2
    noise = latents(config.latent, n, generator_of(config.seed, "grid"))
    if not state.classes:
        return noise
    return torch.cat((one_hot(torch.arange(n) % len(state.classes), len(state.classes)), noise), 1)


def picture(config: Config, state: State, noise: Tensor, data: TrainingData) -> grids.Picture:
    """The averaged generator's samples of `noise`, as tiles, or points over those of the data."""
    samples = sample(config, state.ema, noise).numpy()
    if len(state.shape) == 1:
        return grids.scatter(samples, data.pixels[:2000].numpy())
    return grids.tile(samples, columns=config.grid_side)


def diversity(config: Config, state: State, noise: Tensor, data: TrainingData) -> float:
    """How far the samples of `noise` lie apart, as a share of how far as many reals do.

    The mean Euclidean distance of all pairs, in pixels' values: about 1 for a good generator, 0
    once it draws one image only.
    """
    made = sample(config, state.ema, noise).flatten(1).float()
    picks = torch.randint(
        len(data), (len(made),), generator=generator_of(config.seed, "grid", step=1)
    )
    real = data.pixels[picks].flatten(1).float()
    apart = [float(torch.pdist(side).mean()) for side in (made, real)]
    return apart[0] / apart[1] if apart[1] else 1.0


def sample(config: Config, generator: nn.Module, noise: Tensor) -> Tensor:
    """What `generator` makes of `noise` in inference: uint8 images or float points, on the CPU."""
    with inference(generator):
        return MODELS[config.model.name].to_data(generator(noise)).cpu()


@contextmanager
def inference(net: nn.Module) -> Iterator[None]:
    """No dropout, batch norm by its moving averages, no gradients; the mode is restored after."""
    mode = net.training
    net.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        net.train(mode)


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" takes a GPU if there is one. InputError if there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device 'cuda': torch finds no GPU here; use --device cpu or auto")
    return torch.device(name)


def choose_bf16(precision: str, device: torch.device) -> bool:
    """Whether to multiply in bfloat16; "auto" does where the hardware has it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _first_bad(values: np.ndarray, step: int) -> tuple[int, str] | None:
    """The first step and scalar that is not finite, of the rows that end with `step`."""
    rows, columns = np.nonzero(~np.isfinite(values))
    if not len(rows):
        return None
    return step - len(values) + 1 + int(rows[0]), SCALARS[columns[0]]
