"""Time and memory of the measures on pairwise distances and kernels, with the peers beside us.

    python benchmarks/neighbours.py [--n 10000] [--d 2048] [--rounds 1] [--only NAME ...]

Random features, N real and N fake. Each contender has a process of its own (for its peak memory),
and the rounds alternate between them; the least of each is shown. `floor` is the time that the
multiplications alone take at the speed of the machine's matrix product, measured before each round.
Peers that are not installed are left out. The number of threads is that of OMP_NUM_THREADS.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor


def features(n: int, d: int, seed: int) -> Tensor:
    """float32 n×d, non-negative and with a common mean, as pooled features are."""
    draws = torch.Generator().manual_seed(seed)
    return torch.rand((n, d), generator=draws).mul_(1 + 0.05 * seed)


def ours_neighbours(real: Any, fake: Any) -> list[float]:
    from ganbench.measures import manifold, memorisation
    from ganbench.measures.neighbours import neighbours

    pair = neighbours(real, fake)
    four = (manifold.precision, manifold.recall, manifold.density, manifold.coverage)
    return [measure(pair) for measure in (*four, manifold.rarity, memorisation.authenticity)]


def ours_kid(real: Any, fake: Any) -> list[float]:
    from ganbench.measures.mmd import kid_spread

    spread = kid_spread(real, fake)
    return [spread.estimate, spread.error]


def ours_subsets(real: Any, fake: Any) -> list[float]:
    from ganbench.measures.mmd import kid

    return [kid(real, fake, subsets=100, seed=2020)]


def ours_cmmd(real: Any, fake: Any) -> list[float]:
    from ganbench.measures.mmd import cmmd

    return [cmmd(real, fake)]


def fidelity(module: str) -> Any:
    """A module of torch-fidelity, which imports torchvision, which misses two schemas here."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    with contextlib.suppress(RuntimeError):  # defined already, where torchvision is whole
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    kept.append(library)
    return importlib.import_module(f"torch_fidelity.{module}")


def fidelity_prc(real: Tensor, fake: Tensor, **knobs: Any) -> list[float]:
    found = fidelity("metric_prc").prc_features_to_metric(fake, real, verbose=False, **knobs)
    return [found["precision"], found["recall"]]


def fidelity_kid(real: Tensor, fake: Tensor) -> list[float]:
    found = fidelity("metric_kid").kid_features_to_metric(fake, real, verbose=False)
    return [found["kernel_inception_distance_mean"]]


def prdc(real: Tensor, fake: Tensor) -> list[float]:
    with contextlib.redirect_stdout(io.StringIO()):
        found = importlib.import_module("prdc").compute_prdc(real.numpy(), fake.numpy(), 5)
    return [found[name] for name in ("precision", "recall", "density", "coverage")]


kept: list[Any] = []
Run = Callable[[Any, Any], list[float]]
# What runs, whose it is, and its multiply-adds: how many N×N×D products of which type (bits), where
# 0 stands for the subsets. NumPy halves a product with itself, so torch-fidelity's KID beats it.
CONTENDERS: dict[str, tuple[Run, str, float, int]] = {
    "P R D C + rarity, authenticity": (ours_neighbours, "ganbench", 2, 64),
    "P R, torch-fidelity": (fidelity_prc, "torch-fidelity", 3, 32),
    "P R, torch-fidelity, save_cpu_ram": (
        lambda real, fake: fidelity_prc(real, fake, save_cpu_ram=True),
        "torch-fidelity",
        4,
        32,
    ),
    "P R D C, prdc": (prdc, "prdc", 3, 64),  # scikit-learn computes in float64
    "KID, all pairs, with its error": (ours_kid, "ganbench", 2, 32),
    "KID 100×1000": (ours_subsets, "ganbench", 0, 32),
    "KID 100×1000, torch-fidelity": (fidelity_kid, "torch-fidelity", 0, 32),
    "CMMD": (ours_cmmd, "ganbench", 2, 64),
}


def operations(products: float, n: int, d: int) -> float:
    return 2 * d * (products * n**2 if products else 100 * 3 * 1000**2)


def peak_speed(bits: int) -> float:
    """Operations a second of a product of matrices of 2048×2048, by the fastest that torch has."""
    a = torch.rand((2048, 2048), dtype=torch.float64 if bits == 64 else torch.float32)
    jobs: list[Callable[[], Tensor]] = [lambda: a @ a]
    if bits == 32:  # oneDNN, which has no float64
        jobs.append(lambda: torch.nn.functional.linear(a.to_mkldnn(), a).to_dense())
    best = 0.0
    for job in 4 * jobs:
        started = time.perf_counter()
        job()
        best = max(best, 2 * 2048**3 / (time.perf_counter() - started))
    return best


def work(name: str, n: int, d: int) -> None:
    """In a process of its own: runs one contender and prints what it took."""
    warnings.simplefilter("ignore")
    run = CONTENDERS[name][0]
    real, fake = features(n, d, 0), features(n, d, 1)
    run(real[:1001], fake[:1001])  # the imports
    before, clock, cpu = peak_memory(), time.perf_counter(), time.process_time()
    values = run(real, fake)
    wall, cpu = time.perf_counter() - clock, time.process_time() - cpu
    taken = {"wall": wall, "cpu": cpu, "peak": peak_memory(), "values": values}
    print(json.dumps({**taken, "more": peak_memory() - before}))


def peak_memory() -> float:
    """MiB of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, n: int, d: int) -> dict[str, Any] | None:
    command = [sys.executable, __file__, "--worker", name, "--n", str(n), "--d", str(d)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        print(f"{name}: {reason}", file=sys.stderr)
        return None
    taken: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return taken


def installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--d", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args.worker, args.n, args.d)
    best: dict[str, dict[str, Any]] = {}
    speeds = {32: 0.0, 64: 0.0}
    for _ in range(args.rounds):
        speeds = {bits: max(speed, peak_speed(bits)) for bits, speed in speeds.items()}
        for name in args.only:
            if installed(CONTENDERS[name][1]) and (taken := measure(name, args.n, args.d)):
                print(f"{name}: {taken}", file=sys.stderr)
                if name not in best or taken["cpu"] < best[name]["cpu"]:
                    best[name] = taken
    threads = os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())
    versions = [f"{x} {version(x)}" for x in ("torch", "torch-fidelity", "prdc") if installed(x)]
    print(f"N = M = {args.n:,}, D = {args.d:,}, {threads} threads, {', '.join(versions)};")
    print(f"matrix product {speeds[32] / 1e9:.0f} GFLOP/s fp32, {speeds[64] / 1e9:.0f} fp64\n")
    print("| | wall s | CPU s | peak MiB | of it above imports and features | floor s | × floor |")
    print("|---|---|---|---|---|---|---|")
    for name, taken in best.items():
        _, _, products, bits = CONTENDERS[name]
        floor = operations(products, args.n, args.d) / speeds[bits]
        figures = [f"{taken['wall']:.1f}", f"{taken['cpu']:.1f}", f"{taken['peak']:,.0f}"]
        figures += [f"{taken['more']:,.0f}", f"{floor:.1f}", f"{taken['wall'] / floor:.2f}"]
        print(f"| {name} | " + " | ".join(figures) + " |")
    return None


if __name__ == "__main__":
    main()
