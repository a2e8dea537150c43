"""Parameters of every architecture, and what one training step costs, on this machine.

    python benchmarks/architectures.py [--threads N] [--batch N] [--bf16]

A step is one update of both networks on colour images of 32 pixels, with a shared fake batch,
without a penalty and with R1 at every step; the processor seconds are the least of a few steps.
Prints the table of docs/architectures.md.
"""

from __future__ import annotations

import argparse
import time

import torch

from ganbench import recipes
from ganbench.config import (
    Config,
    DcganModel,
    Latent,
    Loss,
    MlpModel,
    Model,
    R3ganModel,
    SmallModel,
    SnganModel,
    StyleganModel,
)
from ganbench.models import build
from ganbench.train import loop
from ganbench.train.data import Stream, TrainingData
from ganbench.train.step import Step

MODELS = (MlpModel, SmallModel, DcganModel, R3ganModel, StyleganModel, SnganModel)
STEPS = 4


def config_of(model: Model, batch: int, r1: float = 0.0) -> Config:
    """A config that trains the architecture with its default widths."""
    update = {
        "model": model,
        "batch": batch,
        "latent": Latent(dim=128),
        "loss": Loss(name="non-saturating", r1=r1),
        "fakes": "shared",
        "precision": "fp32",
    }
    return recipes.mnist().model_copy(update=update)


def parameters(model: Model, side: int) -> str:
    """Those of the generator and of the discriminator, in millions, for colour images."""
    nets = build(config_of(model, 1), (3, side, side))
    return " + ".join(f"{sum(p.numel() for p in net.parameters()) / 1e6:.2f}" for net in nets)


def seconds(config: Config, bf16: bool) -> float:
    """Processor seconds of a step, the least of `STEPS`."""
    pixels = torch.randint(256, (4 * config.batch, 3, 32, 32), dtype=torch.uint8)
    data = TrainingData(pixels, "noise", "noise")
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16)
    found = []
    for _ in range(STEPS):
        began = time.process_time()
        step(state)
        found.append(time.process_time() - began)
    return min(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--bf16", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| architecture | 32 px, G + D | 64 px, G + D | step | with R1 |")
    print("|---|--:|--:|--:|--:|")
    for make in MODELS:
        model: Model = make()
        costs = (seconds(config_of(model, options.batch, r1), options.bf16) for r1 in (0.0, 1.0))
        cells = [f"`{model.name}`", *(parameters(model, side) for side in (32, 64))]
        print("| " + " | ".join([*cells, *(f"{cost:.2f} s" for cost in costs)]) + " |", flush=True)


if __name__ == "__main__":
    main()
