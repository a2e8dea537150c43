"""Whether a step fits into the memory, asked before the first one.

A system may end a process that takes too much, without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn

from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.models.condition import judge
from ganbench.train.state import State

CGROUP = Path("/sys/fs/cgroup")
PROBE = 4  # images that go through the networks


def check(config: Config, state: State) -> None:
    """Raises InputError, with a batch that may fit, if a step needs more memory than is free."""
    batch = config.batch // state.world
    each, has = least(config, state), free(state.device)
    if batch * each <= has:
        return
    fits = max(1, has // (2 * each))  # a step takes about twice what is counted here
    size = "x".join(map(str, state.shape))
    raise InputError(
        f"--batch {config.batch} of {size} takes {batch * each / 2**30:,.1f} GiB or more, and "
        f"{has / 2**30:,.1f} GiB of memory are free for {state.device}: --batch "
        f"{state.world << (fits.bit_length() - 1)} may fit; smaller pictures or narrower networks "
        "take less"
    )


def least(config: Config, state: State) -> int:
    """Bytes an image that a step holds at its height, or fewer.

    What is kept for the backward pass: by the discriminator of reals and fakes, by the generator of
    the fakes, at the same time if these are shared. In bfloat16 half as much.
    """
    made, judged = _each(config, state)
    both = 2 * judged + made if config.fakes == "shared" else max(2 * judged, judged + made)
    return both // (1 if config.precision == "fp32" else 2)


def _each(config: Config, state: State) -> tuple[int, int]:
    """Bytes an image that the generator keeps, and the discriminator; what all share is left out.

    Measured on twice `PROBE` images and on `PROBE`.
    """
    classes, device = len(state.classes), state.device

    def generate(n: int) -> None:
        state.generator(torch.zeros(n, classes + config.latent.dim, device=device))

    def discriminate(n: int) -> None:
        one_hot = torch.zeros(n, classes, device=device) if classes else None
        judge(state.discriminator, torch.zeros(n, *state.shape, device=device), one_hot)

    with torch.random.fork_rng(devices=[]):
        made, judged = (
            (_held(net, partial(run, 2 * PROBE)) - _held(net, partial(run, PROBE))) // PROBE
            for net, run in ((state.generator, generate), (state.discriminator, discriminate))
        )
    return made, judged


def free(device: torch.device) -> int:
    """Bytes of memory that a process may still take, on the GPU or beside it."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    available = int(psutil.virtual_memory().available)
    try:
        most, used = (int((CGROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # no such limit
        return available
    held = sum(_reclaimable())
    return min(available, most - used + held)


def _reclaimable() -> list[int]:
    """What of the container's memory are files that the system would give up."""
    lines = (CGROUP / "memory.stat").read_text().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("inactive_file ")]


def _held(net: nn.Module, run: Callable[[], object]) -> int:
    """Bytes, the weights left out, that PyTorch keeps for the backward pass of `run`."""
    weights = {weight.untyped_storage().data_ptr() for weight in net.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    mode = net.training
    net.eval()  # so that no average moves
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept):
        run()
    net.train(mode)
    return sum(kept[place].untyped_storage().nbytes() for place in kept.keys() - weights)
