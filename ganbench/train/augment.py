"""Differentiable augmentation of what the discriminator sees, reals and fakes alike.

Gradients flow through it into the generator, which therefore learns the data and not the augmented
data, as long as the augmentation can be undone on distributions (docs/augmentation.md).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.config import Augment, Config
from ganbench.errors import InputError
from ganbench.train import diffaugment, pipeline


def augment(
    images: Tensor, config: Augment, p: Tensor, draws: torch.Generator, span: float, low: float
) -> Tensor:
    """Float N×C×H×W, each image changed by draws of its own; twice differentiable.

    `low` is the value of a black pixel, `low + span` that of a white one. `p` is the probability of
    each of ADA's transforms, a 0-dim tensor. Random numbers come from the CPU generator `draws`.
    With the name "none" the input itself is returned; else half precision becomes float32, in which
    places between pixels can be told.
    """
    if config.name == "none":
        return images
    if images.dtype in (torch.float16, torch.bfloat16):
        images = images.float()
    middle = low + span / 2
    if config.name == "diffaugment":
        uniform = diffaugment.draw(len(images), draws)
        return diffaugment.apply(images, config.policies, uniform, span, middle)
    amounts = pipeline.draw(len(images), images.shape[-1], p, draws)
    return pipeline.apply(images, amounts, span, middle)


def check(config: Config, shape: tuple[int, ...]) -> None:
    """Raises InputError if data of `shape`, without the batch, cannot be augmented this way."""
    name = config.augment.name
    if name == "none":
        return
    if len(shape) != 3:
        raise InputError(
            f"augment.name {name!r} is for images; this data is points of"
            f" {shape[0]} coordinates: use --augment.name none"
        )
    channels, height, width = shape
    if not 1 <= channels <= 4:
        raise InputError(
            f"augment.name {name!r} is for images of 1 to 4 channels; these have {channels}:"
            " use --augment.name none"
        )
    if name == "ada" and height != width:
        raise InputError(
            f"augment.name 'ada' turns images by 90 degrees, so they must be square; these are"
            f" {height} pixels high and {width} wide: use --augment.name diffaugment"
        )


def adjusted(p: Tensor, signs_mean: Tensor, config: Augment, images: int) -> Tensor:
    """ADA's probability after `images` more reals, the signs of whose logits have that mean.

    Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020), section 3,
    with the heuristic r_t: up where it exceeds the target, down where it is below, by steps with
    which p could go from 0 to 1 in `config.images` images.
    """
    step = torch.sign(signs_mean - config.target) * (images / config.images)
    return (p + step.to(p)).clamp(0, 1)
