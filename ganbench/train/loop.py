"""The training loop: a generator of events, read from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ganbench import datasets, grids
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.events import Checkpoint, Diverged, Event, Finished, Grid, Scalars, Stepped
from ganbench.models import MODELS
from ganbench.train.rng import generator_of, latents
from ganbench.train.state import State, create, first_nonfinite
from ganbench.train.step import SCALARS, Step

POINTS = 500  # shown in a scatter plot


def start(config: Config) -> State:
    """The state before the first step, on the config's device.

    Raises InputError if data, architecture, device or precision do not fit together, so that what
    can be refused is refused before a run folder exists.
    """
    device = choose_device(config.device)
    choose_bf16(config.precision, device)
    return create(config, datasets.load(config.data).shape, device)


def train(config: Config, state: State) -> Iterator[Event]:
    """Trains from `state` to `config.steps`, changing `state` in place.

    After each step comes `Stepped`, and only then is the state consistent; before it come the
    `Scalars`, `Grid` and `Checkpoint` that are due. The last event is `Finished` or `Diverged`.
    The numbers depend on the config and the state alone, so a run that stops at a checkpoint and
    goes on repeats every bit (on one machine, with one number of threads).
    """
    data = datasets.load(config.data).tensor().to(state.device)
    update = Step(config, data, choose_bf16(config.precision, state.device))
    fixed = fixed_noise(config).to(state.device)
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
                yield Diverged(bad[0], bad[0] * config.batch, bad[1])
                return
            if log:
                yield Scalars(step, seen, dict(zip(SCALARS, values[-1], strict=True)))
        if save and (tensor := first_nonfinite(state)) is not None:
            yield Diverged(step, seen, tensor)
            return
        if grid:
            yield Grid(step, seen, "samples", picture(config, state, fixed, data))
        if save:
            yield Checkpoint(step, seen)
        yield Stepped(step, seen)

    yield Finished(state.step, state.seen)


def fixed_noise(config: Config) -> Tensor:
    """The latents of the sample grids: the same ones throughout a run, side²×dim."""
    n = POINTS if config.model.name == "mlp" else config.grid_side**2
    return latents(config.latent, n, generator_of(config.seed, "grid"))


def picture(config: Config, state: State, noise: Tensor, data: Tensor) -> grids.Picture:
    """The averaged generator's samples of `noise`, as tiles, or points over those of the data."""
    samples = sample(config, state.ema, noise).numpy()
    if len(state.shape) == 1:
        return grids.scatter(samples, data[:2000].cpu().numpy())
    return grids.tile(samples, columns=config.grid_side)


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
