"""The images that most architectures make: squares that are doubled from a small one."""

from __future__ import annotations

from ganbench.errors import InputError

BASES = (4, 5, 6, 7)
SIDES = sorted(base << k for base in BASES for k in range(2, 7) if base << k <= 256)


def square(name: str, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, side of the smallest map, and how often that is doubled, of images C×H×W.

    Raises InputError, which names the sizes that fit, unless H = W is one of `SIDES`.
    """
    if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in SIDES or shape[0] > 4:
        raise InputError(
            f"model.name {name!r} makes square images of 1 to 4 channels and "
            f"{', '.join(map(str, SIDES[:-1]))} or {SIDES[-1]} pixels a side, "
            f"the data are {'x'.join(map(str, shape))}; --prepare.size resizes them"
        )
    channels, side, _ = shape
    doublings = next(k for k in range(2, 7) if side % (1 << k) == 0 and side >> k in BASES)
    return channels, side >> doublings, doublings
