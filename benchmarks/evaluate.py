"""How fast ganbench scores, with torch-fidelity, SciPy and the machine's floor beside it.

`python benchmarks/evaluate.py` takes some minutes; the peers come with `ganbench[bench]`. The
Inception network has random weights: speed does not depend on them. Runs are interleaved, figures
are medians, and ratios are what to look at.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import linalg
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1]))

from ganbench.evaluation.extract import extract
from ganbench.evaluation.images import load
from ganbench.evaluation.inception import inception
from ganbench.evaluation.random_conv import random_conv
from ganbench.measures.frechet import frechet
from ganbench.moments import Moments
from ganbench.types import Extractor
from tests.evaluation.inception_weights import as_weights, random_weights, state_dict
from tests.parity import shim


def interleaved(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each job, one after the other in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            started = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def show(title: str, rows: dict[str, str]) -> None:
    print(f"\n{title}")
    for name, words in rows.items():
        print(f"  {name:<44}{words}")


def peak(rounds: int = 9) -> float:
    """Operations a second, float32: the best of a square product and of two convolutions.

    The convolutions (1×1, which is a product, and 3×3) reach more than the product here: another
    library computes them.
    """
    square = torch.randn(2048, 2048)
    image = torch.randn(16, 512, 32, 32).to(memory_format=torch.channels_last)
    filters = [torch.randn(512, 512, k, k) for k in (1, 3)]
    point, wide = (one.to(memory_format=torch.channels_last) for one in filters)
    jobs: dict[str, tuple[float, Callable[[], object]]] = {
        "product": (2 * 2048**3, lambda: square @ square),
        "1×1": (2 * 512**2 * 16 * 32**2, lambda: conv2d(image, point)),
        "3×3": (2 * 9 * 512**2 * 16 * 30**2, lambda: conv2d(image, wide)),
    }
    with torch.inference_mode():
        found = interleaved({name: job for name, (_, job) in jobs.items()}, rounds)
    rates = {name: count / found[name] for name, (count, _) in jobs.items()}
    print("\npeak:", ", ".join(f"{k} {v / 1e9:.0f} GFLOP/s" for k, v in rates.items()))
    return max(rates.values())


def operations(eye: Extractor, images: torch.Tensor) -> int:
    """Multiplications and additions of an image."""
    assert eye.prepare is not None
    with FlopCounterMode(display=False) as counter:
        eye.extract(eye.prepare(images[:1]))
    return int(counter.get_total_flops())


def frechet_distance(rounds: int, d: int = 2048) -> None:
    """From moments, and from fewer samples than dimensions."""
    draws = torch.Generator().manual_seed(0)
    mix = torch.randn(d, d, generator=draws, dtype=torch.float64) / d**0.5
    mix = mix * torch.linspace(1, 0.05, d, dtype=torch.float64)
    x, y = (torch.randn(3 * d, d, generator=draws, dtype=torch.float64) @ mix for _ in range(2))
    real, fake = Moments.of(x), Moments.of(y * 1.1)
    few = Moments.of(y[:500] * 1.1)
    mu, sigma = real.mean.numpy(), real.covariance.numpy()
    nu, tau = fake.mean.numpy(), fake.covariance.numpy()

    def by_scipy() -> float:
        root = linalg.sqrtm(sigma @ tau)
        return float(np.square(mu - nu).sum() + np.trace(sigma + tau - 2 * root.real))

    jobs: dict[str, Callable[[], object]] = {
        "ganbench, the reference's root cached": lambda: frechet(real, fake),
        "ganbench, nothing cached": lambda: frechet(Moments(real.n, real.mean, real.scatter), fake),
        "ganbench, 500 samples": lambda: frechet(real, few),
        "SciPy sqrtm (pytorch-fid, clean-fid)": by_scipy,
    }
    shim.torchvision()
    theirs = shim.peer("torch_fidelity.metric_fid")
    one, two = {"mu": mu, "sigma": sigma}, {"mu": nu, "sigma": tau}
    jobs["torch-fidelity"] = lambda: theirs.fid_statistics_to_metric(one, two, False)
    real.root  # noqa: B018
    print("values:", frechet(real, fake), by_scipy())
    found = interleaved(jobs, rounds)
    ours = found["ganbench, the reference's root cached"]
    show(
        f"Fréchet distance, {d} dimensions, float64",
        {name: f"{value:7.2f} s   {value / ours:6.1f}×" for name, value in found.items()},
    )


def features(rounds: int, n: int, peer_batch: int) -> None:
    """Images a second of Inception, resize included."""
    weights = as_weights(random_weights())
    images = torch.randint(256, (n, 3, 256, 256), dtype=torch.uint8)

    def ours(precision: str, batch: int) -> Callable[[], object]:
        eye = inception(weights=weights, precision=precision)

        def run() -> None:
            for part in images.split(batch):
                assert eye.prepare is not None
                eye.extract(eye.prepare(part))

        return run

    jobs = {"ganbench, fp32": ours("fp32", 64), "ganbench, bf16": ours("bf16", 64)}
    shim.torchvision()
    module = shim.peer("torch_fidelity.feature_extractor_inceptionv3")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.pth"
        torch.save(state_dict(random_weights()), path)
        theirs = module.FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
        ).eval()

    def peer() -> None:
        with torch.inference_mode():
            for part in images.split(peer_batch):
                theirs(part)

    theirs_named = f"torch-fidelity, batch {peer_batch}"
    found = interleaved({**jobs, theirs_named: peer}, rounds)
    base = found[theirs_named]
    ideal = peak() / operations(inception(weights=weights), images)
    rows = {
        k: f"{n / v:7.1f} images/s   {base / v:5.2f}×   {n / v / ideal:4.0%} of fp32 peak"
        for k, v in found.items()
    }
    rows["fp32 at the machine's peak"] = f"{ideal:7.1f} images/s"
    show("Inception features of 256×256 images", rows)


def decoding(n: int) -> None:
    """How long the network waits for JPEG files, with a network much faster than Inception."""
    with tempfile.TemporaryDirectory() as name:
        rng = np.random.default_rng(0)
        for i in range(n):
            small = Image.fromarray(rng.integers(256, size=(16, 16, 3), dtype=np.uint8))
            small.resize((256, 256)).save(Path(name) / f"{i:05}.jpg", quality=90)
        images = load(name)
        started = time.perf_counter()
        for _ in images.batches(64):
            pass
        alone = time.perf_counter() - started
        weights = as_weights(random_weights())
        rows = {"decoding alone": f"{n / alone:7.0f} images/s"}
        for eye in (random_conv(), inception(weights=weights)):
            _, timing = extract(images if eye.name != "inception" else load(name), [eye])
            share = timing.waited / timing.seconds
            rows[eye.name] = f"{n / timing.seconds:7.0f} images/s, waiting {share:.1%} of the time"
    show(f"{n:,} JPEG files of 256×256 pixels", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n", type=int, default=64, help="images of the feature benchmark")
    parser.add_argument("--peer-batch", type=int, default=50)
    parser.add_argument("--files", type=int, default=300)
    args = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    frechet_distance(args.rounds)
    features(args.rounds, args.n, args.peer_batch)
    decoding(args.files)


if __name__ == "__main__":
    main()
