"""Holds the place of the augmentations."""

import torch
from torch import Tensor

from ganbench.config import Augment, Config


def augment(
    images: Tensor, config: Augment, p: Tensor, draws: torch.Generator, span: float
) -> Tensor:
    """The images as they are."""
    raise NotImplementedError


def adjusted(p: Tensor, signs_mean: Tensor, config: Augment, images: int) -> Tensor:
    """The probability as it is."""
    raise NotImplementedError


def check(config: Config, shape: tuple[int, ...]) -> None:
    """Nothing is augmented yet."""
