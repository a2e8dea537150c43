"""The full description of a training, frozen. A recipe returns one; the command line edits it.

Nothing here imports torch. Every field has a type, a bound and a sentence that `--help` shows.
"""

from __future__ import annotations

from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Frozen(BaseModel):
    """Immutable, and an unknown key or a non-finite number is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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


class TutorialModel(Frozen):
    """The networks of the tutorial, for 28x28 grey images in [0, 1]."""

    name: Literal["tutorial"] = "tutorial"
    """The architecture."""
    dropout: Share = 0.4
    """Share of activations dropped, in both networks."""


class DcganModel(Frozen):
    """Small strided convolutions, for images whose sides are multiples of 4."""

    name: Literal["dcgan"] = "dcgan"
    """The architecture."""
    width_g: PositiveInt = 16
    """Channels of the generator's last hidden layer; twice and four times as many before it."""
    width_d: PositiveInt = 32
    """Channels of the discriminator's first layer; twice, twice and four times as many after it."""
    dropout: Share = 0.0
    """Share of activations dropped in the discriminator."""


class MlpModel(Frozen):
    """Fully connected networks, for points."""

    name: Literal["mlp"] = "mlp"
    """The architecture."""
    hidden: PositiveInt = 128
    """Units of each hidden layer."""
    depth: PositiveInt = 3
    """Number of hidden layers."""
    dropout: Share = 0.0
    """Share of activations dropped in the discriminator."""


Model = Annotated[TutorialModel | DcganModel | MlpModel, Field(discriminator="name")]


class Loss(Frozen):
    """The objective, and the gradient penalties on the discriminator."""

    name: Literal["bce", "non-saturating", "relativistic"] = "non-saturating"
    """bce: the tutorial's, the mean of both halves; relativistic: RpGAN, on pairs."""
    r1: NonNegative = 0.0
    """Weight gamma of the penalty gamma/2 |grad D|^2 at real samples."""
    r2: NonNegative = 0.0
    """The same at fake samples."""
    every: PositiveInt = 1
    """Penalise every so many steps, so many times as much."""


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

    real: str = "builtin:mnist:test"
    """The reference: a data set that the training does not see."""
    extractor: Literal["mnist-classifier", "coordinates"] = "mnist-classifier"
    """What makes the features."""
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


class Config(Frozen):
    """One training run."""

    recipe: Annotated[str, tyro.conf.Suppress]
    """The recipe that this was made from."""
    data: str
    """Training data, e.g. builtin:mnist:train."""
    steps: PositiveInt
    """Updates of each network."""
    batch: PositiveInt
    """Real images a step, and as many fakes."""
    latent: Latent
    model: Model
    loss: Loss
    optimizer_d: Optimizer
    optimizer_g: Optimizer
    scoring: Scoring = Scoring()
    seed: NonNegativeInt = 0
    """Everything random follows from it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a GPU if there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """bf16: products in bfloat16, weights in float32; auto: bf16 where the hardware has it."""
    fakes: Literal["inference", "training", "shared"] = "shared"
    """Fakes of the discriminator's step: a generator in inference or training mode, or shared."""
    ema_images: NonNegativeInt = 0
    """Half-life, in images, of the moving average of the generator's weights; 0 keeps none."""
    log_every: PositiveInt = 10
    """Steps between logged scalars."""
    grid_every: PositiveInt = 100
    """Steps between sample grids of the fixed noise."""
    grid_side: PositiveInt = 4
    """The grid shows so many samples in each direction."""
    checkpoint_every: PositiveInt = 500
    """Steps between checkpoints."""
    keep: PositiveInt = 2
    """Newest checkpoints to keep, besides the best."""

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        points = self.model.name == "mlp"
        if points != (self.scoring.extractor == "coordinates"):
            raise ValueError(
                f"model.name {self.model.name!r} makes {'points' if points else 'images'}: "
                f"scoring.extractor must be {'coordinates' if points else 'mnist-classifier'!r}"
            )
        return self
