"""Several processes that train one GAN: each takes its part of every batch.

Data parallelism as DistributedDataParallel has it, by hand: each process has all weights, computes
the gradients of its part, and all average them (docs/decisions/0022). Started by torchrun; alone,
everything here is the identity.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

from ganbench.errors import InputError
from ganbench.models.layers import KerasBatchNorm

T = TypeVar("T")
PATIENCE = timedelta(minutes=30)  # for a process that scores while the others wait


@dataclass(frozen=True)
class Group:
    """This process's place among `world` processes, 0 ≤ `rank` < `world`."""

    rank: int = 0
    world: int = 1

    @property
    def device(self) -> str:
        """Where messages must lie."""
        return "cuda" if dist.get_backend() == "nccl" else "cpu"

    @property
    def first(self) -> bool:
        """Whether this process is the one that records and prints."""
        return self.rank == 0

    def part(self, batch: Tensor) -> Tensor:
        """This process's rows of what all of them draw alike."""
        return batch.chunk(self.world)[self.rank] if self.world > 1 else batch

    @torch.no_grad()
    def average(self, tensors: Iterable[Tensor]) -> None:
        """Each tensor in place ← its mean over the processes, in one message a type."""
        if self.world == 1:
            return
        kinds: dict[torch.dtype, list[Tensor]] = {}
        for tensor in tensors:
            kinds.setdefault(tensor.dtype, []).append(tensor)
        for alike in kinds.values():
            flat = torch.cat([tensor.reshape(-1) for tensor in alike])
            dist.all_reduce(flat)
            flat /= self.world
            parts = flat.split([tensor.numel() for tensor in alike])
            for tensor, part in zip(alike, parts, strict=True):
                tensor.copy_(part.view(tensor.shape))

    def gather(self, tensor: Tensor) -> Tensor:
        """The rows of all processes, in the order of their ranks; all have equally many."""
        if self.world == 1:
            return tensor
        parts = [torch.empty_like(tensor) for _ in range(self.world)]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    def tell(self, text: str) -> str:
        """What the first process says, in all of them."""
        if self.world == 1:
            return text
        sent = torch.zeros(256, dtype=torch.uint8)
        sent[: len(text.encode())] = torch.tensor(list(text.encode()), dtype=torch.uint8)
        sent = sent.to(self.device)
        dist.broadcast(sent, 0)
        return bytes(sent.tolist()).rstrip(b"\0").decode()

    def in_turn(self, make: Callable[[], T]) -> T:
        """What `make` gives, in the first process first: the others find what it has kept."""
        if not self.first:
            self.barrier()
        made = make()
        if self.first:
            self.barrier()
        return made

    def barrier(self) -> None:
        """Waits for all processes."""
        self.agree(False)

    def agree(self, flag: bool) -> bool:
        """Whether any process says so: all get the same answer."""
        if self.world == 1:
            return flag
        votes = torch.tensor([float(flag)], device=self.device)
        dist.all_reduce(votes)
        return bool(votes.item() > 0)


ALONE = Group()


@contextmanager
def joined(batch: int, cuda: bool) -> Iterator[Group]:
    """The group that torchrun started this process in; `ALONE` without torchrun.

    Raises InputError if `batch` cannot be split evenly.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    if batch % world:
        raise InputError(f"batch {batch} cannot be split evenly over {world} processes")
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    try:
        yield Group(dist.get_rank(), world)
    finally:
        dist.destroy_process_group()


def synchronise(net: nn.Module, group: Group) -> None:
    """Lets every batch norm of `net` use the statistics of the whole batch, over all processes.

    The module changes its class and nothing else, so that names and weights stay.
    """
    if group.world == 1:
        return
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            keras = isinstance(module, KerasBatchNorm)
            module.__class__ = _SyncedKeras if keras else _Synced


class _Synced(nn.modules.batchnorm._BatchNorm):
    """Batch norm over the batches of all processes, which have equally many rows."""

    biased = False  # the moving variance

    def _check_input_dim(self, input: Tensor) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """N×C or N×C×H×W, normalised over all but C and over the processes."""
        if not self.training:
            return super().forward(input)
        axes = [i for i in range(input.dim()) if i != 1]
        shape = [1, -1] + [1] * (input.dim() - 2)
        with torch.autocast(input.device.type, enabled=False):
            x = input.float() if input.dtype == torch.bfloat16 else input
            world = dist.get_world_size()
            n = x.numel() // x.shape[1] * world
            mean = all_reduce(x.sum(axes)) / n
            centred = x - mean.view(shape)
            variance = all_reduce(centred.square().sum(axes)) / n
            scale = (variance + self.eps).rsqrt()
            output = centred * (scale * self.weight).view(shape) + self.bias.view(shape)
        self._remember(mean.detach(), variance.detach(), n)
        normalised: Tensor = output.to(input.dtype)
        return normalised

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, n: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance if self.biased else variance * n / (n - 1), self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


class _SyncedKeras(_Synced):
    """The same with Keras's biased moving variance."""

    biased = True
