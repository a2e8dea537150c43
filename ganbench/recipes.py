"""The recipes: functions that return a full config. Their docstrings say what to expect.

A `field=value` in a docstring is that of the config, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable

from ganbench.classics import CLASSICS
from ganbench.config import (
    Augment,
    Config,
    DcganModel,
    Latent,
    Loss,
    MlpModel,
    Optimizer,
    Scoring,
    SmallModel,
    TutorialModel,
)
from ganbench.triangles_recipe import triangles


def mnist() -> Config:
    """The default: the best MNIST GAN that two CPU cores train in about six minutes.

    A small DCGAN with `loss.name=non-saturating` and `loss.r1=1.0` at each eighth step
    (`loss.every=8`), `batch=32`, Adam with `optimizer_g.lr=0.002` falling to
    `optimizer_g.lr_end=0.0001`, and a one-hot of `latent.categories=10` beside `latent.dim=32`
    in all; `steps=18000`. Why: docs/decisions/0005.

    Expect, of 10,000 samples against the test set on the MNIST classifier, a classifier_score of at
    least 9.0, a frechet of at most 0.25, and each class between 5 % and 16 %, in 6 minutes on two
    cores with AVX512-BF16; without, it takes longer.
    """
    adam = Optimizer(name="Adam", lr=2e-3, lr_end=1e-4, beta1=0.5, beta2=0.99)
    return Config(
        recipe="mnist",
        data="builtin:mnist:train",
        steps=18_000,
        batch=32,
        latent=Latent(dim=32, categories=10),
        model=SmallModel(width_g=16, width_d=32),
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
    """The GAN of "Graduating in GANs", exactly: networks, optimizers, sampling, order of the steps.

    `batch=256` of `data=builtin:mnist:train[5000:]`, drawn with replacement; the discriminator by
    RMSprop with `optimizer_d.lr=0.0008`, the generator by Adam with `optimizer_g.lr=0.0004`, both
    with a `clip_value` of 1; `model.dropout=0.4`; `latent.dim=100` with
    `latent.distribution=uniform`; fakes for the discriminator in `fakes=inference` mode.
    `steps=3000` of the tutorial's 10,000, which --steps 10000 restores.

    Expect 60 minutes on two cores with AVX512-BF16. Its score after the first 6 of them is in
    benchmarks/results; that of the whole recipe has not been measured.
    """
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


def _points(name: str, steps: int, r1: float) -> Config:
    adam = Optimizer(name="Adam", lr=1e-3, lr_end=1e-5, beta1=0.5, beta2=0.99)
    return Config(
        recipe=name,
        data=f"builtin:{name}:train",
        steps=steps,
        batch=256,
        latent=Latent(dim=2),
        model=MlpModel(hidden=128, depth=3),
        loss=Loss(name="non-saturating", r1=r1),
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
    """Eight Gaussians on a ring, the usual first look at mode collapse; used by tests and docs.

    Small MLPs with `model.hidden=128` and `latent.dim=2`, `loss.r1=0.1`, `batch=256`, `steps=4000`.

    Expect modes_covered of at least 8 and a high_quality of at least 0.9, of 2,500 samples, in 50
    seconds on one core.
    """
    return _points("ring8", 4_000, r1=0.1)


def grid25() -> Config:
    """25 Gaussians on a grid: more modes, and room between them.

    Small MLPs with `model.hidden=128` and `latent.dim=2`, `loss.r1=0.1`, `batch=256`, `steps=4000`.

    Expect modes_covered of at least 24 and a high_quality of at least 0.45, of 2,500 samples, in 40
    seconds on one core: such a generator also draws what lies between the modes.
    """
    return _points("grid25", 4_000, r1=0.1)


def folder() -> Config:
    """Your own pictures: --data DIR. Size, networks, augmentation and steps follow from them.

    What is picked is printed, with the reason, and each option that you give wins over it. On a CPU
    the small networks with `loss.name=non-saturating`, `loss.r1=1.0` and `batch=32`, at 64 pixels a
    side at most; on a GPU a compact StyleGAN2 at 128 at most. Fewer than 10,000 pictures are
    augmented by `augment.name=diffaugment`, and colour pictures are mirrored (`augment.flip=True`).

    Expect about 60 minutes on two cores with AVX512-BF16. The score, a frechet against the training
    pictures, depends on these; it is to be compared with that of other runs on the same pictures.
    """
    adam = Optimizer(name="Adam", lr=1e-3, lr_end=1e-4, beta1=0.5, beta2=0.99)
    return Config(
        recipe="folder",
        data="",
        steps=20_000,
        batch=32,
        latent=Latent(dim=128),
        model=SmallModel(width_g=32, width_d=32),
        loss=Loss(name="non-saturating", r1=1.0, every=8),
        optimizer_d=adam,
        optimizer_g=adam,
        augment=Augment(name="diffaugment", flip=True),
        precision="auto",
        ema_images=30_000,
        log_every=50,
        grid_every=250,
        checkpoint_every=1_000,
        scoring=Scoring(real=None, extractor="efficientnet-lite0"),
    )


def fashion_mnist() -> Config:
    """Fashion-MNIST with the networks of `mnist`: ten kinds of clothes, 28×28.

    `data=builtin:fashion-mnist:train`, which is found or downloaded (docs/data.md); as `mnist`
    (`batch=32`, `steps=18000`, `loss.r1=1.0`) but with `augment.flip=True`, and scored by what
    efficientnet-lite0 sees.

    Expect 6 minutes of training on two cores with AVX512-BF16, as for `mnist`, and as long for the
    scores; a frechet of 19 then (of 10,000 samples; real against real 1.8), precision 0.66 and
    recall 0.24, of one seed.
    """
    return mnist().model_copy(
        update={
            "recipe": "fashion-mnist",
            "data": "builtin:fashion-mnist:train",
            "augment": Augment(flip=True),
            "scoring": _photos("builtin:fashion-mnist:test"),
        }
    )


def stacked_mnist() -> Config:
    """Three digits as the channels of one image: 1,000 modes, the usual count of those covered.

    `data=builtin:stacked-mnist:train`, the networks of `mnist` without its categories, twice as
    wide a latent: `latent.dim=64`; `loss.r1=1.0`, `batch=32`, `steps=18000`; scored by the MNIST
    classifier on each channel, with `scoring.n=25600` samples.

    Expect 7 minutes of training on two cores with AVX512-BF16; the score is then 1,000 of 1,000
    classes_covered with a class_divergence of 0.21 (real against real 0.08), of one seed.
    """
    return mnist().model_copy(
        update={
            "recipe": "stacked-mnist",
            "data": "builtin:stacked-mnist:train",
            "latent": Latent(dim=64),
            "scoring": Scoring(
                real="builtin:stacked-mnist:test",
                extractor="stacked-mnist-classifier",
                n=25_600,
                n_during=5_000,
            ),
        }
    )


def cifar10() -> Config:
    """CIFAR-10 within 40 minutes of one core: small networks, R1, mirrors.

    `data=builtin:cifar10:train`, which is found or named (docs/data.md), or --data with a folder;
    `model.width_g=24`, `model.width_d=48`, `latent.dim=128`, `loss.r1=0.1` at each eighth step,
    `batch=64`, `steps=12000`, Adam with `optimizer_g.beta1=0.0` and `optimizer_g.lr=0.001` falling
    to `optimizer_g.lr_end=0.0001`, `augment.flip=True`. --condition projection takes the labels.

    Expect 35 minutes of training on one core with AMX, and more for the scores; that after 8,105
    of the steps is in benchmarks/results, that of the whole recipe has not been measured.
    """
    adam = Optimizer(name="Adam", lr=1e-3, lr_end=1e-4, beta1=0.0, beta2=0.99)
    return Config(
        recipe="cifar10",
        data="builtin:cifar10:train",
        steps=12_000,
        batch=64,
        latent=Latent(dim=128),
        model=SmallModel(width_g=24, width_d=48),
        loss=Loss(name="non-saturating", r1=0.1, every=8),
        optimizer_d=adam,
        optimizer_g=adam,
        augment=Augment(flip=True),
        precision="auto",
        ema_images=50_000,
        log_every=50,
        grid_every=500,
        grid_side=8,
        checkpoint_every=1_000,
        scoring=_photos("builtin:cifar10:test"),
    )


def dcgan() -> Config:
    """DCGAN as published, on MNIST: Radford, Metz and Chintala (2016), for comparison.

    Batch norm in both networks, `model.width_g=64`, `latent.dim=100` with
    `latent.distribution=uniform`, Adam with `optimizer_d.lr=0.0002` and a `beta1` of 0.5,
    `batch=128`, `steps=2000`.

    Expect 5 minutes on one core with AMX; the scores are then a frechet of 5.9 and a
    classifier_score of 5.7, of one seed, and are drawn against the time in docs/objectives.md.
    """
    adam = Optimizer(name="Adam", lr=2e-4, beta1=0.5)
    return Config(
        recipe="dcgan",
        data="builtin:mnist:train",
        steps=2_000,
        batch=128,
        latent=Latent(dim=100, distribution="uniform"),
        model=DcganModel(),
        loss=Loss(name="non-saturating"),
        optimizer_d=adam,
        optimizer_g=adam,
        precision="auto",
        log_every=20,
        grid_every=250,
        checkpoint_every=500,
    )


def _photos(real: str) -> Scoring:
    return Scoring(real=real, extractor="efficientnet-lite0", n_during=1_000)


RECIPES: dict[str, Callable[[], Config]] = {
    "mnist": mnist,
    "tutorial-mnist": tutorial_mnist,
    "fashion-mnist": fashion_mnist,
    "stacked-mnist": stacked_mnist,
    "cifar10": cifar10,
    "folder": folder,
    "ring8": ring8,
    "grid25": grid25,
    "triangles": triangles,
    "dcgan": dcgan,
    **CLASSICS,
}
