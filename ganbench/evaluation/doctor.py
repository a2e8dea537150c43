"""Checks that the numbers are right on this machine: closed forms, resizes, batches, speed."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.downloads import cache_dir
from ganbench.errors import InputError
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.resize import resize
from ganbench.measures.frechet import frechet
from ganbench.measures.inception_score import inception_score
from ganbench.measures.manifold import coverage, density, precision, recall
from ganbench.measures.mmd import kid
from ganbench.measures.neighbours import neighbours
from ganbench.moments import Moments
from ganbench.types import Extractor, Features, Probs

CHOICES = ("inception", "efficientnet-lite0", "mnist-classifier")  # best first


@dataclass(frozen=True)
class Check:
    """One finding: `right` is None where there is nothing to be right or wrong."""

    name: str
    right: bool | None
    words: str


def checks(extractor: str = "auto", device: str = "auto") -> Iterator[Check]:
    """All checks, one by one; the slow ones last."""
    where = _device(device)
    yield Check("machine", None, _machine(where))
    for name, function in CLOSED_FORMS.items():
        found, expected, tolerance = function()
        right = math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
        yield Check(name, right, f"{found:.9g}, expected {expected:.9g}")
    yield from _resizes()
    yield Check("feature cache", None, f"{cache_dir()}, {_size() / 2**20:,.0f} MiB")
    names = CHOICES if extractor == "auto" else (extractor,)
    for name in names:
        try:
            eye = load_extractor(name, where)
        except InputError as error:
            yield Check(name, None, str(error))
            continue
        yield Check(name, None, f"digest {eye.digest[:16]}, {dict(eye.protocol)}")
        yield from _network(eye)
        break


def _frechet() -> tuple[float, float, float]:
    """Of two Gaussians with commuting covariances, far from the origin."""
    draws = torch.Generator().manual_seed(0)
    x = torch.randn((500, 32), generator=draws, dtype=torch.float64)
    a, b = Moments.of(x + 1e3), Moments.of(3 * x + 1e3 + 2)
    shift = (b.mean - a.mean).square().sum()
    return frechet(a, b), (shift + 4 * a.covariance.trace()).item(), 1e-9


def _kid() -> tuple[float, float, float]:
    """The double sum over the pairs."""
    draws = torch.Generator().manual_seed(0)
    x, y = torch.randn((2, 40, 8), generator=draws, dtype=torch.float64)
    k = [(a @ b.T / 8 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    within = [(m.sum() - m.diagonal().sum()) / (40 * 39) for m in k[:2]]
    return kid(Features(x), Features(y)), (within[0] + within[1] - 2 * k[2].mean()).item(), 1e-6


def _one_hot() -> tuple[float, float, float]:
    return inception_score(Probs(torch.eye(10).repeat(100, 1)), splits=1), 10.0, 1e-9


def _identical() -> tuple[float, float, float]:
    x = Features(torch.randn((300, 16), generator=torch.Generator().manual_seed(0)))
    pair = neighbours(x, x)
    return sum(m(pair) for m in (precision, recall, density, coverage)), 4.0, 1e-9


CLOSED_FORMS: dict[str, Callable[[], tuple[float, float, float]]] = {
    "Fréchet distance, commuting covariances around 1,000": _frechet,
    "KID against the double sum": _kid,
    "Inception Score of one-hot predictions of 10 classes": _one_hot,
    "precision + recall + density + coverage of a set against itself": _identical,
}


def _resizes() -> Iterator[Check]:
    """Ramps, which every protocol must map as its definition says, to the bit or nearly."""
    ramp = torch.arange(4, dtype=torch.uint8).mul(60).expand(1, 3, 4, 4)
    places = torch.arange(8) * 4 / 8
    expected = torch.minimum(places * 60, torch.tensor(180.0)).expand(1, 3, 8, 8)
    yield Check(
        "resize tf1 of a ramp", torch.equal(resize(ramp, "tf1", 8), expected), "equal to the bit"
    )
    flat = torch.full((1, 3, 7, 5), 77, dtype=torch.uint8)
    for protocol in ("tf1", "clean", "torch-half-pixel", "torch-antialias"):
        error = (resize(flat, protocol, 16) - 77).abs().max().item()
        yield Check(f"resize {protocol} of a constant", error < 1e-4, f"off by {error:.1e} of 255")


def _network(eye: Extractor) -> Iterator[Check]:
    shape = (1, 28, 28) if eye.name == "mnist-classifier" else (3, 64, 64)
    draws = torch.Generator().manual_seed(0)
    n = min(eye.batch, 64)
    images = torch.randint(256, (n, *shape), generator=draws, dtype=torch.uint8)

    def run(batch: Tensor) -> Tensor:
        return eye.extract(eye.prepare(batch) if eye.prepare else batch).features

    with torch.inference_mode():
        whole = run(images)
        single = torch.cat([run(images[i : i + 1]) for i in range(4)])
        error = ((whole[:4] - single).norm() / whole[:4].norm()).item()
        yield Check("batch size", error < 1e-4, f"64 at a time or one: {error:.1e} relative")
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < 3:
            run(images)
            done += n
        rate = done / (time.perf_counter() - started)
    hours = 50_000 / rate / 3600
    yield Check("speed", None, f"{rate:,.1f} images/s: 50,000 images take {hours:.2g} hours")


def _device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def _machine(device: str) -> str:
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "CPU"
    threads = torch.get_num_threads()
    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, {device} ({name}), "
        f"{threads} threads on {os.cpu_count()} cores"
    )


def _size() -> int:
    return sum(path.stat().st_size for path in cache_dir().glob("features/*/*.safetensors"))
