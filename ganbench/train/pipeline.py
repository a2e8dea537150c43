"""ADA's pipeline of augmentations: pixel blitting, general geometry, colour.

Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, "Training Generative Adversarial Networks with
Limited Data" (2020), appendix B, "bgc": each transform comes with probability p, for each image by
itself. From beyond the borders comes the image reflected. Geometry is one bilinear look-up where
theirs filters with wavelets, so an image that is turned or shrunk is a little softer or coarser.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganbench.train.pixels import colours_of, picked, places, sampled, whole

SHIFT = 1 / 8  # of the side, at most, by whole pixels
SCALE = 0.2  # standard deviations of log2 of the size, of the aspect's, …
SLIDE = 1 / 8  # of the shift by any part of the side
BRIGHTNESS = 0.2  # on values from −1 to 1
CONTRAST = 0.5  # of its log2
SATURATION = 1.0  # of its log2

WARPS = ("scale", "rotate", "stretch", "rotate_again", "slide_down", "slide_right")
TINTS = ("brightness", "contrast", "luma", "hue", "saturation")

Amounts = dict[str, Tensor]
"""How much of each transform each image gets: float64 N, 0 where it stays as it is."""


def draw(n: int, side: int, p: Tensor, draws: torch.Generator) -> Amounts:
    """The amounts for n square images of that side, on the device of p."""
    gates = iter(torch.rand((13, n), generator=draws, dtype=torch.float64).to(p.device).unbind())
    uniform = iter(torch.rand((8, n), generator=draws, dtype=torch.float64).to(p.device).unbind())
    normal = iter(torch.randn((7, n), generator=draws, dtype=torch.float64).to(p.device).unbind())
    p = p.double()
    either: Tensor = 1 - (1 - p).sqrt()  # of two rotations: one or both come with chance p

    def sometimes(amount: Tensor, chance: Tensor = p) -> Tensor:
        return torch.where(next(gates) < chance, amount, 0.0)

    def angle() -> Tensor:
        return next(uniform).mul(2 * math.pi).sub(math.pi)

    shift = torch.stack((next(uniform), next(uniform)))
    slide = torch.stack((next(normal), next(normal)))
    down, right = sometimes(((2 * shift - 1) * SHIFT * side).round())
    slide_down, slide_right = sometimes(slide * SLIDE)
    return {
        "flip": sometimes(whole(next(uniform), 2)),
        "turn": sometimes(whole(next(uniform), 4)),
        "down": down,
        "right": right,
        "scale": sometimes(next(normal) * SCALE),
        "rotate": sometimes(angle(), either),
        "stretch": sometimes(next(normal) * SCALE),
        "rotate_again": sometimes(angle(), either),
        "slide_down": slide_down,
        "slide_right": slide_right,
        "brightness": sometimes(next(normal) * BRIGHTNESS),
        "contrast": sometimes(next(normal) * CONTRAST),
        "luma": sometimes(whole(next(uniform), 2)),
        "hue": sometimes(angle()),
        "saturation": sometimes(next(normal) * SATURATION),
    }


def apply(images: Tensor, amounts: Amounts, span: float, middle: float) -> Tensor:
    """Square images N×C×H×H after all of it; those without an amount are bit for bit themselves."""
    moved = torch.stack(list(amounts.values())).to(images.device)
    amounts = dict(zip(amounts, moved, strict=True))
    images = blit(images, amounts)
    images = torch.where(_any(WARPS, amounts), warp(images, amounts), images)
    tinted = tint((images - middle) * (2 / span), amounts) * (span / 2) + middle
    return torch.where(_any(TINTS, amounts), tinted, images)


def blit(images: Tensor, amounts: Amounts) -> Tensor:
    """Mirrored, turned counterclockwise by quarters, moved by whole pixels: exactly."""
    side = images.shape[-1]
    flip, turn, down, right = (
        amounts[name].long().view(-1, 1, 1) for name in ("flip", "turn", "down", "right")
    )
    place = places(side, images)
    rows = _reflected(place.unsqueeze(2) - down, side)
    columns = _reflected(place.unsqueeze(1) - right, side)
    half, quarter = turn >= 2, turn % 2 == 1
    rows, columns = (torch.where(half, side - 1 - at, at) for at in (rows, columns))
    rows, columns = (
        torch.where(quarter, columns, rows),
        torch.where(quarter, side - 1 - rows, columns),
    )
    columns = torch.where(flip == 1, side - 1 - columns, columns)
    return picked(images, rows, columns)


def warp(images: Tensor, amounts: Amounts) -> Tensor:
    """Scaled, turned, stretched, turned, moved: one affine map, looked up bilinearly.

    A pixel comes from where the inverse map takes its centre; the image is −1 to 1 each way.
    """
    zoom, stretch = torch.exp2(-amounts["scale"]), torch.exp2(-amounts["stretch"])
    first, last = _rotation(amounts["rotate"]), _rotation(amounts["rotate_again"])
    scaled = torch.stack((stretch, 1 / stretch), 1).unsqueeze(2)
    inverse = zoom.view(-1, 1, 1) * (first @ (scaled * last))
    slide = 2 * torch.stack((amounts["slide_right"], amounts["slide_down"]), 1)
    side = images.shape[-1]
    centre = (2 * places(side, images).double() + 1) / side - 1
    x = centre.unsqueeze(1) - slide[:, 0].view(-1, 1, 1)
    y = centre.unsqueeze(2) - slide[:, 1].view(-1, 1, 1)
    (a, b), (c, d) = (row.unbind(1) for row in inverse.view(-1, 2, 2, 1, 1).unbind(1))
    grid = torch.stack((a * x + b * y, c * x + d * y), 3)
    return sampled(images, grid.to(images.dtype))


def tint(images: Tensor, amounts: Amounts) -> Tensor:
    """Brighter, of more contrast, its luma inverted, its hue turned, more saturated.

    The paper multiplies five 4×4 matrices. Here they share the axis v = (1, 1, 1)/√3, so that the
    product acts on the grey part of a colour by one factor, and on the rest by a factor and a turn
    around v. A grey image has the grey part alone. Values are −1 to 1; alpha stays.
    """
    colours = colours_of(images)
    scalars = {name: amounts[name].to(images.dtype).view(-1, 1, 1, 1) for name in TINTS}
    contrast = torch.exp2(scalars["contrast"])
    of_grey = contrast * (1 - 2 * scalars["luma"])
    values = images[:, :colours]
    grey = values.mean(1, keepdim=True)
    made = of_grey * (grey + scalars["brightness"])
    if colours == 3:
        of_rest = contrast * torch.exp2(scalars["saturation"])
        across = (values.roll(1, 1) - values.roll(-1, 1)) / math.sqrt(3)  # v × values
        turned = scalars["hue"].cos() * (values - grey) + scalars["hue"].sin() * across
        made = made + of_rest * turned
    return torch.cat((made, images[:, colours:]), 1)


def _any(names: tuple[str, ...], amounts: Amounts) -> Tensor:
    """Which images have an amount of one of them, bool N×1×1×1."""
    return torch.stack([amounts[name] != 0 for name in names]).any(0).view(-1, 1, 1, 1)


def _reflected(place: Tensor, side: int) -> Tensor:
    """Places within a side beyond the border → the mirrored places: … 1 0 | 0 1 2 …"""
    place = torch.where(place < 0, -1 - place, place)
    return torch.where(place >= side, 2 * side - 1 - place, place)


def _rotation(angle: Tensor) -> Tensor:
    """The inverses of rotations, N×2×2."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos, sin, -sin, cos), 1).view(-1, 2, 2)
