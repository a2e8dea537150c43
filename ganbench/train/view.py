"""What the discriminator sees of images, real and fake: augmented, and with instance noise."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.config import Config
from ganbench.models import MODELS
from ganbench.train.augment import adjusted, augment
from ganbench.train.distributed import Group
from ganbench.train.state import State


def view(config: Config, state: State, images: Tensor, draws: torch.Generator) -> Tensor:
    """The images as the discriminator sees them in this step, differentiable.

    Instance noise (Sønderby et al., 2017) falls linearly to nothing at the last step.
    """
    row = MODELS[config.model.name]
    if config.augment.name != "none":
        p = state.memory["augment_p"]
        images = augment(images, config.augment, p, draws, row.high - row.low, row.low)
    if config.augment.noise:
        sigma = config.augment.noise * (1 - state.step / config.steps)
        noise = torch.randn(images.shape, generator=draws).to(images.device, images.dtype)
        images = images + sigma * noise
    return images


@torch.no_grad()
def follow_overfitting(
    config: Config, state: State, on_real: Tensor, number: int, group: Group
) -> None:
    """ADA: takes note of the reals' logits in an update, and moves the probability when it is time.

    Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020), eq. 1: the
    mean sign of the reals' logits, r_t, is held at `augment.target`. Nothing waits for the device.
    """
    signs, p = state.memory["signs"], state.memory["augment_p"]
    signs += torch.stack((on_real.float().sign().mean(), torch.ones_like(p)))
    if (number + 1) % (config.augment.every * config.n_critic):
        return
    group.average([signs])
    images = config.augment.every * config.images_a_step
    p.copy_(adjusted(p, signs[0] / signs[1], config.augment, images))
    signs.zero_()
