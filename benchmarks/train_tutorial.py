"""Speed of `tutorial-mnist` beside the tutorial in Keras 3, on its torch and tensorflow backends.

    python benchmarks/train_tutorial.py [--rounds N] [--batch N]

Each contestant lives in a process of its own, with all cores, and takes one step when its turn
comes, so that all see the same machine; medians of the wall time.
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

ROOT = Path(__file__).resolve().parents[1]
CONTESTANTS = ["keras-tensorflow", "keras-torch", "ganbench-fp32", "ganbench-bf16"]


def keras_step(batch: int) -> Callable[[], None]:
    from benchmarks.keras_tutorial import Tutorial
    from ganbench import datasets

    images = datasets.load("builtin:mnist:train[5000:]").tensor()
    return Tutorial((images / 255).permute(0, 2, 3, 1).contiguous().numpy(), batch).step


def ganbench_step(batch: int, precision: str) -> Callable[[], None]:
    from ganbench import recipes, training_data
    from ganbench.train import loop
    from ganbench.train.data import Stream
    from ganbench.train.step import Step

    config = recipes.tutorial_mnist().model_copy(update={"batch": batch, "precision": precision})
    data = training_data.load(config)
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16=precision == "bf16")
    return lambda: step(state).sum().item() and None


def work(name: str, batch: int) -> None:
    """A contestant: for each line on stdin one step, and its seconds on stdout."""
    kind, variant = name.split("-")
    step = keras_step(batch) if kind == "keras" else ganbench_step(batch, variant)
    for _ in range(2):
        step()
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        step()
        print(time.perf_counter() - began, flush=True)


def start(name: str, batch: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if name.startswith("keras-"):
        environment["KERAS_BACKEND"] = name.removeprefix("keras-")
    command = [sys.executable, __file__, "--work", name, "--batch", str(batch)]
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("VERBOSE") else subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert child.stdout is not None
    while (line := child.stdout.readline()) != "ready\n":
        if not line:
            sys.exit(f"{name} did not start; see why with VERBOSE=1")
    return child


def race(rounds: int, batch: int) -> dict[str, list[float]]:
    """Seconds a step of each contestant, in turns."""
    children = {name: start(name, batch) for name in CONTESTANTS}
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for i in range(rounds):
        for name, child in children.items():
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("go\n")
            child.stdin.flush()
            seconds[name].append(float(child.stdout.readline()))
        print(f"round {i + 1} of {rounds}", file=sys.stderr)
    for child in children.values():
        child.communicate()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--work", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.batch)
        return
    medians = {k: statistics.median(v) for k, v in race(options.rounds, options.batch).items()}
    keras = min(medians["keras-tensorflow"], medians["keras-torch"])
    print(f"batch {options.batch}, {os.cpu_count()} cores, median of {options.rounds} steps\n")
    print("| contestant | s/step | images/s | against the faster Keras |\n|---|---|---|---|")
    for name, s in medians.items():
        print(f"| {name} | {s:.2f} | {options.batch / s:,.0f} | {keras / s:.2f}× |")


if __name__ == "__main__":
    main()
