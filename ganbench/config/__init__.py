"""The full description of a training, frozen. A recipe returns one; the command line edits it.

Nothing here imports torch. Every field has a type, a bound and a sentence that `--help` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import tyro
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from ganbench.config.architectures import (
    ARCHITECTURES,
    DcganModel,
    MlpModel,
    Model,
    R3ganModel,
    SmallModel,
    SnganModel,
    StyleganModel,
    TutorialModel,
)
from ganbench.config.base import Frozen
from ganbench.config.training import Augment, Latent, Loss, Optimizer, Prepare, Scoring

__all__ = [
    "ARCHITECTURES",
    "Augment",
    "Config",
    "DcganModel",
    "Latent",
    "Loss",
    "MlpModel",
    "Model",
    "Optimizer",
    "Prepare",
    "R3ganModel",
    "Scoring",
    "SmallModel",
    "SnganModel",
    "StyleganModel",
    "TutorialModel",
]


class Config(Frozen):
    """One training run."""

    recipe: Annotated[str, tyro.conf.Suppress]
    """The recipe that this was made from."""
    data: str
    """Training data: builtin:mnist:train, a folder of pictures, a .zip, .npz, hf:NAME:SPLIT, …"""
    steps: PositiveInt
    """Updates of the generator."""
    batch: PositiveInt
    """Real images an update, and as many fakes; of all processes together."""
    latent: Latent
    model: Model
    loss: Loss
    optimizer_d: Optimizer
    optimizer_g: Optimizer
    prepare: Prepare = Prepare()
    augment: Augment = Augment()
    scoring: Scoring = Scoring()
    condition: Literal["none", "projection", "auxiliary"] = "none"
    """Whether the labels of the data condition both networks, and how the discriminator."""
    n_critic: PositiveInt = 1
    """Updates of the discriminator for one of the generator."""
    seed: NonNegativeInt = 0
    """Everything random follows from it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a GPU if there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """bf16: products in bfloat16, weights in float32; auto: bf16 where the hardware has it."""
    compile: bool = False
    """Compile both networks with torch.compile: a minute at the start, for speed on a GPU."""
    fakes: Literal["inference", "training", "shared"] = "shared"
    """Fakes of the discriminator's step: a generator in inference or training mode, or shared."""
    ema_images: NonNegativeInt = 0
    """Half-life, in images, of the moving average of the generator's weights; 0 keeps none."""
    on_diverge: Literal["stop", "rollback"] = "stop"
    """What a NaN does: end the run, or go back to the last checkpoint with lower rates."""
    rollbacks: PositiveInt = 3
    """rollback: at most so many times."""
    rollback_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """rollback: the factor on both learning rates, each time."""
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

    @property
    def images_a_step(self) -> int:
        """Real images that a step uses."""
        return self.batch * self.n_critic

    @model_validator(mode="before")
    @classmethod
    def _former_name(cls, values: Any) -> Any:
        """Runs of ganbench 0.1 call the small networks dcgan; only those have a dropout."""
        model = values.get("model") if isinstance(values, Mapping) else None
        if isinstance(model, Mapping) and model.get("name") == "dcgan" and "dropout" in model:
            return {**values, "model": {**model, "name": "small"}}
        return values
