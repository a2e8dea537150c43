"""The networks of the tutorial "Getting started with generative adversarial networks" (2017).

Layer for layer as its notebook has them: LeakyReLU 0.3, Glorot-uniform weights, 'same' padding,
batch norm with momentum 0.9 and ε = 10⁻³. The discriminator returns the logit, the tutorial's
network its sigmoid.
"""

from __future__ import annotations

from torch import Tensor, nn

from ganbench.config import TutorialModel
from ganbench.errors import InputError
from ganbench.models.layers import Dropout, KerasBatchNorm, SameConv2d, UpsampleConv2d

SHAPE = (1, 28, 28)
SLOPE = 0.3


def generator(config: TutorialModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×1×28×28 in [0, 1]. 2,394,241 parameters for a latent of 100."""
    _refuse_other(shape)

    def block(inputs: int, outputs: int, upsample: bool) -> list[nn.Module]:
        conv = UpsampleConv2d if upsample else SameConv2d
        return [
            conv(inputs, outputs, 5),
            KerasBatchNorm(outputs),
            nn.LeakyReLU(SLOPE, inplace=True),
        ]

    return _glorot(
        nn.Sequential(
            nn.Linear(latent, 256 * 7 * 7),
            KerasBatchNorm(256 * 7 * 7),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Unflatten(1, (256, 7, 7)),
            Dropout(config.dropout),
            *block(256, 128, upsample=True),
            *block(128, 64, upsample=True),
            *block(64, 32, upsample=False),
            SameConv2d(32, 1, 5),
            nn.Sigmoid(),
        )
    )


def discriminator(config: TutorialModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Images N×1×28×28 in [0, 1] → logits N. 4,311,553 parameters."""
    _refuse_other(shape)

    def block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        conv = SameConv2d(inputs, outputs, 5, stride)
        return [conv, nn.LeakyReLU(SLOPE, inplace=True), Dropout(config.dropout)]

    return _glorot(
        nn.Sequential(
            SameConv2d(1, 64, 5, 2),
            nn.LeakyReLU(SLOPE, inplace=True),
            *block(64, 128, stride=2),
            *block(128, 256, stride=2),
            *block(256, 512, stride=1),
            nn.Flatten(),
            nn.Linear(512 * 4 * 4, 1),
            nn.Flatten(0),
        )
    )


def _glorot(net: nn.Sequential) -> nn.Sequential:
    """Keras's defaults: Glorot-uniform kernels, zero biases."""
    for layer in net:
        if isinstance(layer, (nn.Linear, nn.Conv2d, UpsampleConv2d)):
            nn.init.xavier_uniform_(layer.weight)
            assert isinstance(layer.bias, Tensor)
            nn.init.zeros_(layer.bias)
    return net


def _refuse_other(shape: tuple[int, ...]) -> None:
    if shape != SHAPE:
        found = "x".join(map(str, shape))
        raise InputError(f"model.name 'tutorial' makes images of 1x28x28, the data are {found}")
