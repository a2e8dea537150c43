"""One recipe for each classic objective: the same small networks, on MNIST, each as its paper says.

The learning rates are those of the papers or, where those would need hours, larger; what a loss
needs besides (clipping, a penalty, spectral norms, more updates of the discriminator) is there. A
tour trains them all and compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganbench.config import Config, Latent, Loss, MlpModel, Optimizer, Scoring, SmallModel


def minimax() -> Config:
    """The GAN of the first paper, whose generator minimises log(1 - D(G(z))).

    Goodfellow et al. (2014), eq. 1. Its gradient vanishes where the discriminator is sure, and so
    it is here to be compared: `loss.name=minimax`, `batch=64`, `steps=2000`, `latent.dim=64`.

    Expect 90 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("minimax")


def non_saturating() -> Config:
    """The same game with a generator that maximises log D(G(z)): what "GAN" means in practice.

    Goodfellow et al. (2014), section 3; `loss.name=non-saturating`, no penalty, `batch=64`,
    `steps=2000`, `latent.dim=64`.

    Expect 90 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("non-saturating")


def lsgan() -> Config:
    """Least squares instead of logarithms: Mao et al. (2017).

    `loss.name=lsgan`, with targets 0 and 1, `batch=64`, `steps=2000`, `latent.dim=64`.

    Expect 90 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("lsgan")


def hinge() -> Config:
    """The hinge loss with spectral norms: SNGAN's objective, Miyato et al. (2018).

    `loss.name=hinge`, `loss.spectral_norm=True`, and a discriminator that learns twice as fast;
    `batch=64`, `steps=2000`.

    Expect 100 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("hinge")


def wgan() -> Config:
    """The Wasserstein GAN with clipped weights: Arjovsky, Chintala and Bottou (2017).

    `loss.name=wasserstein`, `loss.clip=0.01`, RMSprop, `n_critic=5`, `batch=64`, `steps=2000`.

    Expect 240 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("wgan")


def wgan_gp() -> Config:
    """The Wasserstein GAN with a gradient penalty: Gulrajani et al. (2017).

    `loss.name=wasserstein`, `loss.penalty=10.0` between reals and fakes, `n_critic=5`, `batch=64`,
    `steps=2000`.

    Expect 400 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("wgan-gp")


def dragan() -> Config:
    """The gradient penalty around the reals: Kodali et al. (2017).

    `loss.name=non-saturating`, `loss.penalty=10.0`, `loss.penalty_at=around`, `batch=64`,
    `steps=2000`.

    Expect 120 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("dragan")


def rpgan() -> Config:
    """The relativistic paired GAN with both zero-centred penalties: Huang et al., R3GAN (2024).

    `loss.name=relativistic`, `loss.r1=0.1` and `loss.r2=0.1` at each fourth step (`loss.every=4`),
    `batch=64`, `steps=2000`.

    Expect 100 seconds on one core with AVX512-BF16; the score is in docs/objectives.md.
    """
    return _on_mnist("rpgan")


CLASSICS: dict[str, Callable[[], Config]] = {
    "minimax": minimax,
    "non-saturating": non_saturating,
    "lsgan": lsgan,
    "hinge": hinge,
    "wgan": wgan,
    "wgan-gp": wgan_gp,
    "dragan": dragan,
    "rpgan": rpgan,
}


def _adam(lr: float, beta1: float = 0.5, beta2: float = 0.99) -> Optimizer:
    return Optimizer(name="Adam", lr=lr, beta1=beta1, beta2=beta2)


RMSPROP = Optimizer(name="RMSprop", lr=5e-4)

# What each objective needs: its loss, both optimizers, how often the discriminator is updated.
OBJECTIVES: dict[str, dict[str, Any]] = {
    "minimax": {"loss": Loss(name="minimax")},
    "non-saturating": {"loss": Loss(name="non-saturating")},
    "lsgan": {"loss": Loss(name="lsgan")},
    "hinge": {
        "loss": Loss(name="hinge", spectral_norm=True),
        "optimizer_d": _adam(2e-3, 0.0),
        "optimizer_g": _adam(1e-3, 0.0),
    },
    "wgan": {
        "loss": Loss(name="wasserstein", clip=0.01),
        "optimizer_d": RMSPROP,
        "optimizer_g": RMSPROP,
        "n_critic": 5,
    },
    "wgan-gp": {
        "loss": Loss(name="wasserstein", penalty=10.0),
        "optimizer_d": _adam(1e-3, 0.0, 0.9),
        "optimizer_g": _adam(1e-3, 0.0, 0.9),
        "n_critic": 5,
    },
    "dragan": {"loss": Loss(name="non-saturating", penalty=10.0, penalty_at="around")},
    "rpgan": {"loss": Loss(name="relativistic", r1=0.1, r2=0.1, every=4)},
}


# On points, where a slope of 1 is little: the toy problems of Gulrajani et al. have this weight.
ON_POINTS = {
    "wgan-gp": {"loss": Loss(name="wasserstein", penalty=0.1)},
    "dragan": {"loss": Loss(name="non-saturating", penalty=0.1, penalty_at="around")},
}


def on_ring(name: str) -> Config:
    """The objective on the ring of eight Gaussians; the rates fall to a hundredth."""
    rules: dict[str, Any] = {"optimizer_d": _adam(1e-3), "optimizer_g": _adam(1e-3)}
    rules |= OBJECTIVES[name] | ON_POINTS.get(name, {})
    for side in ("optimizer_d", "optimizer_g"):
        rules[side] = rules[side].model_copy(update={"lr_end": rules[side].lr / 100})
    return Config(
        recipe=f"ring8-{name}",
        data="builtin:ring8:train",
        steps=4_000,
        batch=256,
        latent=Latent(dim=2),
        model=MlpModel(),
        ema_images=20_000,
        grid_every=100,
        checkpoint_every=500,
        scoring=Scoring(
            real="builtin:ring8:test",
            extractor="coordinates",
            n=2_500,
            n_during=2_500,
            best_by="high_quality",
        ),
        **rules,
    )


def _on_mnist(name: str) -> Config:
    rates = {"optimizer_d": _adam(1e-3), "optimizer_g": _adam(1e-3)}
    return Config(
        recipe=name,
        data="builtin:mnist:train",
        steps=2_000,
        batch=64,
        latent=Latent(dim=64),
        model=SmallModel(width_g=16, width_d=16),
        precision="auto",
        ema_images=30_000,
        log_every=20,
        grid_every=250,
        checkpoint_every=1_000,
        scoring=Scoring(n=5_000),
        **rates | OBJECTIVES[name],
    )
