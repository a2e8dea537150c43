"""The recipes: functions that return a full config. Their docstrings say what to expect.

A `field=value` in a docstring is that of the config, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable

from ganbench.config import (
    Config,
    DcganModel,
    Latent,
    Loss,
    MlpModel,
    Optimizer,
    Scoring,
    TutorialModel,
)


def mnist() -> Config:
    """The default."""
    adam = Optimizer(name="Adam", lr=2e-3, lr_end=1e-4, beta1=0.5, beta2=0.99)
    return Config(
        recipe="mnist",
        data="builtin:mnist:train",
        steps=21_500,
        batch=32,
        latent=Latent(dim=32, categories=10),
        model=DcganModel(width_g=16, width_d=32),
        loss=Loss(name="non-saturating", r1=1.0, every=8),
        optimizer_d=adam,
        optimizer_g=adam,
        precision="auto",
        ema_images=30_000,
        log_every=50,
        grid_every=250,
        checkpoint_every=1_000,
        scoring=Scoring(every_images=100_000),
    )


def tutorial_mnist() -> Config:
    """The tutorial's GAN."""
    return Config(
        recipe="tutorial-mnist",
        data="builtin:mnist:train[5000:]",
        steps=3_000,
        batch=256,
        latent=Latent(dim=100, distribution="uniform"),
        model=TutorialModel(dropout=0.4),
        loss=Loss(name="bce"),
        optimizer_d=Optimizer(name="RMSprop", lr=0.0008, clip_value=1.0, decay=1e-10),
        optimizer_g=Optimizer(name="Adam", lr=0.0004, clip_value=1.0, decay=1e-10),
        precision="auto",
        fakes="inference",
        log_every=50,
        grid_every=500,
        checkpoint_every=500,
    )


def _points(name: str, steps: int) -> Config:
    adam = Optimizer(name="Adam", lr=1e-3, beta1=0.5, beta2=0.99)
    return Config(
        recipe=name,
        data=f"builtin:{name}:train",
        steps=steps,
        batch=256,
        latent=Latent(dim=2),
        model=MlpModel(hidden=128, depth=3),
        loss=Loss(name="non-saturating", r1=0.1),
        optimizer_d=adam,
        optimizer_g=adam,
        ema_images=20_000,
        log_every=10,
        grid_every=100,
        checkpoint_every=500,
        scoring=Scoring(
            real=f"builtin:{name}:test",
            extractor="coordinates",
            n=2_500,
            n_during=2_500,
            every_images=100_000,
            best_by="high_quality",
        ),
    )


def ring8() -> Config:
    """Eight Gaussians on a ring."""
    return _points("ring8", 2_000)


def grid25() -> Config:
    """25 Gaussians on a grid."""
    return _points("grid25", 4_000)


RECIPES: dict[str, Callable[[], Config]] = {
    "mnist": mnist,
    "tutorial-mnist": tutorial_mnist,
    "ring8": ring8,
    "grid25": grid25,
}
