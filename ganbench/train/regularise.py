"""What keeps a discriminator in bounds besides its objective: penalties, clipping, LeCam."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

LECAM_DECAY = 0.99  # Tseng et al. (2021), of the moving averages

Judge = Callable[[Tensor], Tensor]
"""Images N×shape → logits N."""


def gradient_penalties(real: Tensor, fake: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """R1 and R2: E|∇D|² at the real and at the fake half of `inputs`, differentiable.

    Mescheder, Geiger and Nowozin, "Which training methods for GANs do actually converge?" (2018),
    eq. 9, without the factor γ/2.
    """
    squares = squared_slopes(real.sum() + fake.sum(), inputs)
    return squares[: len(real)].mean(), squares[len(real) :].mean()


def squared_slopes(total: Tensor, inputs: Tensor) -> Tensor:
    """|∇D|² of each sample, float32 N, differentiable: over *all* its values, not one axis."""
    (slope,) = torch.autograd.grad(total, inputs, create_graph=True)
    return slope.float().flatten(1).square().sum(1)


def unit_slope_penalty(judge: Judge, points: Tensor) -> Tensor:
    """E(|∇D| − 1)² at `points`: Gulrajani et al., "Improved Training of Wasserstein GANs", eq. 3.

    The root has an infinite slope at 0, where a discriminator that is constant lies: 10⁻¹² avoids
    it.
    """
    points = points.detach().requires_grad_(True)
    lengths = (squared_slopes(judge(points).sum(), points) + 1e-12).sqrt()
    return (lengths - 1).square().mean()


def between(real: Tensor, fake: Tensor, draws: torch.Generator) -> Tensor:
    """A point on the line from each real to its fake, uniformly: Gulrajani et al. (2017)."""
    share = torch.rand(len(real), generator=draws).to(real.device)
    share = share.view(-1, *[1] * (real.dim() - 1))
    return real.detach().lerp(fake.detach(), share)


def around(real: Tensor, draws: torch.Generator) -> Tensor:
    """Each real, disturbed by up to half the batch's standard deviation: DRAGAN.

    Kodali et al., "On Convergence and Stability of GANs" (2017), algorithm 1, as their code has it:
    x + ½ σ u with u uniform on (0, 1) for each value, and a share of the way there for each image.
    """
    noise = torch.rand(real.shape, generator=draws).to(real.device)
    disturbed = real.detach() + real.detach().std() / 2 * noise
    share = torch.rand(len(real), generator=draws).to(real.device)
    return real.detach().lerp(disturbed, share.view(-1, *[1] * (real.dim() - 1)))


@torch.no_grad()
def moving_means(anchors: Tensor, real: Tensor, fake: Tensor, number: int) -> Tensor:
    """`anchors` (2) ← the moving averages of the mean logits; those of the first update begin."""
    means = torch.stack((real.mean(), fake.mean())).to(anchors)
    return anchors.lerp_(means, 1 - LECAM_DECAY if number else 1.0)


def lecam(real: Tensor, fake: Tensor, anchors: Tensor) -> Tensor:
    """E relu(D(x) − α_F)² + E relu(α_R − D(G(z)))², with `anchors` (α_R, α_F).

    Tseng et al., "Regularizing Generative Adversarial Networks under Limited Data" (2021), eq. 7,
    one-sided as in their code.
    """
    on_real, on_fake = anchors[0], anchors[1]
    return relu(real - on_fake).square().mean() + relu(on_real - fake).square().mean()


@torch.no_grad()
def clip_weights(net: nn.Module, bound: float) -> None:
    """Each weight into [−bound, bound]: Arjovsky, Chintala and Bottou (2017), algorithm 1."""
    torch._foreach_clamp_min_(list(net.parameters()), -bound)
    torch._foreach_clamp_max_(list(net.parameters()), bound)
