"""How far images are from the pictures of convex polygons, which are a manifold that is known.

The manifold and its pictures are those of ganbench.polygons. The distance of an image is searched:
from the nearest of a bank of rendered polygons by Levenberg's and Marquardt's steps on the angles,
with the renderer of the data itself. It is an upper bound, as every search is.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.measures.latents import range_errors
from ganbench.measures.manifold import share_spread
from ganbench.measures.neighbours import nearest
from ganbench.polygons import Floats, limits, parameters, pictures
from ganbench.types import Features, Model, Outcome, Pixels, Polygons

Flat = NDArray[np.float32]

STEP = 0.01  # radians, of the differences that stand for derivatives: 1/10 of a pixel at the rim
STARTS = 2  # of the bank
LEAST = 1e-3  # share by which a step must lower a squared distance to be followed by another
ROUNDING = 2e-4  # squared distance of a polygon to its picture in grey levels, about


def triangle_precision(
    real: Polygons,
    fake: Pixels,
    *,
    delta: float = 0.75,
    images: int = 1000,
    bank: int = 20_000,
    seed: int = 0,
) -> Outcome:
    """Share of fakes within `delta` of the manifold of polygons, in [0, 1]; higher is better.

    Lucic et al., "Are GANs Created Equal? A Large-Scale Study" (2018), section 5.2. The distance is
    `manifold_distance`, of `images` random fakes; `delta` applies to it without a square. `detail`
    has quantiles of the distance, and the share by the bank alone, without a search. Raises
    ValueError for images that are not of the size of the polygons.
    """
    if fake.shape[1:] != real.pixels.shape[1:]:
        shapes = ["×".join(map(str, side.shape[1:])) for side in (real.pixels, fake)]
        raise ValueError(f"the polygons are {shapes[0]} and the fakes {shapes[1]}")
    distance, coarse = manifold_distance(
        _drawn(fake, images, seed),
        real.corners,
        legacy_rotation=real.legacy_rotation,
        bank=bank,
        seed=seed,
    )
    by_bank = (coarse <= delta).double().mean().item()
    return _share(distance, delta, by_bank=by_bank, by="a search on the angles")


def triangle_recall(
    real: Polygons,
    fake: Model,
    *,
    delta: float = 0.75,
    images: int = 128,
    steps: int = 300,
    restarts: int = 1,
    rate: float = 0.1,
    seed: int = 0,
) -> Outcome:
    """Share of real images within `delta` of what the generator can make, in [0, 1]; higher better.

    Lucic et al. (2018): min_z |G(z) − x| of `images` of the reals, not squared, of pixels in
    [0, 1], by the search of `reconstruction_error`: `steps` of Adam from the nearest `restarts` of
    512 random samples. Where the search misses the minimum, recall is under-estimated. The paper
    takes 1,024 images of the test set.
    """
    wanted = _drawn(real.pixels, images, seed).float() / 255
    errors = range_errors(fake, wanted, steps, restarts, rate, 3.0, seed)
    distance = (errors * wanted[0].numel()).sqrt()
    return _share(distance, delta, by="a search on the latents")


def triangle_recall_samples(
    real: Polygons, fake: Pixels, *, delta: float = 0.75, images: int = 1000, seed: int = 0
) -> Outcome:
    """Share of real images within `delta` of some fake, in [0, 1]: recall where no model is known.

    The nearest sample is no nearer than the nearest that the generator can make, so this is a lower
    bound of its recall, and grows with the number of fakes: even of perfect ones, see the baseline.
    """
    if fake.shape[1:] != real.pixels.shape[1:]:
        raise ValueError("the fakes are not of the size of the polygons")
    wanted, made = (
        Features(side.flatten(1).float() / 255)
        for side in (_drawn(real.pixels, images, seed), fake)
    )
    squares, _ = nearest(wanted, made)
    return _share(squares.sqrt(), delta, by="the nearest sample", samples=len(fake))


def triangle_f1(
    real: Polygons,
    fake: Model,
    *,
    delta: float = 0.75,
    images: int = 500,
    recalled: int = 128,
    steps: int = 300,
    restarts: int = 1,
    seed: int = 0,
) -> Outcome:
    """2PR/(P + R) of `triangle_precision` and `triangle_recall`, in [0, 1]; 0 where both are 0.

    Precision is of `images` samples of the generator, recall of `recalled` reals.
    """
    with torch.no_grad():
        parts = fake.latents(images, seed).split(64)
        made = torch.cat([(fake.decode(part) * 255).round().to(torch.uint8) for part in parts])
    p = triangle_precision(real, Pixels(made), delta=delta, images=images, seed=seed)
    r = triangle_recall(
        real, fake, delta=delta, images=recalled, steps=steps, restarts=restarts, seed=seed
    )
    both = p.value + r.value
    value = 2 * p.value * r.value / both if both else 0.0
    return Outcome(value, detail={"precision": p.value, "recall": r.value, "delta": delta})


def manifold_distance(
    images: Tensor,
    corners: int = 3,
    *,
    legacy_rotation: bool = True,
    bank: int = 20_000,
    steps: int = 8,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Distance of uint8 N×1×S×S images to the nearest polygon, and to the nearest of a bank.

    Both float64 N: Euclidean, not squared, of pixels in [0, 1]. The bank has `bank` random polygons
    with the search's angles and rotation; from the nearest 2 of them, `steps` damped Gauss-Newton
    steps inside the limits of the angles. Raises ValueError for colour or images that are no
    squares.
    """
    _, channels, height, width = images.shape
    if channels != 1 or height != width:
        raise ValueError(f"polygons are grey squares, the images are {channels}×{height}×{width}")
    known, drawn = _bank(corners, legacy_rotation, bank, width, seed)
    low, high = limits(corners, legacy_rotation=legacy_rotation)
    found: list[Tensor] = []
    coarse: list[Tensor] = []
    for part in images.split(256):
        wanted = part.flatten(1).float() / 255
        far = torch.cdist(wanted, torch.from_numpy(drawn))
        near = far.topk(min(STARTS, bank), largest=False)
        start = known[near.indices.flatten().numpy()]
        targets = wanted.repeat_interleave(near.indices.shape[1], 0).numpy()
        ends = _descend(targets, start, low, high, steps, width)
        for kept, squares in zip((coarse, found), ends, strict=True):
            kept.append(torch.from_numpy(squares).sqrt().view(len(part), -1).amin(1))
    return torch.cat(found), torch.cat(coarse)


@lru_cache(maxsize=2)
def _bank(corners: int, legacy_rotation: bool, n: int, size: int, seed: int) -> tuple[Floats, Flat]:
    """n random polygons: their angles and rotation, and their pictures."""
    rng = np.random.RandomState((seed, corners))  # not the stream of the data sets, seed 0
    known = parameters(corners, n, rng, legacy_rotation=legacy_rotation)
    return known, pictures(known, size)


def _descend(
    targets: Flat, start: Floats, low: Floats, high: Floats, steps: int, size: int
) -> tuple[Floats, Floats]:
    """The squared distances, float64 N, at the start and after `steps` of Levenberg and Marquardt.

    Those that hardly fall any more, or are below the noise of the pixels' rounding, are left.
    """
    at, damping = start.copy(), np.full(len(start), 1e-2)
    residual = targets - pictures(at, size)
    first = _squares(residual)
    squares, on = first.copy(), np.arange(len(start))
    for _ in range(steps):
        slopes = _slopes(at[on], size)  # n×(K + 1)×D
        normal = np.matmul(slopes, slopes.transpose(0, 2, 1)).astype(np.float64)
        scale = np.einsum("nii->n", normal) / normal.shape[1] + 1e-9
        normal += (damping[on] * scale)[:, None, None] * np.eye(normal.shape[1])
        right = np.matmul(slopes, residual[on, :, None]).astype(np.float64)
        moved = np.clip(at[on] + np.linalg.solve(normal, right)[..., 0], low, high)
        there = targets[on] - pictures(moved, size)
        now = _squares(there)
        gain = 1 - now / np.maximum(squares[on], 1e-12)
        better = on[gain > 0]
        at[better], residual[better] = moved[gain > 0], there[gain > 0]
        squares[better] = now[gain > 0]
        damping[on] *= np.where(gain > 0, 0.2, 5)
        going = ((gain > LEAST) | (gain <= 0)) & (damping[on] < 100) & (squares[on] > ROUNDING)
        on = on[going]
        if not len(on):
            break
    return first, squares


def _slopes(at: Floats, size: int) -> Flat:
    """Central differences of the pictures by each angle and by the rotation."""
    by_angle = []
    for corner in range(at.shape[1] - 1):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[:, corner] += sign * STEP
            ends.append(pictures(moved, size))
        by_angle.append((ends[0] - ends[1]) / (2 * STEP))
    slopes: Flat = np.stack([*by_angle, -sum(by_angle)], axis=1)  # turning lowers all angles
    return slopes


def _squares(residual: Flat) -> Floats:
    found: Floats = np.square(residual, dtype=np.float64).sum(axis=1)
    return found


def _drawn(pixels: Tensor, n: int, seed: int) -> Tensor:
    return pixels[torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))[:n]]


def _share(distance: Tensor, delta: float, **told: float | str) -> Outcome:
    """The share within delta, its interval, and what a reader should know of the distances."""
    hits = distance <= delta
    quantiles = torch.quantile(distance.double(), torch.tensor([0.5, 0.95]).double()).tolist()
    detail = {
        "delta": delta,
        "images": len(distance),
        "median": quantiles[0],
        "95 %": quantiles[1],
        **told,
    }
    return Outcome(hits.double().mean().item(), share_spread(hits), detail)
