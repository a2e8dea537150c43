"""The recipe of the data set whose right answers are known: the triangles."""

from __future__ import annotations

from ganbench.config import Config, Latent, Loss, Optimizer, Scoring, SmallModel


def triangles() -> Config:
    """Triangles, whose manifold is known: precision and recall by distances, not by a network.

    `data=builtin:triangles:train`, of Lucic et al. (2018); the networks of `mnist` with
    `latent.dim=16`, `loss.name=non-saturating`, `loss.r1=1.0` at each eighth step, `batch=32`,
    `steps=6000`; the best checkpoint is that of the highest F1. See docs/triangles.md.

    Expect a score of 0.7 in triangle_f1: a triangle_precision of at least 0.5 and a triangle_recall
    of at least 0.9, in 3 minutes on one core with AVX512-BF16 and 2 minutes more for the scores.
    """
    adam = Optimizer(name="Adam", lr=2e-3, lr_end=1e-4, beta1=0.5, beta2=0.99)
    return Config(
        recipe="triangles",
        data="builtin:triangles:train",
        steps=6_000,
        batch=32,
        latent=Latent(dim=16),
        model=SmallModel(width_g=16, width_d=32),
        loss=Loss(name="non-saturating", r1=1.0, every=8),
        optimizer_d=adam,
        optimizer_g=adam,
        precision="auto",
        ema_images=20_000,
        log_every=50,
        grid_every=250,
        checkpoint_every=1_000,
        scoring=Scoring(
            real="builtin:triangles:test",
            extractor="random-conv",
            n_during=1_000,
            best_by="triangle_f1",
        ),
    )
