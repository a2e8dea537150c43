"""The architectures' options: one class each, told apart by `name`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from ganbench.config.base import Frozen, Share


class MlpModel(Frozen):
    """Fully connected networks, for points and for small images."""

    name: Literal["mlp"] = "mlp"
    """The architecture."""
    hidden: PositiveInt = 128
    """Units of each hidden layer."""
    depth: PositiveInt = 3
    """Number of hidden layers."""
    dropout: Share = 0.0
    """Share of activations dropped in the discriminator."""


class TutorialModel(Frozen):
    """The networks of the tutorial, for 28x28 grey images in [0, 1]."""

    name: Literal["tutorial"] = "tutorial"
    """The architecture."""
    dropout: Share = 0.4
    """Share of activations dropped, in both networks."""


class SmallModel(Frozen):
    """Small strided convolutions, the default: no normalisation in the discriminator."""

    name: Literal["small"] = "small"
    """The architecture."""
    width_g: PositiveInt = 16
    """Channels of the generator's last hidden layer; twice as many at each halving of the side."""
    width_d: PositiveInt = 32
    """Channels of the discriminator's first layer."""
    dropout: Share = 0.0
    """Share of activations dropped in the discriminator."""


class DcganModel(Frozen):
    """DCGAN as published: transposed convolutions and batch norm in both networks."""

    name: Literal["dcgan"] = "dcgan"
    """The architecture."""
    width_g: PositiveInt = 64
    """Channels of the generator's last hidden layer; twice as many at each halving of the side."""
    width_d: PositiveInt = 64
    """Channels of the discriminator's first layer; twice as many after each halving."""
    batch_norm_d: bool = True
    """Batch norm in the discriminator, whose reals and fakes are then two batches."""


class SnganModel(Frozen):
    """The residual networks of SNGAN: batch norm in the generator, none in the discriminator."""

    name: Literal["sngan"] = "sngan"
    """The architecture."""
    width_g: PositiveInt = 256
    """Channels of the generator's blocks at 32 pixels; wider towards smaller maps above that."""
    width_d: PositiveInt = 128
    """Channels of the discriminator's blocks at 32 pixels."""


class R3ganModel(Frozen):
    """R3GAN's networks without normalisation: grouped inverted bottlenecks."""

    name: Literal["r3gan"] = "r3gan"
    """The architecture."""
    width: PositiveInt = 64
    """Channels at the full size; twice as many at each halving, up to `most`."""
    most: PositiveInt = 256
    """Most channels of a stage."""
    blocks: PositiveInt = 1
    """Residual blocks a stage."""
    group: PositiveInt = 16
    """Channels of each group of the grouped convolutions."""
    expansion: PositiveInt = 2
    """Channels inside a bottleneck, for one outside."""


class StyleganModel(Frozen):
    """A compact StyleGAN2 without custom operators, and a residual discriminator."""

    name: Literal["stylegan"] = "stylegan"
    """The architecture."""
    width: PositiveInt = 32
    """Channels at the full size; twice as many at each halving, up to `most`."""
    most: PositiveInt = 256
    """Most channels of a stage."""
    style: PositiveInt = 128
    """Components of the style w."""
    mapping: PositiveInt = 2
    """Layers from z to w."""
    minibatch_std: bool = True
    """The discriminator sees how much a group of four images varies."""


ARCHITECTURES: dict[str, type[Frozen]] = {
    str(model.model_fields["name"].default): model
    for model in (
        MlpModel,
        TutorialModel,
        SmallModel,
        DcganModel,
        SnganModel,
        R3ganModel,
        StyleganModel,
    )
}
"""By name."""

Model = Annotated[
    MlpModel | TutorialModel | SmallModel | DcganModel | SnganModel | R3ganModel | StyleganModel,
    Field(discriminator="name"),
]
