"""Peers' numbers on purpose: what each of them does to the same images."""

from __future__ import annotations

from dataclasses import dataclass

from ganbench.errors import InputError
from ganbench.evaluation.extractors import EXTRACTORS, options_of

KID = "kid:subsets=100,size=1000"


@dataclass(frozen=True)
class Preset:
    """How a peer scores images, as far as its numbers depend on it.

    `resize` is a protocol of evaluation/resize.py, `measures` what the peer reports, `seed` that of
    its draws, `about` what is particular, in words. All of them ignore transparency.
    """

    resize: str
    measures: tuple[str, ...]
    about: str
    seed: int = 0


PRESETS = {
    "pytorch-fid": Preset(
        "torch-half-pixel",
        ("frechet",),
        "0.3.0: bilinear with half-pixel centres, which is not TensorFlow's of 2015",
    ),
    "torch-fidelity": Preset(
        "tf1",
        ("inception_score", "frechet", KID),
        "0.4.0: TensorFlow 1's bilinear; KID of 100 subsets of 1,000",
        seed=2020,
    ),
    "clean-fid": Preset(
        "clean",
        ("frechet", KID),
        "0.1.35: bicubic with antialias, not rounded to bytes again",
    ),
    "torchmetrics": Preset(
        "torch-antialias",
        ("frechet", KID, "inception_score"),
        "1.8 and newer: bilinear with half-pixel centres and antialias",
    ),
    "stylegan3": Preset(
        "tf1",
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
    """The extractor spec with that resize: "inception[resize=clean]".

    Raises InputError for an extractor that does not resize.
    """
    name, bracket, options = extractor.partition("[")
    if name not in EXTRACTORS or "resize" not in options_of(name):
        able = ", ".join(known for known in EXTRACTORS if "resize" in options_of(known))
        raise InputError(
            f"a preset says how images are resized, {name} does not: take one of {able}"
        )
    kept = [o for o in options.rstrip("]").split(",") if bracket and not o.startswith("resize=")]
    return f"{name}[{','.join([*filter(None, kept), f'resize={resize}'])}]"
