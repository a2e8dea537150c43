"""How long generators fool one classifier that learns to tell all of them from reals: NRDS."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.measures.nets import conv_classifier, draw
from ganbench.types import Outcome, Pixels

LEAST = 8  # images of each model
SIDE = 64  # pixels; larger images are averaged down
JUDGED = 256  # samples of each model that the mean output is of


def nrds(
    real: Pixels,
    fake: Pixels,
    control: Pixels,
    rivals: tuple[Pixels, ...],
    *,
    n: int = 2000,
    epochs: int = 10,
    batch: int = 32,
    rate: float = 1e-3,
    separated: float = 0.05,
    seeds: int = 3,
    seed: int = 0,
) -> Outcome:
    """The fakes' share of how long one classifier takes all models' samples for real.

    Zhang, Song and Qi, "Decoupled Learning for Conditional Adversarial Networks" (2018): a small
    convolutional classifier learns reals (1) against the pooled samples of all models (0), n of
    each; Cᵢ after an epoch is its mean output on 256 samples of model i, Aᵢ the area under Cᵢ over
    the epochs, and NRDSᵢ = Aᵢ/Σⱼ Aⱼ. The models are the fakes, the `rivals`, and the held-out reals
    (`control`), which stand for a perfect model. Batches hold as many reals as fakes. It ends after
    `epochs` (of n reals), or as soon as no generator is above `separated`. In [0, 1], higher is
    better; all shares sum to 1, so adding a model changes everyone's. Mean of `seeds` trainings.

    `detail`: `shares` by model (`fake`, `rival 1`, …, `held-out reals`), the fakes' share over that
    of the held-out reals (`of_perfect`), which other models hardly move, and `curves` of the first
    training. uint8 N×C×H×W of one C×H×W; beyond 64 pixels they are averaged down.

    Raises ValueError if shapes differ, or below 8 images of a model.
    """
    models = (fake, *rivals, control)
    if len({side.shape[1:] for side in (real, *models)}) > 1:
        raise ValueError("the images of the models and of the reals have different shapes")
    count = min(n, *map(len, (real, *models)))
    if count < LEAST:
        raise ValueError(f"{count} images of a model are too few: {LEAST} at least")
    shares, curves = [], []
    for training in range(seeds):
        draws = torch.Generator().manual_seed(seeds * seed + training)
        curve = _curves(
            [draw(side, count, draws) for side in (real, *models)],
            epochs, batch, rate, separated, draws,
        )  # fmt: skip
        area = curve.sum(0)
        shares.append((area / area.sum()).tolist())
        curves.append(curve)
    names = ["fake", *(f"rival {i + 1}" for i in range(len(rivals))), "held-out reals"]
    mean = torch.tensor(shares, dtype=torch.float64).mean(0).tolist()
    return Outcome.of_seeds(
        [by[0] for by in shares],
        shares=dict(zip(names, mean, strict=True)),
        of_perfect=mean[0] / mean[-1],
        curves={name: curves[0][:, i].tolist() for i, name in enumerate(names)},
    )


def _curves(
    sides: Sequence[Tensor],
    epochs: int,
    batch: int,
    rate: float,
    separated: float,
    draws: torch.Generator,
) -> Tensor:
    """Epochs×models, float64: the mean output on the samples of each model; reals come first."""
    reals, *models = (_scaled(side) for side in sides)
    pool, n = torch.cat(models), len(reals)
    net = conv_classifier(reals.shape[1], draws, width=16)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate, betas=(0.5, 0.999))
    target = torch.cat([torch.ones(batch), torch.zeros(batch)])[:, None]
    found = []
    for _ in range(epochs):
        for _ in range(max(1, n // batch)):
            rows = (torch.randint(len(side), (batch,), generator=draws) for side in (reals, pool))
            x = torch.cat([side[row] for side, row in zip((reals, pool), rows, strict=True)])
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(net(x), target).backward()
            optimiser.step()
        found.append([_output(net, model[:JUDGED]) for model in models])
        if max(found[-1][:-1]) < separated:
            break
    return torch.tensor(found, dtype=torch.float64)


def _output(net: nn.Sequential, model: Tensor) -> float:
    """The mean probability of being real."""
    with torch.no_grad():
        return float(net(model).double().sigmoid().mean())


def _scaled(pixels: Tensor) -> Tensor:
    """float32 in [−1, 1], at most 64 pixels a side."""
    x = pixels.float() / 127.5 - 1
    if max(x.shape[2:]) > SIDE:
        height, width = x.shape[2:]
        x = F.adaptive_avg_pool2d(x, (min(height, SIDE), min(width, SIDE)))
    return x
