"""The objectives: what each network minimises, from the discriminator's logits of both sides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

# Keras clips probabilities to [1e-7, 1 - 1e-7]; beyond this logit its gradient is zero.
KERAS_LOGIT = math.log((1 - 1e-7) / 1e-7)


@dataclass(frozen=True)
class Objective:
    """Losses of the discriminator and of the generator, (real logits, fake logits) → scalar.

    `paired`: a logit has a meaning only against that of its partner (relativistic losses), so
    "called right" is real > fake; else it is real > 0 and fake < 0.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    paired: bool = False

    def accuracies(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Shares of the reals and of the fakes that the discriminator calls right, 0 to 1."""
        if self.paired:
            right = (real > fake).float().mean()
            return right, right
        return (real > 0).float().mean(), (fake <= 0).float().mean()


def bce_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean binary cross-entropy of one batch that is half real (target 1) and half fake (0)."""
    return (bce_generator(real, real) + softplus(_clip(fake)).mean()) / 2


def bce_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean binary cross-entropy of the fakes with target 1, clipped as Keras clips it."""
    return softplus(-_clip(fake)).mean()


def non_saturating_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(−D(x)) + E softplus(D(G(z))): Goodfellow et al. (2014), eq. 1, as a loss."""
    return softplus(-real).mean() + softplus(fake).mean()


def non_saturating_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(−D(G(z))): Goodfellow et al. (2014), section 3, "maximize log D(G(z))"."""
    return softplus(-fake).mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(D(G(z)) − D(x)) on pairs: RpGAN, Jolicoeur-Martineau (2019)."""
    return softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(D(x) − D(G(z))) on pairs."""
    return softplus(real - fake).mean()


def gradient_penalties(real: Tensor, fake: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """R1 and R2: E|∇D|² at the real and at the fake half of `inputs`, differentiable.

    Mescheder, Geiger and Nowozin, "Which training methods for GANs do actually converge?" (2018),
    eq. 9, without the factor γ/2.
    """
    (slope,) = torch.autograd.grad((real.sum() + fake.sum()), inputs, create_graph=True)
    squares = slope.float().flatten(1).square().sum(1)
    return squares[: len(real)].mean(), squares[len(real) :].mean()


def _clip(logits: Tensor) -> Tensor:
    return logits.clamp(-KERAS_LOGIT, KERAS_LOGIT)


OBJECTIVES = {
    "bce": Objective(bce_discriminator, bce_generator),
    "non-saturating": Objective(non_saturating_discriminator, non_saturating_generator),
    "relativistic": Objective(relativistic_discriminator, relativistic_generator, paired=True),
}
