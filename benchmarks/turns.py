"""Contestants in processes of their own that take turns, so that all see the same machine.

A script gives its contestants as `make`: a function from a name to (a function that takes one step,
the multiply-adds of that step); it runs in the contestant's process, `peak` in one of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[1]
PEAKS = {"peak-fp32": torch.float32, "peak-bf16": torch.bfloat16}
SIDE = 2048  # of the square matrices whose product is the peak

Make = Callable[[str], Callable[[], object]]


@dataclass
class Contestant:
    """Seconds of each turn, and floating-point operations of one."""

    flop: float
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """GFLOP/s."""
        return self.flop / self.median / 1e9


def product(dtype: torch.dtype) -> Callable[[], object]:
    a, b = torch.rand((2, SIDE, SIDE)).to(dtype)
    return lambda: a @ b


def work(name: str, make: Make) -> None:
    """A contestant: for each line on stdin one step, and its seconds on stdout."""
    step = product(PEAKS[name]) if name in PEAKS else make(name)
    step()
    counter = FlopCounterMode(display=False)
    if "keras-" not in name:
        with counter:
            step()
    step()
    print("ready", counter.get_total_flops(), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        step()
        print(time.perf_counter() - began, flush=True)


def race(script: str, names: list[str], rounds: int, arguments: list[str]) -> dict[str, Contestant]:
    """Medians of `rounds` turns of each of `names` and of the peaks: {name: contestant}."""
    children, found = {}, {}
    for name in [*PEAKS, *names]:
        print(f"starts {name}", file=sys.stderr)
        child = children[name] = _start(script, name, arguments)
        assert child.stdout is not None
        while not (line := child.stdout.readline()).startswith("ready"):
            if not line:
                sys.exit(f"{name} did not start; see why with VERBOSE=1")
        found[name] = Contestant(float(line.split()[1]))
    for i in range(rounds):
        for name, child in children.items():
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("go\n")
            child.stdin.flush()
            found[name].seconds.append(float(child.stdout.readline()))
        print(f"\rround {i + 1} of {rounds}", end="", file=sys.stderr)
    print(file=sys.stderr)
    for child in children.values():
        child.communicate()
    return found


def _start(script: str, name: str, arguments: list[str]) -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if name.startswith("keras-"):
        environment["KERAS_BACKEND"] = name.removeprefix("keras-")
    return subprocess.Popen(
        [sys.executable, script, "--work", name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("VERBOSE") else subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def table(found: dict[str, Contestant], batch: int, against: dict[str, str]) -> str:
    """Markdown: seconds, images/s, GFLOP/s, share of the peak, and how often as fast as others.

    `against`: {heading: name of the contestant}.
    """
    heads = ["contestant", "s/step", "images/s", "GFLOP/step", "GFLOP/s", "of peak", *against]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for name, one in found.items():
        if name in PEAKS:
            continue
        peak = found["peak-bf16" if "bf16" in name else "peak-fp32"]
        speed = [f"{found[other].median / one.median:.2f}×" for other in against.values()]
        cells = [name, f"{one.median:.3f}", f"{batch / one.median:,.0f}", f"{one.flop / 1e9:,.0f}"]
        cells += [f"{one.rate:,.0f}", f"{one.rate / peak.rate:.0%}", *speed]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def peaks(found: dict[str, Contestant]) -> str:
    """What the matrix products reached."""
    rates = ", ".join(
        f"{name.removeprefix('peak-')} {found[name].rate:,.0f} GFLOP/s" for name in PEAKS
    )
    return f"peak, a product of {SIDE}² matrices: {rates}"
