"""The objectives: what each network minimises, from the discriminator's logits of both sides.

Every mean is over the batch. `real` and `fake` are logits, float N; a loss is a scalar.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

# Keras clips probabilities to [1e-7, 1 - 1e-7]; beyond this logit its gradient is zero.
KERAS_LOGIT = math.log((1 - 1e-7) / 1e-7)


@dataclass(frozen=True)
class Objective:
    """Losses of the discriminator and of the generator, (real logits, fake logits) → scalar.

    `paired`: a logit has a meaning only against that of its partner (relativistic losses), so
    "called right" is real > fake; else it is real > `middle` and fake ≤ `middle`. `smoothed` is the
    discriminator's loss with one-sided label smoothing, where it has a target for the reals.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    paired: bool = False
    middle: float = 0.0
    smoothed: Callable[[Tensor, Tensor, float], Tensor] | None = None

    def accuracies(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Shares of the reals and of the fakes that the discriminator calls right, 0 to 1."""
        if self.paired:
            right = (real > fake).float().mean()
            return right, right
        return (real > self.middle).float().mean(), (fake <= self.middle).float().mean()

    def of_discriminator(self, real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
        """Its loss, with the reals' target `smoothing` below 1 (Salimans et al., 2016, § 3.4)."""
        if not smoothing:
            return self.discriminator(real, fake)
        assert self.smoothed is not None
        return self.smoothed(real, fake, smoothing)


def bce_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean binary cross-entropy of one batch that is half real (target 1) and half fake (0)."""
    return (bce_generator(real, real) + softplus(_clip(fake)).mean()) / 2


def bce_smoothed(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """The same with target 1 − `smoothing` for the reals: BCE(t) = BCE(1) + (1 − t)·logit."""
    return bce_discriminator(real, fake) + smoothing / 2 * _clip(real).mean()


def bce_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean binary cross-entropy of the fakes with target 1, clipped as Keras clips it."""
    return softplus(-_clip(fake)).mean()


def logistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(−D(x)) + E softplus(D(G(z))): Goodfellow et al. (2014), eq. 1, as a loss."""
    return softplus(-real).mean() + softplus(fake).mean()


def logistic_smoothed(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """The same with target 1 − `smoothing` for the reals."""
    return logistic_discriminator(real, fake) + smoothing * real.mean()


def minimax_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E log(1 − σ(D(G(z)))) = −E softplus(D(G(z))): Goodfellow et al. (2014), eq. 1."""
    return -softplus(fake).mean()


def non_saturating_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(−D(G(z))): Goodfellow et al. (2014), section 3, "maximize log D(G(z))"."""
    return softplus(-fake).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """½ E(D(x) − 1)² + ½ E D(G(z))²: LSGAN, Mao et al. (2017), eq. 9, a = 0, b = c = 1."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def least_squares_smoothed(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """The same with target 1 − `smoothing` for the reals."""
    return least_squares_discriminator(real + smoothing, fake)


def least_squares_generator(real: Tensor, fake: Tensor) -> Tensor:
    """½ E(D(G(z)) − 1)²: LSGAN, eq. 9."""
    return (fake - 1).square().mean() / 2


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))): Lim and Ye (2017); Miyato et al. (2018), eq. 16.

    The generator's loss is that of the Wasserstein distance.
    """
    return relu(1 - real).mean() + relu(1 + fake).mean()


def wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E D(G(z)) − E D(x): Arjovsky, Chintala and Bottou (2017), eq. 2, for a Lipschitz D."""
    return fake.mean() - real.mean()


def wasserstein_generator(real: Tensor, fake: Tensor) -> Tensor:
    """−E D(G(z)): Arjovsky, Chintala and Bottou (2017), eq. 3; Miyato et al. (2018), eq. 17."""
    return -fake.mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(D(G(z)) − D(x)) on pairs: RpGAN, Jolicoeur-Martineau (2019)."""
    return softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(D(x) − D(G(z))) on pairs."""
    return softplus(real - fake).mean()


def _clip(logits: Tensor) -> Tensor:
    return logits.clamp(-KERAS_LOGIT, KERAS_LOGIT)


OBJECTIVES = {
    "bce": Objective(bce_discriminator, bce_generator, smoothed=bce_smoothed),
    "minimax": Objective(logistic_discriminator, minimax_generator, smoothed=logistic_smoothed),
    "non-saturating": Objective(
        logistic_discriminator, non_saturating_generator, smoothed=logistic_smoothed
    ),
    "lsgan": Objective(
        least_squares_discriminator,
        least_squares_generator,
        middle=0.5,
        smoothed=least_squares_smoothed,
    ),
    "hinge": Objective(hinge_discriminator, wasserstein_generator),
    "wasserstein": Objective(wasserstein_discriminator, wasserstein_generator),
    "relativistic": Objective(relativistic_discriminator, relativistic_generator, paired=True),
}
