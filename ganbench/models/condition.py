"""Discriminators that know the class: a head of two parts on the body of any discriminator.

Generators need nothing of that kind: they read the one-hot of the class before z, and the first
linear layer's columns embed it.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class Verdict(NamedTuple):
    """What a discriminator says of N images: real or not, and which class if it was asked."""

    logits: Tensor
    """N, above 0 for real."""
    classes: Tensor | None
    """N×K logits of the classes, of an auxiliary classifier."""


def judge(discriminator: nn.Module, images: Tensor, one_hot: Tensor | None = None) -> Verdict:
    """The verdict on N images, of classes N×K where the discriminator has a head for them."""
    said = discriminator(images) if one_hot is None else discriminator(images, one_hot)
    return Verdict(*said) if isinstance(said, tuple) else Verdict(said, None)


class Projection(nn.Module):
    """Logit w·φ(x) + b + e(y)·φ(x): Miyato and Koyama, "cGANs with projection …" (2018), eq. 4.

    φ is all of `discriminator` but its last linear layer (and the flattening behind it), w and b
    are that layer's, e(y) is the column of class y of a matrix without bias.
    """

    def __init__(self, discriminator: nn.Sequential, classes: int) -> None:
        super().__init__()
        self.body, self.linear = _split(discriminator)
        self.embedding = nn.Linear(classes, self.linear.in_features, bias=False)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, images: Tensor, one_hot: Tensor) -> Tensor:
        """Images and the one-hot N×K of their classes → logits N."""
        features: Tensor = self.body(images)
        logits: Tensor = self.linear(features).flatten()
        alike: Tensor = (self.embedding(one_hot) * features).sum(1)
        return logits + alike


class Auxiliary(nn.Module):
    """Logits real or not, and of each class: Odena et al., "… Auxiliary Classifier GANs" (2017)."""

    def __init__(self, discriminator: nn.Sequential, classes: int) -> None:
        super().__init__()
        self.body, self.linear = _split(discriminator)
        self.classifier = nn.Linear(self.linear.in_features, classes)

    def forward(self, images: Tensor, one_hot: Tensor) -> tuple[Tensor, Tensor]:
        """Images → logits N and logits of the classes N×K; what their classes are is not told."""
        features = self.body(images)
        return self.linear(features).flatten(), self.classifier(features)


HEADS = {"projection": Projection, "auxiliary": Auxiliary}


def _split(discriminator: nn.Sequential) -> tuple[nn.Sequential, nn.Linear]:
    *body, linear, _ = discriminator
    assert isinstance(linear, nn.Linear)
    return nn.Sequential(*body), linear
