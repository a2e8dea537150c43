"""The latent of a given image: what a generator makes that is nearest to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.errors import InputError
from ganbench.evaluation.images.decode import BadPicture, decode
from ganbench.evaluation.images.fit import Fit
from ganbench.generator import Generator, Labels
from ganbench.models import MODELS

RANDOM = 512  # samples among which the starts are chosen
RATE = 0.1  # of Adam at first, in standard deviations of z
NOISE = 0.05  # standard deviation of a pixel, of its range, that an image is believed to have
SMALLEST = 4  # pixels of the coarsest scale's side


@dataclass(frozen=True, eq=False)
class Projection:
    """A latent (1×inputs), its sample (uint8 C×H×W), its class if any, its distance to the target.

    A distance is the root mean square over the pixels, in levels of 255. `random` are those of 512
    random samples, of which `nearest` is the nearest.
    """

    latent: Tensor
    image: Tensor
    label: str | None
    distance: float
    random: Tensor
    nearest: Tensor


def project(
    generator: Generator,
    target: Tensor,
    *,
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
    labels: Labels | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Projection:
    """The latent whose sample is nearest to `target`, uint8 C×H×W.

    Of 512 random samples the nearest `starts` are optimised together, by Adam with a rate that
    falls to 0, and the nearest of them is taken. Only z moves: one-hot components stay those of the
    start, so the latent is one that the generator could have been trained on. Minimised is

        mean over scales of mean (x − y)² + σ² |z|² / N,  σ = 0.05, pixels x and y in [0, 1],

    where each scale halves the one before (an image far away pulls, too), N is the number of
    pixels, and the last term, of a normal z alone, makes this the most probable z of an image with
    noise σ. A uniform z is kept in its cube. `progress` is told of what is counted ("samples", then
    "steps"), how many are done, and of how many.
    """
    _check(generator, target)
    latents = generator.latents(RANDOM, seed, labels)
    told = progress or (lambda what, done, total: None)
    random = _distances(generator, latents, target, partial(told, "samples"))
    wanted = target[None].to(generator.device).float() / 255
    near = latents[random.argsort()[:starts]].to(generator.device)
    fixed = len(generator.classes) + generator.config.latent.categories
    z = near[:, fixed:].clone().requires_grad_()
    adam = torch.optim.Adam([z], lr=RATE)
    uniform = generator.config.latent.distribution == "uniform"
    for step in range(steps):
        adam.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
        prior = 0.0 if uniform else NOISE**2 / target.numel() * z.square().sum()
        made = _unit(generator, torch.cat((near[:, :fixed], z), 1))
        (z.grad,) = torch.autograd.grad(_apart(made, wanted).sum() + prior, z)
        adam.step()
        if uniform:
            z.data.clamp_(-1, 1)
        told("steps", step + 1, steps)
    found = torch.cat((near[:, :fixed], z.detach()), 1).cpu()
    distances = _distances(generator, found, target)
    best = found[distances.argmin()][None]
    asked = generator.labels_of(best)
    return Projection(
        latent=best,
        image=generator(best)[0],
        label=None if asked is None else generator.classes[int(asked)],
        distance=float(distances.min()),
        random=random,
        nearest=generator(latents[random.argmin()][None])[0],
    )


def read_target(path: Path, generator: Generator) -> Tensor:
    """The picture in a file as the generator's training data were prepared: uint8 C×H×W.

    Its central square is resized to the generator's side, its colours become the generator's
    channels. Raises InputError naming the file if it cannot be read or cannot be fitted.
    """
    if len(generator.shape) != 3:
        raise InputError(f"{generator.name} makes points, to which no picture belongs")
    channels, height, width = generator.shape
    try:
        content = path.read_bytes()
        if channels == 4:
            picture = decode(content, "keep", 4, upright=True)
        else:
            picture = decode(content, "white", 3, upright=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except BadPicture as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    if channels == 2:
        raise InputError(f"{generator.name} makes images of 2 channels, which a picture has not")
    if height != width and picture.shape[1:] != (height, width):
        raise InputError(
            f"{path} is {picture.shape[2]}x{picture.shape[1]}, {generator.name} makes {width}x"
            f"{height}: only squares are cropped and resized"
        )
    return Fit(height if height == width else None, channels)(picture[None])[0]


def _check(generator: Generator, target: Tensor) -> None:
    if target.dtype != torch.uint8 or tuple(target.shape) != generator.shape:
        raise InputError(
            f"{generator.name} makes images of {'x'.join(map(str, generator.shape))}, the target "
            f"is {str(target.dtype)[6:]} of {'x'.join(map(str, target.shape))}"
        )


def _unit(generator: Generator, latents: Tensor) -> Tensor:
    """Samples in [0, 1], differentiable."""
    row = MODELS[generator.config.model.name]
    made: Tensor = generator.net(latents)
    return (made - row.low) / (row.high - row.low)


def _apart(made: Tensor, wanted: Tensor) -> Tensor:
    """N: the mean over scales of the mean squares of the differences."""
    difference = made - wanted
    scales = [difference.square().flatten(1).mean(1)]
    while min(difference.shape[2:]) >= 2 * SMALLEST:
        difference = F.avg_pool2d(difference, 2)
        scales.append(difference.square().flatten(1).mean(1))
    return torch.stack(scales).mean(0)


def _distances(
    generator: Generator,
    latents: Tensor,
    target: Tensor,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """N: root mean squares of the samples' differences to the target, in levels of 255."""
    parts: list[Tensor] = []
    for batch in generator.batches(latents):
        parts.append((batch.float() - target.float()).flatten(1).square().mean(1).sqrt())
        progress(sum(map(len, parts)), len(latents))
    return torch.cat(parts)
