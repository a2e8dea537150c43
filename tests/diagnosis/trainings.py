"""Small trainings in plain torch that really fail, each in its own way, as the events of a run."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import softplus

from ganbench import datasets
from ganbench.events import Event, Scalars
from ganbench.recipes import RECIPES

LOSSES = {
    "non-saturating": lambda real, fake: softplus(-fake).mean(),
    "minimax": lambda real, fake: -softplus(fake).mean(),
    "wasserstein": lambda real, fake: -fake.mean(),
}


def config(loss: str, steps: int, recipe: str = "ring8", **fields):
    made = RECIPES[recipe]().model_dump()
    made["loss"] = {"name": loss}
    return RECIPES[recipe]().model_validate(made | {"steps": steps} | fields)


def train(config, data, generator, discriminator, optimizer_g, optimizer_d) -> Iterator[Event]:
    """Alternating updates, the discriminator's on one batch of reals and fakes; yields the rows."""
    draws = torch.Generator().manual_seed(0)
    wasserstein = config.loss.name == "wasserstein"
    fixed = torch.randn(100, config.latent.dim, generator=draws)
    apart = torch.pdist(data[:500].flatten(1)).mean()
    for step in range(1, config.steps + 1):
        real = data[torch.randint(len(data), (config.batch,), generator=draws)]
        fake = generator(torch.randn(config.batch, config.latent.dim, generator=draws))
        on_real, on_fake = discriminator(torch.cat((real, fake.detach()))).chunk(2)
        loss = on_fake.mean() - on_real.mean()
        if not wasserstein:
            loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        optimizer_d.zero_grad()
        loss.backward()
        dis_grad = norm(discriminator)
        optimizer_d.step()
        again = discriminator(fake)
        adversarial = LOSSES[config.loss.name](None, again)
        optimizer_g.zero_grad()
        adversarial.backward()
        values = {
            "dis_loss": loss,
            "dis_acc": ((on_real > 0).float().mean() + (on_fake <= 0).float().mean()) / 2,
            "adv_loss": adversarial,
            "adv_acc": (again > 0).float().mean(),
            "dis_real": on_real.mean(),
            "dis_fake": on_fake.mean(),
            "dis_grad": dis_grad,
            "adv_grad": norm(generator),
        }
        optimizer_g.step()
        if step % config.grid_every == 0:
            with torch.no_grad():
                values["diversity"] = torch.pdist(generator(fixed).flatten(1)).mean() / apart
        if step == 1 or step % config.log_every == 0:
            row = {name: value.item() for name, value in values.items()}
            yield Scalars(step, step * config.batch, row)


def norm(net: nn.Module) -> torch.Tensor:
    return torch.stack([p.grad.norm() for p in net.parameters() if p.grad is not None]).norm()


def mlp(inputs: int, outputs: int, width: int = 64) -> nn.Sequential:
    """Three hidden layers."""
    sizes = (inputs, width, width, width)
    layers = [(nn.Linear(a, b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes)]
    return nn.Sequential(*(x for pair in layers for x in pair), nn.Linear(width, outputs))


def ring(loss: str, steps: int, rate_g: float, rate_d: float | None) -> tuple:
    """The ring of eight without regularisation; `rate_d` None freezes the discriminator."""
    torch.manual_seed(0)
    generator, discriminator = mlp(2, 2), nn.Sequential(mlp(2, 1), nn.Flatten(0))
    chosen = config(loss, steps)
    learner = torch.optim.Adam(discriminator.parameters(), rate_d or 0.0, (0.5, 0.99))
    data = datasets.load(chosen.data).tensor()
    other = torch.optim.Adam(generator.parameters(), rate_g, (0.5, 0.99))
    return chosen, train(chosen, data, generator, discriminator, other, learner)


class Shift(nn.Module):
    """θ + z/10."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.place + 0.1 * z


def dirac(steps: int = 700) -> tuple:
    """Mescheder's Dirac-GAN, a little blurred: D(x) = ψx, gradient descent by turns."""
    torch.manual_seed(0)
    chosen = config("non-saturating", steps)
    discriminator = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0))
    nn.init.constant_(discriminator[0].weight, 0.1)
    nets = Shift(), discriminator
    optimizers = (torch.optim.SGD(net.parameters(), 0.05, momentum=0.5) for net in nets)
    data = torch.randn(5000, 2, generator=torch.Generator().manual_seed(1)) * 0.1
    return chosen, train(chosen, data, *nets, *optimizers)


def batch_norm(steps: int = 450) -> tuple:
    """MNIST, the discriminator with batch norm over one batch of reals and fakes."""
    torch.manual_seed(0)
    latent = {"dim": 32}
    chosen = config("non-saturating", steps, "mnist", latent=latent, log_every=10, grid_every=50)
    generator = nn.Sequential(
        *(nn.Linear(32, 32 * 49), nn.BatchNorm1d(32 * 49), nn.ReLU(), nn.Unflatten(1, (32, 7, 7))),
        *(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(8, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(16, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(32 * 9, 1), nn.Flatten(0)),
    )
    nets = generator, discriminator
    optimizers = (torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in nets)
    data = datasets.load(chosen.data).tensor()[:5000].float() / 127.5 - 1
    return chosen, train(chosen, data, *nets, *optimizers)


FAILING = {
    "strong discriminator": lambda: ring("minimax", 450, 1e-5, 2e-3),
    "frozen discriminator": lambda: ring("non-saturating", 400, 1e-3, None),
    "unregularised ring": lambda: ring("non-saturating", 500, 3e-3, 1e-3),
    "unbounded critic": lambda: ring("wasserstein", 600, 1e-3, 5e-3),
    "dirac": dirac,
    "batch norm over reals and fakes": batch_norm,
}
