"""What `mnist` and `tutorial-mnist` reach in the same processor time, by the same scores.

    python benchmarks/train_mnist.py [--out DIR]

`mnist` trains its whole recipe; `tutorial-mnist` then gets the processor seconds that it took.
Prints a table, and with --out keeps a grid of 64 samples of each.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from PIL import Image

from ganbench import grids, recipes, training_data
from ganbench.config import Config
from ganbench.sampling import inputs_of
from ganbench.scorer import Scorer
from ganbench.train import loop
from ganbench.train.state import State
from ganbench.types import Score


def train(config: Config, limit: float | None) -> tuple[State, float, float]:
    """The state, the processor seconds and the wall seconds when the recipe or `limit` ends."""
    data = training_data.load(config)
    state = loop.start(config, data)
    began, clock = time.process_time(), time.perf_counter()
    for event in loop.train(config, state, data):
        spent = time.process_time() - began
        if event.step % 100 == 0:
            done = f"\r{config.recipe}: step {event.step:,}, {spent:.0f} CPU-s"
            print(done, end="", file=sys.stderr)
        if limit and spent > limit:
            break
    print(file=sys.stderr)
    return state, time.process_time() - began, time.perf_counter() - clock


def scored(config: Config, state: State) -> tuple[Score, ...]:
    return Scorer(config).score(state, config.scoring.n)


def row(head: str, values: dict[str, float | None]) -> str:
    names = ("classifier_score", "frechet", "kid", "precision", "recall")
    return f"| {head} | " + " | ".join(f"{values[name]:.4g}" for name in names) + " |"


def keep_grid(config: Config, state: State, out: Path) -> None:
    noise = inputs_of(config, state.classes, state.counts, 64, 0, "sample")
    samples = loop.sample(config, state.ema, noise.to(state.device)).numpy()
    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grids.tile(samples, columns=8)).save(out / f"{config.recipe}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, 10,000 samples against the MNIST test set\n")
    print("| recipe | steps | CPU-s | wall s | classifier score | Fréchet | KID | prec. | recall |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    limit = None
    for config in (recipes.mnist(), recipes.tutorial_mnist()):
        state, cpu, wall = train(config, limit)
        limit = limit or cpu
        scores = scored(config, state)
        head = f"{config.recipe} | {state.step:,} | {cpu:.0f} | {wall:.0f}"
        print(row(head, {score.measure: score.value for score in scores}), flush=True)
        if options.out:
            keep_grid(config, state, options.out)
    print(row("real against real | | |", {score.measure: score.baseline for score in scores}))


if __name__ == "__main__":
    main()
