"""Speed of `tutorial-mnist` beside the tutorial in Keras 3 and in plain PyTorch.

    python benchmarks/train_tutorial.py [--rounds N] [--batch N]

Each contestant lives in a process of its own, with all cores, and takes one step when its turn
comes, so that all see the same machine; medians of the wall time. "exact" has the tutorial's
semantics, in which the discriminator sees fakes that were made in inference mode; "shared" uses the
generator's own batch of fakes for both updates, which is another GAN with the same networks.
GFLOP are those that a contestant's convolutions and products really do (torch counts them); for
Keras, those of the plain layers, without the frozen discriminator's weight gradients.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections.abc import Callable
from functools import partial

import turns

CONTESTANTS = [
    "keras-tensorflow",
    "keras-torch",
    "pytorch",
    "exact-fp32",
    "exact-bf16",
    "shared-fp32",
    "shared-bf16",
]


def make(name: str, batch: int) -> Callable[[], object]:
    from ganbench import datasets

    if name.startswith(("keras-", "pytorch")):
        pixels = datasets.load("builtin:mnist:train[5000:]").tensor() / 255
        if name == "pytorch":
            import naive_tutorial

            return naive_tutorial.Tutorial(pixels, batch).step
        import keras_tutorial

        return keras_tutorial.Tutorial(pixels.permute(0, 2, 3, 1).contiguous().numpy(), batch).step
    return ganbench_step(*name.split("-"), batch)


def ganbench_step(kind: str, precision: str, batch: int) -> Callable[[], object]:
    from ganbench import recipes, training_data
    from ganbench.train import loop
    from ganbench.train.data import Stream
    from ganbench.train.step import Step

    fakes = {"exact": "inference", "shared": "shared"}[kind]
    changes = {"batch": batch, "precision": precision, "fakes": fakes}
    config = recipes.tutorial_mnist().model_copy(update=changes)
    data = training_data.load(config)
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16=precision == "bf16")
    return lambda: step(state).sum().item()


def plain_flop(batch: int) -> float:
    """Of one step of the plain layers, from their shapes: out · in · k² · positions, doubled.

    Three times for what is trained, twice where only the input's gradient is wanted, once forward.
    """
    hidden = 7 * 7 * 256
    convolutions = [(256, 128, 14), (128, 64, 28), (64, 32, 28), (32, 1, 28)]
    made = 100 * hidden + sum(a * b * 25 * side**2 for a, b, side in convolutions)
    layers = [(1, 64, 14), (64, 128, 7), (128, 256, 4), (256, 512, 4)]
    judged = 8192 + sum(a * b * 25 * side**2 for a, b, side in layers)
    first = 64 * 25 * 14**2  # the images need no gradient
    return 2 * batch * (made + 2 * (3 * judged - first) + 3 * made + 2 * judged)


def present() -> list[str]:
    """The contestants that are installed; says which are not."""
    found = []
    for name in CONTESTANTS:
        needs = ["keras", name.removeprefix("keras-")] if name.startswith("keras-") else []
        missing = [package for package in needs if importlib.util.find_spec(package) is None]
        if missing:
            print(f"- without {name}: {' and '.join(missing)} not installed (the bench extra)")
        else:
            found.append(name)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--work", choices=[*turns.PEAKS, *CONTESTANTS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        turns.work(options.work, partial(make, batch=options.batch))
        return
    names = present()
    found = turns.race(__file__, names, options.rounds, ["--batch", str(options.batch)])
    keras = [name for name in names if name.startswith("keras-")]
    for name in keras:
        found[name].flop = plain_flop(options.batch)
    against = {"against plain PyTorch": "pytorch"}
    if keras:
        best = min(keras, key=lambda name: found[name].median)
        against = {f"against {best}": best} | against
    print(f"- batch {options.batch}, {os.cpu_count()} cores, median of {options.rounds} steps")
    print(f"- {turns.peaks(found)}\n\n{turns.table(found, options.batch, against)}")


if __name__ == "__main__":
    main()
