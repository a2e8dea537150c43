"""The great circle from one vector to another."""

from __future__ import annotations

import torch
from torch import Tensor

PARALLEL = 1e-6  # sine of an angle below which there is no great circle to follow


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
