"""Generators for tests: small, with random weights, as a training would leave them."""

import torch

from ganbench import recipes
from ganbench.config import Latent, SmallModel, StyleganModel
from ganbench.generator import Generator
from ganbench.models import MODELS


def digits(classes=(), counts=(), shape=(1, 8, 8), **latent):
    """Images of 8×8 by the small architecture."""
    config = recipes.mnist().model_copy(
        update={"model": SmallModel(width_g=4), "latent": Latent(**{"dim": 6, **latent})}
    )
    return made(config, shape, classes, counts)


def points(**latent):
    """Points on a plane."""
    config = recipes.ring8().model_copy(update={"latent": Latent(**{"dim": 2, **latent})})
    return made(config, (2,))


def styled():
    """Images of 16×16 by the architecture with styles."""
    model = StyleganModel(width=4, most=8, style=8)
    latent = Latent(dim=6)
    return made(recipes.mnist().model_copy(update={"model": model, "latent": latent}), (3, 16, 16))


def made(config, shape, classes=(), counts=(), seed=0):
    """A generator of that config, whose samples differ a lot; its batch norm has seen batches."""
    torch.manual_seed(seed)
    row = MODELS[config.model.name]
    inputs = len(classes) + config.latent.dim
    net = row.generator(config.model, inputs, shape)
    latents = torch.randn(64, inputs)
    while net(latents).std() < 0.3:
        for parameter in net.parameters():
            if parameter.dim() > 1:
                parameter.data *= 2
    for _ in range(20):
        net(latents)
    net.eval().requires_grad_(False)
    return Generator(net, config, shape, "a generator", 7, 70, tuple(classes), tuple(counts))
