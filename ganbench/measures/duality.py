"""How far a generator and a discriminator are from an equilibrium of their game."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.types import Model, Outcome, Samples

LOOKS = 5  # at the held-out value, during the updates
TOGETHER = 250  # samples


def duality_gap(
    real: Samples,
    fake: Model,
    control: Samples,
    *,
    steps: int = 100,
    batch: int = 64,
    n: int = 1000,
    rate: float = 5e-4,
    seed: int = 0,
) -> Outcome:
    """max over D of V(G, D) − min over G of V(G, D), in [0, ∞): 0 at an equilibrium, lower better.

    V(G, D) = E log σ(D(x)) + E log(1 − σ(D(G(z)))). A copy of each of the newest networks is
    trained against the other as it is, by `steps` of Adam on batches of the `real` samples: the
    discriminator on V, the generator on E −log σ(D(G(z))), which has the same minimiser and does
    not vanish. V is taken of `n` of the `control` and n fakes before, and after each fifth of the
    steps; the largest and the smallest count. So few steps find a lower bound of the gap, that
    depends on them. Without dropout, and with the moments of batch norm fixed. Grnarova et al., "A
    Domain Agnostic Measure for Monitoring and Evaluating GANs" (2019), eq. 1. Raises ValueError
    where the discriminator was not kept, or plays another game.
    """
    newest = fake.players()[-1]
    if newest.networks is None:
        other = "the loss is not the logistic one, of whose game this is the gap"
        raise ValueError(newest.why or other)
    draws = torch.Generator().manual_seed(seed)
    x = newest.read(control[torch.randperm(len(control), generator=draws)[:n]])
    z = fake.latents(n, seed)
    batches = fake.latents(steps * batch, seed + 1).split(batch)
    picks = torch.randint(len(real), (steps, batch), generator=draws)
    made, judged = newest.networks()
    device = next(judged.parameters()).device
    fixed = _all(made, z)

    def critic_loss(step: int) -> Tensor:
        with torch.no_grad():
            fakes = made(batches[step].to(device))
        reals = newest.read(real[picks[step]]).to(device)
        return softplus(-judged(reals)).mean() + softplus(judged(fakes)).mean()

    def critic_value() -> float:
        return -_mean(softplus(-_all(judged, x))) - _mean(softplus(_all(judged, fixed)))

    on_critics = _along(judged, critic_loss, critic_value, steps, rate)
    made, judged = newest.networks()
    judged.requires_grad_(False)
    on_real = -_mean(softplus(-_all(judged, x)))

    def generator_loss(step: int) -> Tensor:
        return softplus(-judged(made(batches[step].to(device)))).mean()

    def generator_value() -> float:
        return on_real - _mean(softplus(_all(judged, _all(made, z))))

    on_makers = _along(made, generator_loss, generator_value, steps, rate)
    highest, lowest = max(on_critics), min(on_makers)
    detail = {"value": on_critics[0], "against_critics": on_critics, "of_generators": on_makers}
    return Outcome(highest - lowest, detail=detail)


def _along(
    net: nn.Module,
    loss: Callable[[int], Tensor],
    value: Callable[[], float],
    steps: int,
    rate: float,
) -> list[float]:
    """The value before the updates of `net`, and after each fifth of them."""
    adam = torch.optim.Adam(net.parameters(), lr=rate)
    found = [value()]
    for step in range(steps):
        adam.zero_grad()
        loss(step).backward()
        adam.step()
        if (step + 1) % max(1, steps // LOOKS) == 0:
            found.append(value())
    return found


def _all(net: nn.Module, inputs: Tensor) -> Tensor:
    """What the network makes of held-out inputs, a bounded number at a time."""
    device = next(net.parameters()).device
    with torch.no_grad():
        return torch.cat([net(part.to(device)) for part in inputs.split(TOGETHER)])


def _mean(values: Tensor) -> float:
    return float(values.double().mean())
