"""From one latent to another: strips, and paths that return to where they began."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import Tensor

from ganbench import grids
from ganbench.generator import Generator, regrouped

PARALLEL = 1e-6  # sine of an angle below which there is no great circle to follow
SHOWN = 500  # samples behind a path of points


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """From a (t = 0) to b (t = 1) along their great circle: all …×D, t broadcast against …×1.

    Shoemake, "Animating rotation with quaternion curves" (1985): with the angle Ω between a and b,
    sin((1−t)Ω)/sin Ω of the one direction and sin(tΩ)/sin Ω of the other; the length goes linearly
    from |a| to |b|. A straight line where the directions are the same or opposite.
    """
    x, y, t = a.double(), b.double(), t.double()
    long_x, long_y = x.norm(dim=-1, keepdim=True), y.norm(dim=-1, keepdim=True)
    unit_x, unit_y = x / long_x.clamp_min(1e-300), y / long_y.clamp_min(1e-300)
    # Kahan's angle, exact also where it is small: 2 atan2(|x − y|, |x + y|).
    apart, along = (unit_x - unit_y), (unit_x + unit_y)
    angle = 2 * torch.atan2(apart.norm(dim=-1, keepdim=True), along.norm(dim=-1, keepdim=True))
    sine = angle.sin()
    turned = (((1 - t) * angle).sin() * unit_x + (t * angle).sin() * unit_y) / sine
    round_about = turned * ((1 - t) * long_x + t * long_y)
    straight = (1 - t) * x + t * y
    turns = (sine > PARALLEL) & (long_x * long_y > 0)
    return torch.where(turns, round_about, straight).to(a.dtype)


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
