"""Peers' numbers on purpose: what each of them does to the same images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganbench.errors import InputError

KID = "kid:subsets=100,size=1000"


@dataclass(frozen=True)
class Preset:
    """How a peer scores images, as far as its numbers depend on it.

    `resize` is a protocol of evaluation/resize.py, `alpha` what becomes of transparency, `measures`
    what the peer reports, `seed` that of its draws, `about` what is particular, in words.
    """

    resize: str
    alpha: Literal["white", "black", "drop"]
    measures: tuple[str, ...]
    about: str
    seed: int = 0


PRESETS = {
    "pytorch-fid": Preset(
        "torch-half-pixel",
        "drop",
        ("frechet",),
        "0.3.0: bilinear with half-pixel centres, which is not TensorFlow's of 2015",
    ),
    "torch-fidelity": Preset(
        "tf1",
        "drop",
        ("inception_score", "frechet", KID),
        "0.4.0: TensorFlow 1's bilinear; KID of 100 subsets of 1,000",
        seed=2020,
    ),
    "clean-fid": Preset(
        "clean",
        "drop",
        ("frechet", KID),
        "0.1.35: bicubic with antialias, not rounded to bytes again",
    ),
    "torchmetrics": Preset(
        "torch-antialias",
        "drop",
        ("frechet", KID, "inception_score"),
        "1.8 and newer: bilinear with half-pixel centres and antialias",
    ),
    "stylegan3": Preset(
        "tf1",
        "drop",
        ("frechet:ddof=0", KID, "inception_score"),
        "TensorFlow 1's bilinear; covariances divided by N, not N - 1",
    ),
}


def preset_of(name: str) -> Preset:
    """The preset of that name. Raises InputError for an unknown one."""
    if name not in PRESETS:
        raise InputError(f"preset {name!r}: there are {', '.join(PRESETS)}")
    return PRESETS[name]


def with_resize(extractor: str, resize: str) -> str:
    """The extractor spec with that resize: "inception[resize=clean]"."""
    name, bracket, options = extractor.partition("[")
    kept = [o for o in options.rstrip("]").split(",") if bracket and not o.startswith("resize=")]
    return f"{name}[{','.join([*filter(None, kept), f'resize={resize}'])}]"
