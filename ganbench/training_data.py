"""Images of any kind as training data, and as the reference of its scores: prepared, once."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from ganbench import datasets, folder_recipe
from ganbench.config import Config, Prepare
from ganbench.downloads import cache_dir
from ganbench.errors import InputError
from ganbench.evaluation import images as readers
from ganbench.evaluation import pixel_cache
from ganbench.evaluation.images import Progress, Reading
from ganbench.evaluation.images.decode import Alpha
from ganbench.evaluation.images.fit import Fit
from ganbench.folder_recipe import Pictures
from ganbench.train.data import TrainingData
from ganbench.types import Images, Points

Control = Images | None

_held: WeakValueDictionary[tuple[str, Prepare], TrainingData] = WeakValueDictionary()
"""The data that a training holds: its reference need not read them again."""


def load(config: Config, progress: Progress | None = None) -> TrainingData:
    """The training data of `config`, decoded now or by an earlier run.

    `progress` is told of the files that were looked at, and of how many; then of those decoded.
    Raises InputError, naming the files, if they cannot be read or are of different sizes, and if
    the networks are to be conditioned by labels that there are not.
    """
    made = _prepared(config.data, config.prepare, progress)
    images = _numbered(made.images)
    if config.condition != "none" and images.labels is None:
        raise InputError(
            f"--condition {config.condition} needs labels, and {_unlabelled(images)}; "
            "or train with --condition none"
        )
    data = TrainingData(
        pixels=made.pixels,
        fingerprint=images.fingerprint,
        name=images.name,
        labels=images.labels,
        classes=images.classes,
        notes=images.notes,
        mapped=made.mapped,
    )
    _held[config.data, config.prepare] = data
    return data


def load_reference(
    config: Config, data: TrainingData | None = None, progress: Progress | None = None
) -> tuple[Images, Control]:
    """(real images, other real ones for the baseline), prepared as the training data are.

    Without `scoring.real` they are the training data; `data`, by default those that were loaded
    and are still held, saves reading them again. If there are twice `scoring.n` of them, so many
    are drawn, and as many others. The others are else `scoring.n` of the other split of a built-in
    set, or None.
    Raises InputError like `load`, and if the reference has another shape than the data,
    or, where the networks are conditioned, classes that the data have not.
    """
    spec = config.scoring.real
    data = _held.get((config.data, config.prepare)) if data is None else data
    if spec is None:
        if data is not None:
            return _drawn(images_of(data), config.scoring.n)
        whole = _numbered(_prepared(config.data, config.prepare, progress).images)
        return _drawn(whole, config.scoring.n)
    real = _prepared(spec, config.prepare, progress).images
    if data is not None:
        _check(config, data, real)
        if config.condition != "none" and real.labels is not None:
            real = _numbered(real, data.classes)
    if not spec.startswith("builtin:"):
        return real, None
    others = _prepared(datasets.sibling(spec), config.prepare, progress).images
    return real, _some(others, config.scoring.n)


def read(spec: str, prepare: Prepare, progress: Progress | None = None) -> Images:
    """The images that `spec` names as they are, but upright, and with their opacity if wanted.

    Raises InputError if there are none.
    """
    if spec.startswith("run:"):
        raise InputError(
            f"{spec!r}: the samples of a run become training data when they are saved: "
            "ganbench sample RUN --out samples.npz"
        )
    alpha: Alpha = "keep" if prepare.channels == 4 else "white"
    reading = Reading(prepare.skip_bad, alpha, upright=True, flag="--prepare.skip-bad")
    return readers.load(spec, options=reading, progress=progress)


def survey(config: Config, progress: Progress | None = None) -> Pictures:
    """What the recipe `folder` goes by. Raises InputError like `read`, and for points."""
    images = read(config.data, config.prepare, progress)
    if isinstance(images, Points):
        raise InputError(f"{config.data!r} holds points; the recipe folder is for pictures")
    sizes = [(images.shape[1], images.shape[2])] * images.n
    if images.sizes is not None:
        sizes = [(height, width) for height, width in images.sizes.tolist()]
    classes = 0 if images.labels is None else len(images.labels.unique())
    return Pictures(sizes, images.shape[0], classes)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """Images of one shape, and their pixels in one tensor."""

    images: Images
    pixels: Tensor
    mapped: bool = False


def _prepared(spec: str, prepare: Prepare, progress: Progress | None = None) -> _Prepared:
    images = read(spec, prepare, progress)
    if isinstance(images, Points):
        if prepare.size or prepare.channels:
            raise InputError(f"{spec!r} holds points, which have no --prepare.size or channels")
        return _Prepared(images, images.tensor())
    fit = Fit(prepare.size, prepare.channels)
    shape = fit.shape(images)
    if -1 in shape:
        raise InputError(_mixed(images))
    mapped = images.n * math.prod(shape) > prepare.memory * 2**20
    if shape == images.shape and not images.formats and not mapped:
        return _Prepared(images, images.tensor())

    keys = b"" if images.keys is None else images.keys.numpy().tobytes()  # their order matters
    about = f"{images.fingerprint} {fit.policy} {shape} ".encode() + keys
    path = cache_dir() / "prepared" / f"{hashlib.sha256(about).hexdigest()[:32]}.npy"
    pixels = pixel_cache.read(path, (images.n, *shape), mapped=mapped)
    if pixels is None:
        batches = _counted(fit.all(images, Reading().threads), images.n, progress)
        pixels = pixel_cache.write(path, (images.n, *shape), batches, mapped=mapped)
    return _Prepared(_as_prepared(images, pixels, fit), pixels, mapped)


def _counted(batches: Iterator[Tensor], n: int, progress: Progress | None) -> Iterator[Tensor]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        if progress:
            progress(done, n)


def _as_prepared(images: Images, pixels: Tensor, fit: Fit) -> Images:
    """`images` with those pixels, and with notes on what was done to them."""
    changed = tuple(pixels.shape[1:]) != images.shape
    notes = list(images.notes)
    if images.sizes is not None and fit.size:
        small = int((images.sizes.min(1).values < fit.size).sum())
        cropped = int((images.sizes[:, 0] != images.sizes[:, 1]).sum())
        if cropped:
            notes.append(f"{cropped:,} of {images.n:,} pictures were cropped to a square")
        if small:
            words = f"pictures are smaller than {fit.size} pixels and were enlarged"
            notes.append(f"{small:,} of {images.n:,} {words}")
    return replace(
        images,
        shape=tuple(pixels.shape[1:]),
        batches=lambda size: iter(pixels.split(size)),
        read=lambda rows, size: (pixels[part] for part in rows.split(size)),
        fingerprint=f"{images.fingerprint} {fit.policy}" if changed else images.fingerprint,
        keys=None if changed else images.keys,
        sizes=None,
        notes=tuple(notes),
    )


def _drawn(images: Images, n: int) -> tuple[Images, Control]:
    """n of them and n others, the same for all runs; all, and None, if there are fewer than 2n."""
    if images.n < 2 * n:
        return images, None
    order = torch.randperm(images.n, generator=torch.Generator().manual_seed(0))
    one, other = (order[i : i + n].sort().values for i in (0, n))
    name = f"{n:,} of {images.name}"
    return images.take(one, name), images.take(other, f"{n:,} others of {images.name}")


def _some(images: Images, n: int) -> Images:
    """n of them, the same for all runs, or all if there are fewer."""
    if images.n <= n:
        return images
    order = torch.randperm(images.n, generator=torch.Generator().manual_seed(0))
    return images.take(order[:n].sort().values, f"{n:,} of {images.name}")


def images_of(data: TrainingData) -> Images:
    """The training data as a reference."""
    pixels = data.pixels
    kind = Images if pixels.dtype == torch.uint8 else Points
    return kind(
        name=data.name,
        n=len(pixels),
        shape=data.shape,
        batches=lambda size: iter(pixels.split(size)),
        fingerprint=data.fingerprint,
        labels=data.labels,
        classes=data.classes,
        read=lambda rows, size: (pixels[part] for part in rows.split(size)),
        notes=data.notes,
    )


def _numbered(images: Images, classes: tuple[str, ...] | None = None) -> Images:
    """With labels from 0 to K − 1, by the place of their class in `classes`, or by their order."""
    if images.labels is None:
        return images
    values, places = images.labels.unique(return_inverse=True)
    names = tuple(images.classes[v] if images.classes else str(v) for v in values.tolist())
    if classes is None:
        return replace(images, labels=places, classes=names)
    order = torch.tensor([classes.index(name) for name in names])
    return replace(images, labels=order[places], classes=classes)


def _check(config: Config, data: TrainingData, real: Images) -> None:
    """Refuses a reference that the samples cannot be compared with."""
    if real.shape != data.shape:
        here, there = ("x".join(map(str, shape)) for shape in (real.shape, data.shape))
        raise InputError(
            f"--scoring.real {real.name} holds {here}, the training data {data.name} {there}: "
            f"--prepare.size {data.shape[-1]} --prepare.channels {data.shape[0]} makes them alike"
        )
    if config.condition == "none" or real.labels is None:
        return
    other = set(_numbered(real).classes or ()) - set(data.classes or ())
    if other:
        raise InputError(
            f"--scoring.real {real.name} has the classes {_few(other)}, which the training data "
            f"{data.name} have not: they have {_few(data.classes or ())}"
        )


def _mixed(images: Images) -> str:
    """That the pictures have different sizes, with two of them."""
    where = f"{images.name} holds pictures of different sizes"
    size = 64
    if images.sizes is not None:
        sizes = images.sizes.tolist()
        other = next(i for i, one in enumerate(sizes) if one != sizes[0])
        both = (f"{images.files[i]} is {sizes[i][1]}x{sizes[i][0]}" for i in (0, other))
        where = f"{where}: {' and '.join(both)}"
        size = folder_recipe.side([min(one) for one in sizes], size)
    return f"{where}; give them one, to which their central squares go: --prepare.size {size}"


def _unlabelled(images: Images) -> str:
    if not images.files:
        return f"{images.name} has none; an .npz file gives them as the array 'labels'"
    folders = {file.split("/")[0] for file in images.files if "/" in file}
    if len(folders) == 1 and all("/" in file for file in images.files):
        return f"{images.name} holds one class alone, {folders.pop()!r}"
    return f"{images.name} has none; its pictures would have to lie in a folder for each class"


def _few(names: set[str] | tuple[str, ...]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (", …" if len(listed) > 5 else "")
