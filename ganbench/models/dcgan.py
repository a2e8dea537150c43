"""DCGAN as published, for more sizes.

Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (2016). At 64 pixels these are the networks that everybody has.
"""

from __future__ import annotations

from torch import nn

from ganbench.config import DcganModel
from ganbench.models.layers import Conv2d
from ganbench.models.sizes import square

WIDEST = 8  # times the width at the full size


def generator(config: DcganModel, latent: int, shape: tuple[int, ...]) -> nn.Module:
    """z, N×latent → images N×C×H×W in [−1, 1]. 3,576,704 parameters at 64 pixels, z of 100."""
    channels, base, doublings = square("dcgan", shape)
    *widths, now = [config.width_g * min(2**i, WIDEST) for i in range(doublings)]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (latent, 1, 1)),
        nn.ConvTranspose2d(latent, now, base, bias=False),
    ]
    for after in reversed(widths):
        layers += [nn.BatchNorm2d(now), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(now, after, 4, 2, 1, bias=False)]
        now = after
    layers += [nn.BatchNorm2d(now), nn.ReLU(inplace=True)]
    layers += [nn.ConvTranspose2d(now, channels, 4, 2, 1, bias=False), nn.Tanh()]
    return _initialised(nn.Sequential(*layers))


def discriminator(config: DcganModel, shape: tuple[int, ...]) -> nn.Sequential:
    """Images N×C×H×W in [−1, 1] → logits N. 2,765,568 parameters at 64 pixels.

    The paper's last convolution, of the whole map, is written as the linear layer that it is.
    """
    channels, base, doublings = square("dcgan", shape)
    layers: list[nn.Module] = []
    now = channels
    for i in range(doublings):
        after = config.width_d * min(2**i, WIDEST)
        layers += [Conv2d(now, after, 4, 2, 1, bias=False)]
        if i and config.batch_norm_d:
            layers += [nn.BatchNorm2d(after)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
        now = after
    layers += [nn.Flatten(), nn.Linear(now * base**2, 1, bias=False), nn.Flatten(0)]
    return _initialised(nn.Sequential(*layers))


def _initialised(net: nn.Sequential) -> nn.Sequential:
    """Normal weights of standard deviation 0.02, about 0 or, in batch norms, about 1."""
    for layer in net:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
    return net
