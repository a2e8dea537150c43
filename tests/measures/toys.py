"""Models made by hand: linear generators and discriminators, whose measures are known."""

import copy

import torch
from torch import nn

from ganbench.types import Model, Player


class Affine(nn.Module):
    """z, N×dim → N×shape: offset + z·weight, weight dim×D."""

    def __init__(self, weight, offset, shape):
        super().__init__()
        self.weight, self.offset = nn.Parameter(weight.clone()), nn.Parameter(offset.clone())
        self.shape = shape

    def forward(self, z):
        made = self.offset.to(z.dtype) + z @ self.weight.to(z.dtype)
        return made.view(len(z), *self.shape)


class Critic(nn.Module):
    """Samples → logits: their product with the direction, and a bias."""

    def __init__(self, direction, bias=0.0):
        super().__init__()
        self.direction = nn.Parameter(direction.clone().flatten())
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, x):
        return x.flatten(1) @ self.direction + self.bias


def drawn(dim, prior="normal"):
    def latents(n, seed):
        draws = torch.Generator().manual_seed(seed)
        if prior == "uniform":
            return torch.rand((n, dim), generator=draws) * 2 - 1
        return torch.randn((n, dim), generator=draws)

    return latents


def player(net, latents, critic=None, name="toy", step=1, why="no discriminator", logistic=True):
    def frozen(module, x):
        with torch.no_grad():
            return module(x)

    return Player(
        name=name,
        step=step,
        make=lambda n, seed: frozen(net, latents(n, seed)),
        read=lambda data: data if data.is_floating_point() else data.float() / 255,
        judge=None if critic is None else (lambda x: frozen(critic, x)),
        why="" if critic is not None else why,
        networks=(lambda: tuple(copy.deepcopy(n).requires_grad_() for n in (net, critic)))
        if critic is not None and logistic
        else None,
    )


def model(net, dim, prior="normal", players=(), clamp=False):
    def decode(z):
        return net(z).clamp(0, 1) if clamp else net(z)

    return Model(drawn(dim, prior), decode, dim, prior, lambda: tuple(players))


def of(pixels, dim=4):
    """A linear model of images and an earlier checkpoint; the critics tell light from dark."""
    x = (pixels.double() / 255).flatten(1)
    mean = x.mean(0)
    _, scale, axes = torch.linalg.svd(x - mean, full_matrices=False)
    weight = (scale[:dim, None] * axes[:dim] / len(x) ** 0.5).float()
    newest = Affine(weight, mean.float(), pixels.shape[1:])
    oldest = Affine(weight * 0, mean.float() * 0.5, pixels.shape[1:])
    for net in (newest, oldest):
        net.requires_grad_(False)
    critics = [
        Critic(torch.full_like(mean.float(), 0.1), -0.1 * float(mean.sum()) + b) for b in (0, 1)
    ]
    players = [
        player(net, drawn(dim), critic, name, step)
        for net, critic, name, step in zip((oldest, newest), critics, "ab", (1, 2), strict=True)
    ]
    return model(newest, dim, players=players, clamp=True)
