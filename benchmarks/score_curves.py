"""The Fréchet distance of recipes against processor time, as a table and as a picture.

    python benchmarks/score_curves.py [RECIPE ...] [--seconds N] [--out curves.svg]

Each recipe trains on one thread, two at a time, and stops after so many processor seconds or at its
end. It is scored at the same moments by the same number of samples of the averaged generator, on
the MNIST classifier; what scoring takes does not count.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

RECIPES = ("mnist", "dcgan", "wgan-gp", "tutorial-mnist")
MOMENTS = (10, 20, 40, 80, 120, 180, 240, 300, 400, 500, 600)
SAMPLES = 5_000


def train(name: str, limit: float) -> None:
    """Prints [recipe, step, processor seconds, classifier score, Fréchet] at each moment."""
    import torch

    from ganbench import training_data
    from ganbench.recipes import RECIPES as ALL
    from ganbench.scorer import Scorer
    from ganbench.train import loop

    torch.set_num_threads(1)
    config = ALL[name]().model_copy(update={"grid_every": 10**9, "checkpoint_every": 10**9})
    data = training_data.load(config)
    state, scorer = loop.start(config, data), Scorer(config)
    waiting = [moment for moment in MOMENTS if moment <= limit]
    spent, began = 0.0, time.process_time()
    for event in loop.train(config, state, data):
        now = spent + time.process_time() - began
        ended = event.step >= config.steps
        if not (ended or (waiting and now >= waiting[0])):
            continue
        spent = now
        values = {s.measure: s.value for s in scorer.score(state, SAMPLES)}
        row = [name, event.step, round(now, 1), values["classifier_score"], values["frechet"]]
        print(json.dumps(row), flush=True)
        waiting = [moment for moment in waiting if moment > now]
        if ended or not waiting:
            return
        began = time.process_time()


def measured(name: str, limit: float) -> list[list[float]]:
    command = [sys.executable, __file__, "--work", name, "--seconds", str(limit)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(f"{name} is done", file=sys.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def draw(curves: dict[str, list[list[float]]], out: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, rows in curves.items():
        axes.loglog([r[2] for r in rows], [r[4] for r in rows], marker="o", ms=3, label=name)
    axes.set_xlabel("processor seconds on one core")
    axes.set_ylabel("Fréchet distance (MNIST classifier)")
    axes.grid(which="both", alpha=0.2)
    axes.legend()
    figure.savefig(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=RECIPES)
    parser.add_argument("--seconds", type=float, default=MOMENTS[-1])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        train(options.work, options.seconds)
        return
    with ThreadPoolExecutor(2) as pool:
        rows = pool.map(lambda name: measured(name, options.seconds), options.recipes)
        curves = dict(zip(options.recipes, rows, strict=True))
    print("| recipe | steps | CPU-s | classifier score | Fréchet |\n|---|---|---|---|---|")
    for rows in curves.values():
        for name, step, seconds, score, frechet in rows:
            print(f"| {name} | {step:,} | {seconds:.0f} | {score:.2f} | {frechet:.3g} |")
    if options.out:
        draw(curves, options.out)


if __name__ == "__main__":
    main()
