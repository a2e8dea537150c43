"""From one latent to another: strips, and paths that return to where they began."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import Tensor

from ganbench import grids
from ganbench.generator import Generator, regrouped
from ganbench.slerp import slerp

SHOWN = 500  # samples behind a path of points


def between(generator: Generator, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Latents between a generator's: a normal z by `slerp`, a uniform one by a straight line.

    The middle of two normal z would be shorter than almost every z that the generator was trained
    on; a uniform z stays within its cube. One-hot components, of the class and of the categories,
    are cross-faded: they go straight.
    """
    straight = (1 - t) * a + t * b
    first = len(generator.classes) + generator.config.latent.categories
    if generator.config.latent.distribution == "uniform":
        return straight
    return torch.cat((straight[..., :first], slerp(a[..., first:], b[..., first:], t)), -1)


def strip(generator: Generator, ends: Tensor, columns: int) -> Tensor:
    """Latents in so many even steps from each even row of `ends` to the next: K·columns×inputs."""
    t = torch.linspace(0, 1, columns)[:, None]
    a, b = ends[0::2, None], ends[1::2, None]
    return between(generator, a, b, t).flatten(0, 1)


def loop(generator: Generator, stops: Tensor, frames: int) -> Tensor:
    """Latents from each stop to the next, and from the last to the first: K·frames×P×inputs.

    `stops` are K×P×inputs, of P loops at once; `frames` for each way, without its end, so that the
    first follows the last.
    """
    t = torch.linspace(0, 1, frames + 1)[:-1, None, None]
    return between(generator, stops[:, None], stops.roll(-1, 0)[:, None], t).flatten(0, 1)


def picture(generator: Generator, latents: Tensor, columns: int) -> grids.Picture:
    """Samples as tiles in rows of `columns`; a path of points over random samples."""
    return _sheet(generator)(generator(latents), columns)


def movie(
    generator: Generator, path: Tensor, fps: float, side: int
) -> Iterator[tuple[str, Image.Image, int]]:
    """A frame for each of the T steps of a path (T×P×inputs): P samples, about `side` pixels wide.

    Frames as `movies.FORMATS` takes them, which are drawn when their turn comes.
    """
    many = path.shape[1]
    draw = _sheet(generator)
    for i, made in enumerate(regrouped(generator.batches(path.flatten(0, 1)), many)):
        sheet = grids.enlarge(draw(made, math.ceil(math.sqrt(many))), side)
        height, width = (-(-length // 2) * 2 for length in sheet.shape[:2])  # as video needs
        canvas = Image.new("RGB", (width, height), grids.PAPER)
        canvas.paste(Image.fromarray(sheet))
        yield f"frame-{i:06}", canvas, round(1000 / fps)


def _sheet(generator: Generator) -> Callable[[Tensor, int], grids.Picture]:
    """What draws samples: tiles in so many columns, or points over random ones."""
    if len(generator.shape) > 1:
        return lambda made, columns: grids.tile(made.numpy(), columns)
    behind = generator.sample(SHOWN).numpy()
    return lambda made, _: grids.scatter(made.numpy(), behind)
