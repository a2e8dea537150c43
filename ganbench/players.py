"""What measures see of a generator, and of the discriminator that trained against it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganbench.config import Config
from ganbench.models import MODELS, judge
from ganbench.train import loop
from ganbench.train.losses import OBJECTIVES
from ganbench.types import Player

if TYPE_CHECKING:
    from ganbench.generator import Generator

LOGISTIC = ("bce", "minimax", "non-saturating")
"""The losses whose discriminator maximises E log σ(D(x)) + E log(1 − σ(D(G(z))))."""
TOGETHER = 64  # samples


class Maker(nn.Module):
    """A generator, latents N×inputs → samples: 0 for black and 1 for white, or points."""

    def __init__(self, config: Config, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        row = MODELS[config.model.name]
        self.low, self.high = row.low, row.high

    def forward(self, latents: Tensor) -> Tensor:
        """N×C×H×W, maybe a little beyond [0, 1]; or N×D."""
        made: Tensor = self.net(latents)
        return made if made.dim() == 2 else (made - self.low) / (self.high - self.low)


class Judge(nn.Module):
    """A discriminator, samples as `Maker` gives them → logits N, above 0 for real."""

    def __init__(self, config: Config, net: nn.Module, classes: int = 0) -> None:
        super().__init__()
        self.net = net
        self.classes = classes
        row = MODELS[config.model.name]
        self.low, self.high = row.low, row.high
        self.middle = OBJECTIVES[config.loss.name].middle

    def forward(self, samples: Tensor) -> Tensor:
        """N."""
        if samples.dim() > 2:
            samples = samples * (self.high - self.low) + self.low
        # An auxiliary head says the class and does not read it.
        label = samples.new_zeros(len(samples), self.classes) if self.classes else None
        return judge(self.net, samples, label).logits - self.middle


def decoder(config: Config, net: nn.Module) -> Callable[[Tensor], Tensor]:
    """The differentiable map of `Model.decode`, on the device of the latents.

    What is beyond black and white is cut off, as in the samples. Float64 is computed by a copy of
    the network.
    """
    makers: dict[torch.dtype, Maker] = {}

    def decode(latents: Tensor) -> Tensor:
        if latents.dtype not in makers:
            of_kind = net if latents.dtype == torch.float32 else copy.deepcopy(net)
            makers[latents.dtype] = Maker(config, of_kind.to(latents.dtype))
        maker = makers[latents.dtype]
        with evaluating(maker.net):
            made: Tensor = maker(latents.to(next(net.parameters()).device))
        return (made if made.dim() == 2 else made.clamp(0, 1)).to(latents.device)

    return decode


def player(generator: Generator, discriminator: nn.Module | None = None) -> Player:
    """The generator and the discriminator of one step of a run, in inference.

    The generator is the averaged one, where the run keeps an average. A discriminator whose loss
    has no threshold between real and fake, or that must be told the class, cannot judge.
    """
    config, classes = generator.config, generator.classes
    maker = Maker(config, generator.net)
    why = _why_not(config, discriminator)
    made = Player(
        name=generator.name,
        step=generator.step,
        make=lambda n, seed: _all(maker, generator.latents(n, seed)),
        read=lambda data: data if data.is_floating_point() else data.float() / 255,
        why=why,
    )
    if why or discriminator is None:
        return made
    verdict = Judge(config, discriminator, len(classes))
    return replace(
        made,
        judge=lambda samples: _all(verdict, samples),
        networks=(lambda: (_trainable(maker), _trainable(verdict)))
        if config.loss.name in LOGISTIC
        else None,
    )


def _why_not(config: Config, discriminator: nn.Module | None) -> str:
    """Why a discriminator cannot judge samples, or nothing."""
    if discriminator is None:
        return "the discriminator was not kept: a run's checkpoints have it, exported folders not"
    if config.loss.name == "wasserstein":
        return "a Wasserstein critic's output is no logit: it has no threshold for real"
    if OBJECTIVES[config.loss.name].paired:
        return "a relativistic discriminator's output counts only against that of another sample"
    if config.condition == "projection":
        return "a projection discriminator must be told the class of what it judges"
    return ""


def _trainable(net: nn.Module) -> nn.Module:
    """A copy that can be trained: without dropout, and with the moments of its batch norm fixed."""
    return copy.deepcopy(net).eval().requires_grad_(True)


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Inference that gradients pass through; the mode is restored after."""
    mode = net.training
    net.eval()
    try:
        yield
    finally:
        net.train(mode)


def _all(net: nn.Module, inputs: Tensor) -> Tensor:
    """What the network makes of the inputs, a bounded number at a time, on the CPU."""
    device = next(net.parameters()).device
    with loop.inference(net):
        return torch.cat([net(part.to(device)).cpu() for part in inputs.split(TOGETHER)])
