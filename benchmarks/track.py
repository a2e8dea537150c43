"""What logging costs the loop, beside five trackers; each in a process of its own, in turns.

    python benchmarks/track.py [--calls 20000] [--rounds 3] [--images 100]

`calls` calls of five scalars each: microseconds of a call (median, 99th percentile, worst), and
the time until everything is on disk, per million points; bytes of disk a point; how much the
process grew. Then images of 400×400 pixels: milliseconds on the calling thread. Everything works
offline: W&B and Comet in their offline modes, MLflow in a local store.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

NAMES = ("dis_loss", "dis_acc", "adv_loss", "adv_acc", "lr")
Log = Callable[[dict[str, float], int], Any]
LogImage = Callable[[np.ndarray, int], Any]


def ganbench(where: Path) -> tuple[Log, LogImage, Callable[[], Any]]:
    import ganbench as gb

    run = gb.Run("bench", runs_dir=where)
    return (
        lambda values, step: run.log(values, step=step),
        lambda image, step: run.log_image("samples", image, step),
        lambda: run.finish(summary=False),
    )


def tensorboard(where: Path) -> tuple[Log, LogImage, Callable[[], Any]]:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(where))

    def log(values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    def image(pixels: np.ndarray, step: int) -> None:
        writer.add_image("samples", pixels, step, dataformats="HWC")

    return log, image, writer.close


def wandb(where: Path) -> tuple[Log, LogImage, Callable[[], Any]]:
    import wandb as peer

    run = peer.init(mode="offline", dir=where, project="bench")
    return (
        lambda values, step: run.log(values, step=step),
        lambda image, step: run.log({"samples": peer.Image(image)}, step=step),
        run.finish,
    )


def comet(where: Path) -> tuple[Log, LogImage, Callable[[], Any]]:
    import comet_ml

    run = comet_ml.OfflineExperiment(
        project_name="bench", offline_directory=str(where), display_summary_level=0
    )
    return (
        lambda values, step: run.log_metrics(values, step=step),
        lambda image, step: run.log_image(image, name="samples", step=step),
        run.end,
    )


def trackio(where: Path) -> tuple[Log, LogImage, Callable[[], Any]]:
    os.environ["TRACKIO_DIR"] = str(where)
    import trackio as peer

    peer.init(project="bench", embed=False)
    return (
        lambda values, step: peer.log(values, step=step),
        lambda image, step: peer.log({"samples": peer.Image(image)}, step=step),
        peer.finish,
    )


def mlflow(where: Path) -> tuple[Log, LogImage, Callable[[], Any]]:
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow as peer

    peer.set_tracking_uri(f"file:{where}")
    peer.set_experiment("bench")
    peer.start_run()
    return (
        lambda values, step: peer.log_metrics(values, step=step),
        lambda image, step: peer.log_image(image, key="samples", step=step),
        peer.end_run,
    )


TOOLS = {f.__name__: f for f in (ganbench, tensorboard, wandb, comet, trackio, mlflow)}
SLOW = {"mlflow": 20}  # these get a fraction of the calls


def measure(tool: str, calls: int, images: int) -> dict[str, float]:
    """One tool in this process: `calls` calls of five scalars, or `images` images."""
    calls = max(calls // SLOW.get(tool, 1), 1)
    random = np.random.default_rng(0)
    numbers = random.random((1000, len(NAMES))).tolist()
    rows = [dict(zip(NAMES, row, strict=True)) for row in numbers]
    noise = random.random((8, 8, 3))
    picture = (np.kron(noise, np.ones((50, 50, 1))) * 255).astype(np.uint8)
    picture = picture ^ random.integers(0, 8, picture.shape, np.uint8)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        where = Path(folder)
        log, log_image, finish = TOOLS[tool](where)
        for step in range(100):
            log(rows[step], step)
        process = psutil.Process()
        before = process.memory_info().rss
        spent, began = np.empty(calls), time.perf_counter()
        for i in range(calls):
            start = time.perf_counter_ns()
            log(rows[i % 1000], 100 + i)
            spent[i] = time.perf_counter_ns() - start
        grown = process.memory_info().rss - before
        shown = np.empty(images)
        looped = time.perf_counter() - began
        for i in range(images):
            start = time.perf_counter_ns()
            log_image(picture ^ np.uint8(i), 100 + calls + i)
            shown[i] = time.perf_counter_ns() - start
            time.sleep(0.02)  # a loop does something else between two grids
        began = time.perf_counter()
        finish()
        closing = time.perf_counter() - began
        size = sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
    if images:
        return {"image": float(np.median(shown)) / 1e6, "image_worst": float(shown.max()) / 1e6}
    return {
        "p50": float(np.median(spent)) / 1e3,
        "p99": float(np.quantile(spent, 0.99)) / 1e3,
        "worst": float(spent.max()) / 1e6,
        "million": (looped + closing) / (calls * len(NAMES)) * 1e6,
        "bytes": size / (calls * len(NAMES)),
        "grown": grown / 2**20,
    }


def main() -> None:
    """Each tool once a round; medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--tools", nargs="*", default=list(TOOLS))
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        out, sink = sys.stdout, io.StringIO()
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            figures = measure(chosen.worker, chosen.calls, chosen.images)
        print(json.dumps(figures), file=out)
        return
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(chosen.rounds):
        for tool in chosen.tools:
            figures = worker(tool, chosen.calls, 0)
            if figures:
                found.setdefault(tool, []).append(figures | worker(tool, 0, chosen.images))
    show(found)


def worker(tool: str, calls: int, images: int) -> dict[str, float]:
    """What `measure` says in a process of its own; nothing, and why, if that fails."""
    command = [sys.executable, __file__, "--worker", tool]
    command += ["--calls", str(calls), "--images", str(images)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        print(f"{tool} is left out: {last}", file=sys.stderr)
        return {}
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


def show(found: dict[str, list[dict[str, float]]]) -> None:
    """The table, and how we stand against the best peer."""
    columns = {
        "p50": "µs, median",
        "p99": "µs, p99",
        "worst": "ms, worst",
        "million": "s per 1M points",
        "bytes": "bytes a point",
        "grown": "MiB grown",
        "image": "ms an image",
        "image_worst": "ms, worst",
    }
    table = Table("", *columns.values(), title="five scalars a call; images of 400×400")
    medians = {
        tool: {key: statistics.median(run[key] for run in runs) for key in columns}
        for tool, runs in found.items()
    }
    for tool, row in medians.items():
        table.add_row(tool, *(f"{row[key]:,.3g}" for key in columns))
    ours = medians.pop("ganbench", None)
    if ours and medians:
        best = {key: min(row[key] for row in medians.values()) for key in columns}
        table.add_section()
        ratios = (f"{best[key] / max(ours[key], 1e-3):,.2g}×" for key in columns)
        table.add_row("best peer / ganbench", *ratios)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
