"""What watching costs: reading a million points, answering with them, showing them.

    python benchmarks/page.py [--points 1000000] [--pictures 2000] [--runs 1000] [--rounds 5]

Written first: a run with `points` points in five series; one with `points` points in a single
series and `pictures` sample grids; and a folder of `runs` small runs. Then: the time and the memory
that the index takes to read the first; the server's cold start, from the command to the first
answer; a whole curve, warm; the list of runs, warm; and the first paint of the run's page in
headless Chromium. TensorBoard shows as many points from its own files, in turns with us.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from ganbench.store import folder
from ganbench.store.index import Index
from ganbench.store.journal import Journal
from ganbench.store.media import encode

NAMES = ("dis_loss", "dis_acc", "adv_loss", "adv_acc", "lr")
INGEST = """
import sys, time, psutil
from pathlib import Path
from ganbench.store.index import Index
import ganbench.store.query, numpy
index, process = Index(Path(sys.argv[1])), psutil.Process()
before, start = process.memory_info().rss, time.perf_counter()
index.refresh()
status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
print(time.perf_counter() - start, (peak - before) / 2**20)
"""


def write_run(
    runs_dir: Path, points: int, pictures: int, names: tuple[str, ...]
) -> folder.RunFolder:
    """One long run of the series `names`."""
    steps = points // len(names)
    config = {"recipe": "bench", "steps": steps}
    run = folder.create(runs_dir, "bench", {"config": config, "environment": {}, "tags": []})
    journal, random = Journal(run.path, step=0), np.random.default_rng(0)
    rows = random.random((1000, len(names))).tolist()
    for step in range(steps):
        journal.row(step, step * 64, dict(zip(names, rows[step % 1000], strict=True)))
    every = max(steps // max(pictures, 1), 1)
    for i in range(pictures):
        pixels = random.integers(0, 255, (120, 120, 3), np.uint8)
        (run.media / f"{i:064x}.webp").write_bytes(encode(pixels))
        step = i * every
        fields = {"step": step, "seen": step * 64, "sha256": f"{i:064x}"}
        journal.write("media", name="samples", **fields, width=120, height=120)
    journal.write("end", state="finished", step=steps, seen=steps * 64, reason=None, summary=None)
    return run


def write_many(runs_dir: Path, runs: int) -> None:
    """Many short runs."""
    for i in range(runs):
        config = {"recipe": "small", "steps": 20, "lr": 1e-4 * (i + 1)}
        run = folder.create(runs_dir, "small", {"config": config, "environment": {}, "tags": []})
        journal = Journal(run.path, step=0)
        for step in range(20):
            journal.row(step, step * 64, {"dis_loss": 1 / (step + 1), "adv_loss": float(i)})
        journal.write("end", state="finished", step=20, seen=1280, reason=None, summary=None)
        journal.close()


def write_tensorboard(where: Path, points: int) -> None:
    """As many points in one series, as TensorBoard has them."""
    from tensorboardX import SummaryWriter

    writer, random = SummaryWriter(str(where)), np.random.default_rng(0)
    for step in range(points):
        writer.add_scalar(NAMES[0], random.random(), step)
    writer.close()


@contextmanager
def server(command: list[str], address: str) -> Iterator[float]:
    """Starts a server; gives the seconds until its first answer."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(address, timeout=60).read()
                break
            except OSError:
                if child.poll() is not None or time.perf_counter() - began > 120:
                    raise
                time.sleep(0.01)
        yield time.perf_counter() - began
    finally:
        for process in psutil.Process(child.pid).children(recursive=True):
            process.kill()
        child.kill()
        child.wait()


def timed(address: str, times: int = 10) -> float:
    """Milliseconds of a GET, the median of `times` after a first."""
    spent = []
    for _ in range(times + 1):
        start = time.perf_counter()
        urllib.request.urlopen(address, timeout=120).read()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent[1:]) * 1e3


def first_paint(address: str) -> float:
    """Seconds until a curve and a grid are on the screen, in a new browser context."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto("about:blank")
        start = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(".plot .scatterlayer path", state="attached")
        page.wait_for_function(
            "[...document.querySelectorAll('.screen img')].some((i) => i.naturalWidth > 0)"
        )
        spent = time.perf_counter() - start
        browser.close()
    return spent


def ours(
    runs_dir: Path, run: str, many: Path, port: int
) -> Iterator[tuple[str, Callable[[], float]]]:
    """The name of each figure, and what measures it."""
    command = [sys.executable, "-m", "ganbench", "serve", "--port", str(port), "--runs-dir"]
    at = f"http://127.0.0.1:{port}"
    with server([*command, str(runs_dir)], f"{at}/") as cold:
        yield "cold start, s", lambda: cold
        yield "curve of a series, ms", lambda: timed(f"{at}/api/runs/{run}/series?name=dis_loss")
        yield "first paint, s", lambda: first_paint(f"{at}/runs/{run}")
    with server([*command, str(many)], f"{at}/"):
        yield "list of runs, ms", lambda: timed(f"{at}/api/table")


def tensorboard(where: Path, port: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """The same of TensorBoard, as far as it has it."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(where), "--port"]
    at = f"http://127.0.0.1:{port}"
    with server([*command, str(port)], f"{at}/") as cold:
        yield "cold start, s", lambda: cold
        curve = f"{at}/data/plugin/scalars/scalars?tag=dis_loss&run=."
        while b"[[" not in urllib.request.urlopen(f"{curve}").read()[:3]:
            time.sleep(0.2)
        yield "curve of a series, ms", lambda: timed(curve)


def main() -> None:
    """Writes, measures in turns, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {"ganbench": {}, "TensorBoard": {}}

    def note(tool: str, name: str, value: float) -> None:
        found[tool].setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        one, five, many, events = (Path(place) / name for name in ("one", "five", "many", "tb"))
        run = write_run(one, chosen.points, chosen.pictures, NAMES[:1])
        write_run(five, chosen.points, 0, NAMES)
        write_many(many, chosen.runs)
        write_tensorboard(events, chosen.points)
        Index(one).refresh()
        Index(many).refresh()
        for _ in range(chosen.rounds):
            (five / ".index.sqlite").unlink(missing_ok=True)
            done = subprocess.run(
                [sys.executable, "-c", INGEST, str(five)],
                capture_output=True,
                text=True,
                check=True,
            )
            seconds, grown = map(float, done.stdout.split())
            note("ganbench", "reading the journal, s", seconds)
            note("ganbench", "memory grown meanwhile, MiB", grown)
            size = (five / ".index.sqlite").stat().st_size / chosen.points
            note("ganbench", "index, bytes a point", size)
            for name, measure in ours(one, run.id, many, 8771):
                note("ganbench", name, measure())
            for name, measure in tensorboard(events, 8772):
                note("TensorBoard", name, measure())
    title = f"{chosen.points:,} points, {chosen.pictures:,} pictures; {chosen.runs:,} runs"
    table = Table("", *found, title=title)
    for name in found["ganbench"]:
        cells = (found[tool].get(name) for tool in found)
        table.add_row(name, *(f"{statistics.median(c):.3g}" if c else "–" for c in cells))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
