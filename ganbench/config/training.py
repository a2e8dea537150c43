"""The parts of a config besides the architecture: data, latent, objective, optimizer, scoring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from ganbench.config.base import Frozen, NonNegative, Positive, Share

POLICIES = ("color", "translation", "cutout")  # of DiffAugment

Side = Annotated[int, Field(ge=8, le=1024)]


class Prepare(Frozen):
    """What is done to the images before training, once."""

    size: Side | None = None
    """Side in pixels: cropped to the central square and resized; none takes them as they are."""
    channels: Literal[1, 2, 3, 4] | None = None
    """1 for grey, 3 for RGB; none takes what they have."""
    skip_bad: bool = False
    """Leave out the files that cannot be read, rather than stop."""
    memory: PositiveInt = 4096
    """MiB of images that are held in memory; more are memory-mapped from the cache."""


class Latent(Frozen):
    """The generator's input z."""

    dim: PositiveInt = 64
    """Number of components."""
    distribution: Literal["normal", "uniform"] = "normal"
    """Standard normal, or uniform on (-1, 1)."""
    categories: NonNegativeInt = 0
    """So many of the components are one-hot instead: which one is drawn with equal chances."""

    @model_validator(mode="after")
    def _room_for_categories(self) -> Latent:
        if self.categories >= self.dim:
            raise ValueError(f"latent.categories {self.categories} must be below dim {self.dim}")
        return self


class Loss(Frozen):
    """The objective, and what regularises the discriminator; each goes with each."""

    name: Literal[
        "bce", "minimax", "non-saturating", "lsgan", "hinge", "wasserstein", "relativistic"
    ] = "non-saturating"
    """bce: the tutorial's, the mean of both halves; relativistic: RpGAN, on pairs."""
    r1: NonNegative = 0.0
    """Weight gamma of the penalty gamma/2 |grad D|^2 at real samples."""
    r2: NonNegative = 0.0
    """The same at fake samples."""
    penalty: NonNegative = 0.0
    """Weight of the gradient penalty (|grad D| - 1)^2."""
    penalty_at: Literal["between", "around"] = "between"
    """between reals and fakes: WGAN-GP; around the reals: DRAGAN."""
    every: PositiveInt = 1
    """Penalise gradients every so many steps, so many times as much."""
    clip: Positive | None = None
    """Bound on each weight of the discriminator after its update: WGAN."""
    spectral_norm: bool = False
    """Divide each weight matrix of the discriminator by its largest singular value."""
    lecam: NonNegative = 0.0
    """Weight of the LeCam regulariser."""
    smoothing: Share = 0.0
    """One-sided label smoothing: the reals' target is so much below 1."""
    auxiliary: NonNegative = 1.0
    """Weight of the class loss, where `condition` is auxiliary."""

    @model_validator(mode="after")
    def _smoothing_needs_targets(self) -> Loss:
        if self.smoothing and self.name not in ("bce", "minimax", "non-saturating", "lsgan"):
            raise ValueError(f"loss.smoothing: loss.name {self.name!r} has no target for the reals")
        return self


class Augment(Frozen):
    """Differentiable augmentation of what the discriminator sees, real and fake alike."""

    name: Literal["none", "diffaugment", "ada"] = "none"
    """diffaugment: always; ada: with a probability that follows the overfitting."""
    policy: str = "color,translation,cutout"
    """diffaugment: which of color, translation, cutout, with commas between."""
    target: Share = 0.6
    """ada: the mean sign of the reals' logits that it keeps."""
    images: PositiveInt = 500_000
    """ada: real images in which the probability may go from 0 to 1."""
    every: PositiveInt = 4
    """ada: steps between changes of the probability."""
    flip: bool = False
    """Mirror each real image with a chance of one half: right for photos, wrong for digits."""
    noise: NonNegative = 0.0
    """Instance noise: its standard deviation at the start, falling to 0 at the last step."""

    @property
    def policies(self) -> tuple[str, ...]:
        """The names in `policy`, in its order."""
        return tuple(name.strip() for name in self.policy.split(",") if name.strip())

    @model_validator(mode="after")
    def _known_policies(self) -> Augment:
        for name in self.policies:
            if name not in POLICIES:
                raise ValueError(f"augment.policy: no {name!r} among {', '.join(POLICIES)}")
        if self.name == "diffaugment" and not self.policies:
            raise ValueError(
                f"augment.policy is empty: choose of {', '.join(POLICIES)}, or --augment.name none"
            )
        return self


class Optimizer(Frozen):
    """An optimizer with the update rules of Keras (docs/decisions/0003)."""

    name: Literal["SGD", "RMSprop", "Adam", "AdamW"] = "Adam"
    """The update rule."""
    lr: Positive = 1e-3
    """Learning rate."""
    lr_end: NonNegative | None = None
    """Learning rate at the last step, reached along half a cosine; none keeps `lr`."""
    beta1: Share = 0.9
    """Adam, AdamW: decay of the first moment."""
    beta2: Share = 0.999
    """Adam, AdamW: decay of the second moment."""
    rho: Share = 0.9
    """RMSprop: decay of the mean square."""
    momentum: Share = 0.0
    """SGD: momentum."""
    eps: Positive = 1e-7
    """Adam, AdamW, RMSprop: what is added to the denominator."""
    decay: NonNegative = 0.0
    """The learning rate is divided by 1 + decay * updates."""
    clip_value: Positive | None = None
    """Bound on each component of the gradient; none leaves it."""
    weight_decay: NonNegative = 0.0
    """AdamW: decoupled weight decay."""


class Scoring(Frozen):
    """How a run is scored."""

    real: str | None = "builtin:mnist:test"
    """The reference, which the training should not see; none takes the training data."""
    extractor: str = "mnist-classifier"
    """What makes the features: mnist-classifier, efficientnet-lite0, inception, coordinates, …"""
    n: PositiveInt = 10_000
    """Samples of the score at the end."""
    n_during: PositiveInt = 2_000
    """Samples of each score during the training."""
    every_images: NonNegativeInt = 100_000
    """Score each time that so many images have been seen; 0 scores at the end only."""
    budget: Share = 0.1
    """Largest share of the run's time that scoring during the training may take."""
    best_by: str = "frechet"
    """The measure by which the best checkpoint is kept."""
