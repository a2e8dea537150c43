"""The Wasserstein distance by a critic that is trained from scratch, after the generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganbench.measures.nets import draw, mlp
from ganbench.types import Features, Outcome

LEAST = 16  # samples a side: halves of 8


def wasserstein_critic(
    real: Features,
    fake: Features,
    control: Features,
    *,
    steps: int = 300,
    batch: int = 128,
    width: int = 128,
    penalty: float = 10.0,
    clip: float = 0.0,
    rate: float = 1e-3,
    seeds: int = 3,
    seed: int = 0,
) -> Outcome:
    """E F(control) − E F(held-out fakes) of a critic F, over its mean slope, for `seeds` critics.

    Arjovsky, Chintala and Bottou, "Wasserstein GAN" (2017), eq. 3; Danihelka et al., "Comparison of
    Maximum Likelihood and GAN-based training of Real NVPs" (2017), for critics that are independent
    of the training. F, two layers of `width`, is trained for `steps` of Adam on half of the reals
    against half of the fakes. Slopes above 1 cost `penalty` times their square excess, the
    one-sided gradient penalty of Gulrajani et al., "Improved Training of Wasserstein GANs" (2017),
    section 4 (one that also costs slopes below 1 holds a critic that started with the wrong sign
    there); or, where `clip` is above 0, RMSprop keeps the weights in ±clip. Features are centred
    at the mean of the reals and divided by one number, the root of their mean variance, and that is
    the unit. Dividing by the mean of |∇F| between held-out reals and fakes makes F 1-Lipschitz
    where it counts (a penalty lets the slope exceed 1, clipping leaves it anywhere). In (−∞, ∞),
    lower is better, 0 for equal distributions; a critic trained too little understates the
    distance.

    `detail`, by seed: `slope`; `seen`, the distance between the samples that F was trained on
    (above `seeds` by what F overfits); `trained_on`, that of the other half of the reals, which the
    generator saw and F did not; and `overfitting`, `seeds` less `trained_on`, above 0 if the
    generator is nearer to what it was trained on than to new reals.

    Raises ValueError below 16 samples on a side.
    """
    if min(map(len, (real, fake, control))) < LEAST:
        raise ValueError(f"a critic needs {LEAST} samples of each side to train and to hold out")
    if steps < 1 or seeds < 1:
        raise ValueError("it needs a step and a seed at least")
    centre = real.double().mean(0)
    scale = (real.double() - centre).square().mean().sqrt()
    unit = scale if scale > 0 else torch.ones_like(scale)
    sides = [((side.double() - centre) / unit).float() for side in (real, fake, control)]
    values, told = [], []
    for critic in range(seeds):
        draws = torch.Generator().manual_seed(seeds * seed + critic)
        (ours, others), (fakes, held_out) = (
            draw(side, len(side), draws).tensor_split(2) for side in sides[:2]
        )
        net = mlp((real.shape[1], width, width, 1), draws, slope=0.2)
        _train(net, ours, fakes, steps, batch, penalty, clip, rate, draws)
        told.append(_score(net, ours, fakes, others, held_out, sides[2], draws))
        values.append(told[-1].pop("distance"))
    return Outcome.of_seeds(values, **{key: [by[key] for by in told] for key in told[0]})


def _train(
    net: nn.Sequential,
    reals: Tensor,
    fakes: Tensor,
    steps: int,
    batch: int,
    penalty: float,
    clip: float,
    rate: float,
    draws: torch.Generator,
) -> None:
    """Steps up E F(real) − E F(fake), with weights clipped or λ E max(0, |∇F| − 1)² taken away."""
    if clip:
        optimiser: torch.optim.Optimizer = torch.optim.RMSprop(net.parameters(), lr=rate)
    else:
        optimiser = torch.optim.Adam(net.parameters(), lr=rate, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, steps)
    size = min(batch, len(reals), len(fakes))
    for _ in range(steps):
        x, g = draw(reals, size, draws), draw(fakes, size, draws)
        loss = net(g).mean() - net(x).mean()
        if not clip:
            excess = (_slopes(net, x, g, draws, graph=True) - 1).relu()
            loss = loss + penalty * excess.square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if clip:
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter.clamp_(-clip, clip)


def _slopes(
    net: nn.Sequential, x: Tensor, g: Tensor, draws: torch.Generator, graph: bool = False
) -> Tensor:
    """|∇F| at a random point between each x and its g."""
    share = torch.rand((len(x), 1), generator=draws)
    points = (share * x + (1 - share) * g).requires_grad_()
    (slope,) = torch.autograd.grad(net(points).sum(), points, create_graph=graph)
    norm: Tensor = slope.norm(dim=1)
    return norm


def _score(
    net: nn.Sequential,
    seen: Tensor,
    fakes: Tensor,
    others: Tensor,
    held_out: Tensor,
    control: Tensor,
    draws: torch.Generator,
) -> dict[str, float]:
    """The distances that one critic finds."""
    n = min(len(control), len(held_out))
    slope = _slopes(net, draw(control, n, draws), draw(held_out, n, draws), draws).mean().item()
    with torch.no_grad():
        sides = (seen, fakes, others, held_out, control)
        ours, theirs, rest, low, high = (net(side).double().mean().item() for side in sides)
    unit = slope or 1.0
    distance, trained_on = (high - low) / unit, (rest - low) / unit
    return {
        "distance": distance,
        "slope": slope,
        "seen": (ours - theirs) / unit,
        "trained_on": trained_on,
        "overfitting": distance - trained_on,
    }
