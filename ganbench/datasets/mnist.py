"""MNIST as it ships with the package, and stacked MNIST (1,000 modes) made from it."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import torch
from torch import Tensor

from ganbench.datasets import idx
from ganbench.types import Images

# The four canonical idx files, uncompressed (Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0).
SHA256 = {
    "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
STACKED_SEED = {"train": 0, "test": 1}


def read_idx(name: str) -> Tensor:
    """One of the embedded idx files as uint8: N×1×28×28 for images, N for labels.

    Raises ValueError if the file is not the canonical one.
    """
    raw = lzma.decompress((files("ganbench.datasets") / f"{name}.xz").read_bytes())
    digest = hashlib.sha256(raw).hexdigest()
    if digest != SHA256[name]:
        raise ValueError(
            f"ganbench/datasets/{name}.xz is damaged: sha256 {digest} instead of {SHA256[name]}; "
            "install ganbench again"
        )
    return idx.parse(raw, name)


@cache
def _pixels_and_labels(split: str) -> tuple[Tensor, Tensor]:
    stem = {"train": "train", "test": "t10k"}[split]
    return read_idx(f"{stem}-images-idx3"), read_idx(f"{stem}-labels-idx1").long()


def mnist(split: str) -> Images:
    """MNIST: 60,000 training or 10,000 test digits, uint8 1×28×28, labels 0 to 9."""
    pixels, labels = _pixels_and_labels(split)
    stem = {"train": "train", "test": "t10k"}[split]
    return Images(
        name=f"builtin:mnist:{split}",
        n=len(pixels),
        shape=(1, 28, 28),
        batches=lambda size: iter(pixels.split(size)),
        fingerprint=f"sha256:{SHA256[f'{stem}-images-idx3'][:16]}",
        labels=labels,
    )


def stacked(split: str) -> Images:
    """Stacked MNIST: three random digits as the channels of one image, uint8 3×28×28.

    As many images as MNIST's split has, drawn with replacement from a fixed seed. The label is the
    mode, 100a + 10b + c. Source: Metz et al., "Unrolled GANs" (2017), and Srivastava et al.,
    "VEEGAN" (2017), who count how many of the 1,000 modes a generator reaches.
    """
    pixels, digits = _pixels_and_labels(split)
    n = len(pixels)
    generator = torch.Generator().manual_seed(STACKED_SEED[split])
    picks = torch.randint(n, (n, 3), generator=generator)
    weights = torch.tensor([100, 10, 1])

    def batches(size: int) -> Iterator[Tensor]:
        return (pixels[part].squeeze(2) for part in picks.split(size))

    return Images(
        name=f"builtin:stacked-mnist:{split}",
        n=n,
        shape=(3, 28, 28),
        batches=batches,
        fingerprint=f"{mnist(split).fingerprint}*3 seed {STACKED_SEED[split]}",
        labels=(digits[picks] * weights).sum(1),
    )
