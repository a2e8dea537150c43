"""What each optimisation of the training gives: seconds of a step with it and without it.

    python benchmarks/train_options.py [--rounds N] [--batch N] [--only NAME]

The tutorial's networks, or the small ones of `mnist`; both sides of a pair live in one process and
take turns. "Without" is built here from plain parts of torch that compute the same (but for shared
fakes, lazy penalties and bf16, which are choices of the config).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench import recipes, training_data
from ganbench.config import Config
from ganbench.models import convolution
from ganbench.models.layers import Dropout, UpsampleConv2d
from ganbench.train import loop
from ganbench.train.data import Stream
from ganbench.train.distributed import joined, synchronise
from ganbench.train.state import State
from ganbench.train.step import Step

Run = Callable[[], object]
Change = Callable[[State, Step], None]


def run(config: Config, change: Change | None = None) -> Run:
    """One step of that config, whose state was changed."""
    data = training_data.load(config)
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16=config.precision == "bf16")
    if change is not None:
        change(state, step)
    return lambda: step(state).sum().item()


class PlainUpsample(UpsampleConv2d):
    def forward(self, x: Tensor) -> Tensor:
        large = F.interpolate(x, scale_factor=2)
        return F.conv2d(large, self.weight, self.bias, padding=self.weight.shape[-1] // 2)


class PlainDropout(Dropout):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training)


def swapped(kind: type[nn.Module], plain: type[nn.Module]) -> Change:
    """Modules of `kind` forget what they do better than `plain`; the weights stay."""

    def change(state: State, step: Step) -> None:
        for net in state.networks().values():
            for module in net.modules():
                if type(module) is kind:
                    module.__class__ = plain

    return change


def by_the_library(step: Run) -> Run:
    """A step whose gradients of the weights are all those of the library's convolution."""

    def plain() -> None:
        kept, convolution.SMALL = convolution.SMALL, 0
        try:
            step()
        finally:
            convolution.SMALL = kept

    return plain


def contiguous(state: State, step: Step) -> None:
    for net in state.networks().values():
        net.to(memory_format=torch.contiguous_format)


def unfrozen(state: State, step: Step) -> None:
    """The discriminator's weights get gradients in the generator's step too."""
    state.discriminator.requires_grad_ = lambda flag=True: state.discriminator  # type: ignore


def one_by_one(state: State, step: Step) -> None:
    """RMSprop of one tensor at a time, as it is written in a book."""
    optimizer = state.optimizer_d

    @torch.no_grad()
    def plain(closure: object = None) -> None:
        for group in optimizer.param_groups:
            for p in group["params"]:
                mean = optimizer.state[p].setdefault("mean_square", torch.zeros_like(p))
                mean.mul_(group["rho"]).add_(p.grad * p.grad * (1 - group["rho"]))
                p.sub_(group["lr"] * p.grad / (mean + group["eps"]).sqrt())

    optimizer.step = plain  # type: ignore[method-assign,assignment]


def pairs(batch: int) -> dict[str, tuple[Run, Run]]:
    """{what it is: (with, without)}, made when asked for."""
    tutorial = recipes.tutorial_mnist().model_copy(update={"batch": batch, "precision": "fp32"})
    shared = tutorial.model_copy(update={"fakes": "shared"})
    bf16 = tutorial.model_copy(update={"precision": "bf16"})
    mnist = recipes.mnist().model_copy(update={"precision": "fp32"})
    every = mnist.model_copy(update={"loss": mnist.loss.model_copy(update={"every": 1})})
    upsample = swapped(UpsampleConv2d, PlainUpsample)
    drop = swapped(Dropout, PlainDropout)
    compiled = mnist.model_copy(update={"compile": True})
    return {
        "shared fakes": lambda: (run(shared), run(tutorial)),
        "discriminator frozen in G's step": lambda: (run(tutorial), run(tutorial, unfrozen)),
        "channels_last": lambda: (run(tutorial), run(tutorial, contiguous)),
        "channels_last, bf16": lambda: (run(bf16), run(bf16, contiguous)),
        "phases for upsampling": lambda: (run(tutorial), run(tutorial, upsample)),
        "phases for upsampling, bf16": lambda: (run(bf16), run(bf16, upsample)),
        "weight gradients as products": lambda: (run(tutorial), by_the_library(run(tutorial))),
        "weight gradients as products, bf16": lambda: (run(bf16), by_the_library(run(bf16))),
        "masks of dropout from bits, bf16": lambda: (run(bf16), run(bf16, drop)),
        "bf16": lambda: (run(bf16), run(tutorial)),
        "RMSprop by foreach": lambda: (run(tutorial), run(tutorial, one_by_one)),
        "lazy R1, mnist": lambda: (eight(run(mnist)), eight(run(every))),
        "torch.compile, mnist": lambda: (eight(run(compiled)), eight(run(mnist))),
    }  # type: ignore[return-value]


def eight(step: Run) -> Run:
    """Eight steps as one turn: a period of the lazy penalty."""
    return lambda: [step() for _ in range(8)]


def timed(sides: tuple[Run, Run], rounds: int) -> list[float]:
    """The median seconds of both, in turns."""
    seconds: list[list[float]] = [[], []]
    for round_ in range(rounds + 1):
        for side, step in enumerate(sides):
            began = time.perf_counter()
            step()
            if round_:
                seconds[side].append(time.perf_counter() - began)
    return [statistics.median(values) for values in seconds]


def processes(steps: int) -> list[float]:
    """Seconds a step of `mnist` by two processes of one thread, and by one of two threads."""
    found = []
    for count in (2, 1):
        several = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
        command = [sys.executable, *several, __file__, "--one-of-several", "--steps", str(steps)]
        root = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"OMP_NUM_THREADS": str(2 // count), "PYTHONPATH": path}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found.append(float(done.stdout.split()[-1]))
    return found


def one_of_several(steps: int) -> None:
    """Trains as torchrun says; the first process prints the median of its steps."""
    config = recipes.mnist().model_copy(update={"precision": "fp32"})
    data = training_data.load(config)
    with joined(config.batch, cuda=False) as group:
        state = loop.start(config, data, group)
        for net in state.networks().values():
            synchronise(net, group)
        step = Step(config, Stream(data, state.device), False, group)
        seconds = []
        for _ in range(steps):
            began = time.perf_counter()
            step(state).sum().item()
            seconds.append(time.perf_counter() - began)
        if group.first:
            print(statistics.median(seconds[steps // 4 :]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100, help="of the runs by processes")
    parser.add_argument("--only", default="", help="lines that contain this")
    parser.add_argument("--one-of-several", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_of_several:
        one_of_several(options.steps)
        return
    print(f"tutorial at batch {options.batch}, mnist at 32 (8 steps), {os.cpu_count()} cores,")
    print(f"median of {options.rounds}\n\n| optimisation | s with | s without | ratio |")
    print("|---|---|---|---|", flush=True)

    def line(name: str, took: list[float]) -> None:
        print(f"| {name} | {took[0]:.3f} | {took[1]:.3f} | {took[1] / took[0]:.2f}× |", flush=True)

    for name, made in pairs(options.batch).items():
        if options.only in name:
            line(name, timed(made(), options.rounds))  # type: ignore[operator]
    last = "2 processes × 1 thread instead of 1 × 2, mnist (1 step)"
    if options.only in last:
        line(last, processes(options.steps))


if __name__ == "__main__":
    main()
