"""Fashion-MNIST: not shipped, but found on this machine or downloaded, and verified.

H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
learning algorithms" (2017); MIT licence.
"""

from __future__ import annotations

import hashlib
import http.client
import uuid
from functools import cache
from pathlib import Path

from torch import Tensor

from ganbench.datasets import idx
from ganbench.downloads import data_dirs, download
from ganbench.errors import InputError
from ganbench.types import Images

# Of the four idx files, unpacked: how they were packed differs from one distributor to another.
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
LARGEST = 30_000_000  # bytes of a packed file
DEBIAN = Path("/usr/share/dataset-fashion-mnist")  # of the package of that name


def fashion_mnist(split: str) -> Images:
    """Fashion-MNIST: 60,000 training or 10,000 test pictures, uint8 1×28×28, labels 0 to 9.

    Raises InputError if it is not on this machine and cannot be downloaded, and if a file is not
    the published one.
    """
    stem = idx.STEMS[split]
    pixels, labels = _read(f"{stem}-images-idx3-ubyte"), _read(f"{stem}-labels-idx1-ubyte")
    return Images(
        name=f"builtin:fashion-mnist:{split}",
        n=len(pixels),
        shape=(1, 28, 28),
        batches=lambda size: iter(pixels.split(size)),
        fingerprint=f"sha256:{SHA256[f'{stem}-images-idx3-ubyte'][:16]}",
        labels=labels.long(),
        classes=CLASSES,
    )


def _read(name: str) -> Tensor:
    places = [folder / file for folder in _folders() for file in (f"{name}.gz", name)]
    path = next((place for place in places if place.is_file()), None) or _fetch(name)
    return _verified(path, name)


@cache
def _verified(path: Path, name: str) -> Tensor:
    raw = idx.content(path)
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256[name]:
        raise InputError(
            f"{path} is not the published one: its content has the sha256 {found[:12]}… instead of "
            f"{SHA256[name][:12]}…; delete it"
        )
    return idx.parse(raw, str(path))


def _folders() -> list[Path]:
    first, *cached = data_dirs("fashion-mnist")
    return [first, DEBIAN, *cached]


def _fetch(name: str) -> Path:
    """Downloads a file to the cache; it is there verified, or not at all."""
    into, url = _folders()[-1], f"{URL}/{name}.gz"
    part = into / f"{uuid.uuid4().hex}.part"
    try:
        into.mkdir(parents=True, exist_ok=True)
        download(url, part, LARGEST)
        found = hashlib.sha256(idx.content(part)).hexdigest()
        if found != SHA256[name]:
            raise InputError(f"what came has the sha256 {found[:12]}…, not {SHA256[name][:12]}…")
        return part.replace(into / f"{name}.gz")
    except (OSError, InputError, http.client.HTTPException) as error:
        files = ", ".join(f"{name}.gz" for name in SHA256)
        raise InputError(
            f"builtin:fashion-mnist is not on this machine, and {url} cannot be had: {error}. Put "
            f"{files} into {_folders()[0]}, or install Debian's package dataset-fashion-mnist"
        ) from error
    finally:
        part.unlink(missing_ok=True)
