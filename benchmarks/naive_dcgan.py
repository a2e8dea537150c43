"""DCGAN at 64 pixels as PyTorch's examples train it: the yardstick of train_dcgan.py.

Written anew from the paper and the example's description: NCHW, float32, binary cross-entropy,
Adam (0.0002, β₁ 0.5), reals and fakes in passes of their own, and a discriminator whose weights
also get gradients, that nobody wants, in the generator's step.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy

LATENT, WIDTH = 100, 64


def generator() -> nn.Sequential:
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, WIDTH * 8, 4, 1, 0, bias=False)]
    for times in (8, 4, 2):
        layers += [nn.BatchNorm2d(WIDTH * times), nn.ReLU()]
        layers += [nn.ConvTranspose2d(WIDTH * times, WIDTH * times // 2, 4, 2, 1, bias=False)]
    layers += [nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.ConvTranspose2d(WIDTH, 3, 4, 2, 1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator() -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for times in (1, 2, 4):
        layers += [nn.Conv2d(WIDTH * times, WIDTH * times * 2, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(WIDTH * times * 2), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(WIDTH * 8, 1, 4, 1, 0, bias=False), nn.Flatten(0), nn.Sigmoid()]
    return nn.Sequential(*layers)


class Dcgan:
    """The loop's body: one step of the discriminator, one of the generator."""

    def __init__(self, pixels: Tensor, batch: int) -> None:
        """`pixels`: uint8 N×3×64×64."""
        self.pixels, self.batch = pixels, batch
        self.generator, self.discriminator = generator(), discriminator()
        rates = {"lr": 0.0002, "betas": (0.5, 0.999)}
        self.rule_d = torch.optim.Adam(self.discriminator.parameters(), **rates)
        self.rule_g = torch.optim.Adam(self.generator.parameters(), **rates)

    def step(self) -> float:
        batch = self.batch
        real = self.pixels[torch.randint(len(self.pixels), (batch,))].float() / 127.5 - 1
        right, wrong = torch.ones(batch), torch.zeros(batch)
        self.discriminator.zero_grad()
        loss_real = binary_cross_entropy(self.discriminator(real), right)
        loss_real.backward()
        fake = self.generator(torch.randn(batch, LATENT, 1, 1))
        loss_fake = binary_cross_entropy(self.discriminator(fake.detach()), wrong)
        loss_fake.backward()
        self.rule_d.step()

        self.generator.zero_grad()
        loss_g = binary_cross_entropy(self.discriminator(fake), right)
        loss_g.backward()
        self.rule_g.step()
        return loss_real.item() + loss_fake.item() + loss_g.item()
