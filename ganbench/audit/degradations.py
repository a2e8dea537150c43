"""Real images made worse in controlled ways, level by level."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

COPIES = 5  # images that a collapsed generator makes


@dataclass(frozen=True, eq=False)
class Hand:
    """What a degradation is dealt, all real and disjoint.

    `pixels` uint8 n×C×H×W stand for generated images, with `labels` int64 n: classes, or clusters
    where there are none. `spare`, with `spare_labels`, are others of the same kind; `seen` are the
    reference: what a generator was trained on. `classes` is their number.
    """

    pixels: Tensor
    labels: Tensor
    spare: Tensor
    spare_labels: Tensor
    seen: Tensor
    seen_labels: Tensor
    classes: int


@dataclass(frozen=True)
class Degradation:
    """One way to make images worse.

    `make(hand, level, draws)` gives a hand whose pixels and labels are worse; ValueError says why
    it cannot. `levels` rise; `unit` says what they are. `kind` is "distortion" of each image,
    "diversity" that is lost, "memory" of the training set, or wrong "labels".
    """

    make: Callable[[Hand, float, torch.Generator], Hand]
    levels: tuple[float, ...]
    unit: str
    kind: str
    about: str


def noise(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """Gaussian noise whose standard deviation is `level` of the range."""
    made = hand.pixels.float()
    made = made + 255 * level * torch.randn(made.shape, generator=draws)
    return _with(hand, made)


def blur(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """A Gaussian blur whose σ is `level` of the image's side; edges are reflected."""
    sigma = level * hand.pixels.shape[-1]
    reach = min(max(1, math.ceil(3 * sigma)), min(hand.pixels.shape[-2:]) - 1)
    x = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = (-(x**2) / (2 * sigma**2)).exp()
    weights /= weights.sum()
    channels = hand.pixels.shape[1]
    made = F.pad(hand.pixels.float(), (reach,) * 4, mode="reflect")
    for shape in ((1, -1), (-1, 1)):
        kernel = weights.view(1, 1, *shape).expand(channels, 1, -1, -1)
        made = F.conv2d(made, kernel, groups=channels)
    return _with(hand, made)


def occlusion(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """A grey square over `level` of the area, anywhere."""
    n, _, height, width = hand.pixels.shape
    side = max(1, round(math.sqrt(level * height * width)))
    top = torch.rand(n, 1, generator=draws) * (height - side + 1)
    left = torch.rand(n, 1, generator=draws) * (width - side + 1)
    y, x = torch.arange(height), torch.arange(width)
    rows = (y >= top.floor()) & (y < top.floor() + side)
    columns = (x >= left.floor()) & (x < left.floor() + side)
    hidden = (rows[:, :, None] & columns[:, None, :])[:, None]
    return replace(hand, pixels=hand.pixels.masked_fill(hidden, 128))


def swirl(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """A turn about the centre by `level` radians there, and less outwards."""
    n, _, height, width = hand.pixels.shape
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
    )
    angle = level * (-3 * (x**2 + y**2)).exp()
    cos, sin = angle.cos(), angle.sin()
    place = torch.stack((x * cos - y * sin, x * sin + y * cos), -1)
    made = F.grid_sample(
        hand.pixels.float(), place.expand(n, -1, -1, -1), "bilinear", "border", True
    )
    return _with(hand, made)


def jpeg(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """Saved as JPEG of quality 100 − `level`, and read again; each channel of 2 or 4 alone."""
    quality = round(100 - level)
    made = []
    for image in hand.pixels:
        planes = [image] if len(image) == 3 else list(image[:, None])
        made.append(torch.cat([_saved(plane, quality) for plane in planes]))
    return replace(hand, pixels=torch.stack(made))


def contrast(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """Each image nearer to its mean by `level` of the way."""
    made = hand.pixels.float()
    mean = made.mean((1, 2, 3), keepdim=True)
    return _with(hand, mean + (1 - level) * (made - mean))


def mode_dropping(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """`level` of the classes are never made; others of the remaining ones stand in for them."""
    count = max(1, round(level * hand.classes))
    if count >= hand.classes:
        raise ValueError(f"{hand.classes} classes are too few to drop {level:.0%} of them")
    dropped = torch.randperm(hand.classes, generator=draws)[:count]
    lost = torch.isin(hand.labels, dropped).nonzero().flatten()
    kept = (~torch.isin(hand.spare_labels, dropped)).nonzero().flatten()
    if len(kept) < len(lost):
        raise ValueError(f"only {len(kept):,} other images can stand in for {len(lost):,}")
    chosen = kept[torch.randperm(len(kept), generator=draws)[: len(lost)]]
    return _put(hand, lost, hand.spare[chosen], hand.spare_labels[chosen])


def mode_collapse(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """`level` of all images are copies of the same five."""
    rows = torch.randperm(len(hand.pixels), generator=draws)
    chosen = rows[torch.randint(min(COPIES, len(rows)), (len(rows),), generator=draws)]
    lost = rows[: round(level * len(rows))]
    return _put(hand, lost, hand.pixels[chosen[: len(lost)]], hand.labels[chosen[: len(lost)]])


def intra_class_collapse(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """Of each class all images are copies of 1 − `level` of them: classes stay, variety goes."""
    made = hand.pixels.clone()
    for label in hand.labels.unique():
        rows = (hand.labels == label).nonzero().flatten()
        kept = max(1, round((1 - level) * len(rows)))
        order = rows[torch.randperm(len(rows), generator=draws)]
        again = torch.randint(kept, (len(rows) - kept,), generator=draws)
        made[order[kept:]] = hand.pixels[order[again]]
    return replace(hand, pixels=made)


def memorisation(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """`level` of the images are exact copies of training images, each another."""
    count = round(level * len(hand.pixels))
    if count > len(hand.seen):
        raise ValueError(f"{len(hand.seen):,} training images are too few for {count:,} copies")
    lost = torch.randperm(len(hand.pixels), generator=draws)[:count]
    chosen = torch.randperm(len(hand.seen), generator=draws)[:count]
    return _put(hand, lost, hand.seen[chosen], hand.seen_labels[chosen])


def label_noise(hand: Hand, level: float, draws: torch.Generator) -> Hand:
    """`level` of the images carry the label of another class; the pixels stay."""
    wrong = torch.randperm(len(hand.labels), generator=draws)[: round(level * len(hand.labels))]
    labels = hand.labels.clone()
    moved = torch.randint(1, hand.classes, (len(wrong),), generator=draws)
    labels[wrong] = (labels[wrong] + moved) % hand.classes
    return replace(hand, labels=labels)


DEGRADATIONS = {
    "noise": Degradation(
        noise, (0.05, 0.1, 0.2), "σ, of the range", "distortion", "Gaussian noise"
    ),
    "blur": Degradation(
        blur, (0.02, 0.04, 0.08), "σ, of the side", "distortion", "a Gaussian blur"
    ),
    "occlusion": Degradation(
        occlusion, (0.02, 0.05, 0.15), "of the area", "distortion", "a grey square somewhere"
    ),
    "swirl": Degradation(
        swirl, (0.5, 1.0, 2.0), "radians at the centre", "distortion", "a turn about the centre"
    ),
    "jpeg": Degradation(jpeg, (50.0, 80.0, 95.0), "100 − quality", "distortion", "saved as JPEG"),
    "contrast": Degradation(
        contrast, (0.2, 0.4, 0.7), "of the contrast lost", "distortion", "less contrast"
    ),
    "mode-dropping": Degradation(
        mode_dropping, (0.1, 0.3, 0.6), "of the classes", "diversity", "classes never made"
    ),
    "mode-collapse": Degradation(
        mode_collapse, (0.1, 0.3, 0.9), "of the images", "diversity", "copies of five images"
    ),
    "intra-class-collapse": Degradation(
        intra_class_collapse,
        (0.5, 0.9, 0.99),
        "of each class's variety",
        "diversity",
        "few images of each class, over and over",
    ),
    "memorisation": Degradation(
        memorisation, (0.1, 0.5, 1.0), "of the images", "memory", "copies of training images"
    ),
    "label-noise": Degradation(
        label_noise, (0.1, 0.3, 0.6), "of the labels", "labels", "wrong labels on real images"
    ),
}


def _with(hand: Hand, made: Tensor) -> Hand:
    return replace(hand, pixels=made.round().clamp(0, 255).to(torch.uint8))


def _put(hand: Hand, rows: Tensor, pixels: Tensor, labels: Tensor) -> Hand:
    """The hand with other images at `rows`."""
    made, named = hand.pixels.clone(), hand.labels.clone()
    made[rows], named[rows] = pixels, labels
    return replace(hand, pixels=made, labels=named)


def _saved(plane: Tensor, quality: int) -> Tensor:
    """uint8 1×H×W or 3×H×W through a JPEG file."""
    array = plane.permute(1, 2, 0).numpy()
    stream = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(array[..., 0] if len(plane) == 1 else array))
    picture.save(stream, "JPEG", quality=quality)
    read = np.array(Image.open(stream))
    return torch.from_numpy(read.reshape(array.shape)).permute(2, 0, 1)
