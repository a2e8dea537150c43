"""The tutorial's GAN as one writes it in PyTorch: the other yardstick of train_tutorial.py.

Written from the tutorial's text: the layers that torch has, NCHW, float32, and the usual loop. The
discriminator takes part in the generator's step with all its weights, whose gradients are thrown
away; each step makes fakes of its own. Where torch pads by the same on both sides, so is it here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy

LATENT = 100


def generator() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(LATENT, 7 * 7 * 256),
        nn.BatchNorm1d(7 * 7 * 256, momentum=0.1, eps=1e-3),
        nn.LeakyReLU(0.3),
        nn.Unflatten(1, (256, 7, 7)),
        nn.Dropout(0.4),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(256, 128, 5, padding=2),
        nn.BatchNorm2d(128, momentum=0.1, eps=1e-3),
        nn.LeakyReLU(0.3),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(128, 64, 5, padding=2),
        nn.BatchNorm2d(64, momentum=0.1, eps=1e-3),
        nn.LeakyReLU(0.3),
        nn.Conv2d(64, 32, 5, padding=2),
        nn.BatchNorm2d(32, momentum=0.1, eps=1e-3),
        nn.LeakyReLU(0.3),
        nn.Conv2d(32, 1, 5, padding=2),
        nn.Sigmoid(),
    )


def discriminator() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, stride=2, padding=2),
        nn.LeakyReLU(0.3),
        nn.Conv2d(64, 128, 5, stride=2, padding=2),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.4),
        nn.Conv2d(128, 256, 5, stride=2, padding=2),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.4),
        nn.Conv2d(256, 512, 5, padding=2),
        nn.LeakyReLU(0.3),
        nn.Dropout(0.4),
        nn.Flatten(),
        nn.Linear(8192, 1),
        nn.Sigmoid(),
    )


class Tutorial:
    """The loop's body: one step of the discriminator, one of the generator."""

    def __init__(self, images: Tensor, batch: int) -> None:
        """`images`: N×1×28×28 float32 in [0, 1]."""
        self.images, self.batch = images, batch
        self.generator, self.discriminator = generator(), discriminator()
        self.rule_d = torch.optim.RMSprop(self.discriminator.parameters(), lr=0.0008)
        self.rule_g = torch.optim.Adam(self.generator.parameters(), lr=0.0004)

    def step(self) -> float:
        batch = self.batch
        real = self.images[torch.randint(len(self.images), (batch,))]
        self.generator.eval()
        with torch.no_grad():
            fake = self.generator(torch.rand(batch, LATENT) * 2 - 1)
        self.generator.train()
        targets = torch.cat((torch.ones(batch, 1), torch.zeros(batch, 1)))
        loss_d = binary_cross_entropy(self.discriminator(torch.cat((real, fake))), targets)
        self.rule_d.zero_grad()
        loss_d.backward()
        nn.utils.clip_grad_value_(self.discriminator.parameters(), 1.0)
        self.rule_d.step()

        made = self.generator(torch.rand(batch, LATENT) * 2 - 1)
        loss_g = binary_cross_entropy(self.discriminator(made), torch.ones(batch, 1))
        self.rule_g.zero_grad()
        loss_g.backward()
        nn.utils.clip_grad_value_(self.generator.parameters(), 1.0)
        self.rule_g.step()
        return loss_d.item() + loss_g.item()
