"""Speed of the `dcgan` architecture at 64 pixels beside PyTorch's own example.

    python benchmarks/train_dcgan.py [--rounds N] [--batch N]

The same networks, losses, optimizers and batches: one of reals and one of fakes for the
discriminator, and the same fakes again for the generator, in both. Random pixels, because the cost
does not depend on them. Each contestant lives in a process of its own and they take turns; medians
of the wall time. GFLOP are those that a contestant really does.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial

import turns

CONTESTANTS = ["pytorch", "ganbench-fp32", "ganbench-bf16"]


def make(name: str, batch: int) -> Callable[[], object]:
    import torch

    pixels = torch.randint(256, (1024, 3, 64, 64), dtype=torch.uint8)
    if name == "pytorch":
        import naive_dcgan

        return naive_dcgan.Dcgan(pixels, batch).step

    from ganbench.config import Config, DcganModel, Latent, Loss, Optimizer
    from ganbench.train import loop
    from ganbench.train.data import Stream, TrainingData
    from ganbench.train.step import Step

    adam = Optimizer(name="Adam", lr=2e-4, beta1=0.5, beta2=0.999)
    config = Config(
        recipe="dcgan",
        data="random",
        steps=1_000,
        batch=batch,
        latent=Latent(dim=100),
        model=DcganModel(),
        loss=Loss(name="non-saturating"),
        optimizer_d=adam,
        optimizer_g=adam,
    )
    data = TrainingData(pixels, "random", "random")
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16=name.endswith("bf16"))
    return lambda: step(state).sum().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--work", choices=[*turns.PEAKS, *CONTESTANTS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        turns.work(options.work, partial(make, batch=options.batch))
        return
    found = turns.race(__file__, CONTESTANTS, options.rounds, ["--batch", str(options.batch)])
    print(f"- batch {options.batch}, {os.cpu_count()} cores, median of {options.rounds} steps")
    against = {"against PyTorch's example": "pytorch"}
    print(f"- {turns.peaks(found)}\n\n{turns.table(found, options.batch, against)}")


if __name__ == "__main__":
    main()
