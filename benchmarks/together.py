"""Several pages and several trainings on one folder at once: is anything lost, does anything fail?

    python benchmarks/together.py [--minutes 5] [--servers 2] [--trainers 4] [--training]
                                  [--index postgresql://user@host/database] [--rate 500]

Each trainer logs as fast as `rate` allows (five scalars a call, now and then a picture, a text, a
tag) and begins a new run every 20 seconds; `--training` adds a real one, `ganbench train ring8`,
again and again. Each server is asked by two browsers' worth of requests without a pause, and one
live stream; `ganbench runs list` looks at the same index meanwhile. In the end everything that was
logged must be in the index and in every server's answers. The exit status is 1 if it is not, or if
anybody complained.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

NAMES = ("dis_loss", "dis_acc", "adv_loss", "adv_acc", "lr")
EACH = 20.0  # seconds of a run
GANBENCH = [sys.executable, "-m", "ganbench"]


def log_until(runs_dir: Path, until: float, rate: float) -> None:
    """One trainer, in a process of its own: prints a line of JSON about each run."""
    import numpy as np

    import ganbench as gb

    noise = np.random.default_rng(os.getpid()).integers(0, 255, (96, 96, 3), np.uint8)
    while time.time() < until:
        run = gb.Run("together", config={"rate": rate}, runs_dir=runs_dir)
        end, step = min(until, time.time() + EACH), 0
        made = Counter(rows=0, pictures=0, texts=0)
        while time.time() < end:
            run.log({name: step + i for i, name in enumerate(NAMES)}, step=step)
            made["rows"] += 1
            if step % 100 == 0:
                run.log_text(f"step {step}", step=step)
                made["texts"] += 1
            if step % 250 == 0:
                run.log_image("samples", noise ^ np.uint8(step // 250 % 256), step=step)
                made["pictures"] += 1
            if step == 500:
                run.add_tags("far")
            step += 1
            time.sleep(1 / rate)
        run.finish(summary=False)
        print(json.dumps({"run": run.id, **made}), flush=True)


@contextmanager
def child(log: Path, command: list[str], index: str | None) -> Iterator[subprocess.Popen[str]]:
    """A process that is ended afterwards; what it complains about is in `log`."""
    environment = {**os.environ, "GANBENCH_INDEX": index or ""}
    with log.open("a") as file:
        made = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=file, text=True, env=environment
        )
    try:
        yield made
    finally:
        made.terminate()
        made.wait()
        if made.stdout is not None:
            made.stdout.close()


class Watcher(threading.Thread):
    """Asks one server for everything, without a pause, until `stop` is set."""

    def __init__(self, at: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.at, self.stop = at, stop
        self.answers, self.slowest = 0, 0.0
        self.errors: Counter[str] = Counter()

    def get(self, path: str) -> Any:
        """The JSON at `path`, None if there was no such answer."""
        start = time.perf_counter()
        try:
            with urllib.request.urlopen(self.at + path, timeout=60) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            told = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
            self.errors[f"{path.split('?')[0]}: {error} {told}".strip()[:200]] += 1
            return None
        finally:
            self.answers += 1
            self.slowest = max(self.slowest, time.perf_counter() - start)

    def run(self) -> None:
        while not self.stop.is_set():
            self.get("/api/table")
            for run in random.sample(found := self.get("/api/runs") or [], min(len(found), 4)):
                shown = self.get(f"/api/runs/{run['id']}")
                names = [("name", name) for name in (shown or {}).get("points", ())]
                if names:
                    self.get(f"/api/runs/{run['id']}/series?{urllib.parse.urlencode(names)}")
                    self.get(f"/api/runs/{run['id']}/pictures")


class Listener(threading.Thread):
    """Follows the newest run of one server by its live stream; counts what arrives."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(daemon=True)
        self.watcher, self.pulses = watcher, 0

    def run(self) -> None:
        while not self.watcher.stop.is_set():
            runs = self.watcher.get("/api/runs")
            if not runs:
                time.sleep(0.2)
                continue
            end = time.time() + EACH / 2
            address = f"{self.watcher.at}/api/runs/{runs[0]['id']}/live"
            with urllib.request.urlopen(address, timeout=60) as stream:
                for line in stream:
                    self.pulses += line.startswith(b"data: {")
                    if time.time() > end or self.watcher.stop.is_set():
                        break


def found_by(watcher: Watcher, run: str) -> Counter[str]:
    """What a server knows of a run in the end."""
    shown = watcher.get(f"/api/runs/{run}") or {"points": {}, "state": "missing"}
    series = watcher.get(f"/api/runs/{run}/series?name=dis_loss") or {"dis_loss": {"n": 0}}
    pictures = watcher.get(f"/api/runs/{run}/pictures") or {"pictures": []}
    counts = {shown["points"].get(name, 0) for name in NAMES} | {series["dis_loss"]["n"]}
    made = Counter(
        rows=min(counts), pictures=len(pictures["pictures"]), texts=shown.get("texts", 0)
    )
    made["unfinished"] = shown["state"] != "finished"
    return made


def main() -> int:
    """Starts everything, waits, counts, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--trainers", type=int, default=4)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--index")
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--trainer", help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.trainer:
        log_until(Path(chosen.trainer), chosen.until, chosen.rate)
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, ExitStack() as stack:
        return together(chosen, Path(place), stack)


def together(chosen: argparse.Namespace, place: Path, stack: ExitStack) -> int:
    """All at once on the folder `place`/runs."""
    runs_dir, stop = place / "runs", threading.Event()

    def begin(name: str, command: list[str]) -> subprocess.Popen[str]:
        return stack.enter_context(child(place / f"{name}.log", command, chosen.index))

    watchers = []
    for i in range(chosen.servers):
        command = [*GANBENCH, "serve", "--runs-dir", str(runs_dir), "--port", str(8781 + 10 * i)]
        server = begin(f"server {i + 1}", command)
        at = (server.stdout.readline() if server.stdout else "").split()[-1].rstrip("/")
        watchers += [Watcher(at, stop) for _ in range(2)]
    listeners = [Listener(watcher) for watcher in watchers[::2]]
    until = time.time() + chosen.minutes * 60
    trainer = [sys.executable, __file__, "--trainer", str(runs_dir), "--until", str(until)]
    trainers = [
        begin(f"trainer {i + 1}", [*trainer, "--rate", str(chosen.rate)])
        for i in range(chosen.trainers)
    ]
    for thread in (*watchers, *listeners):
        thread.start()
    failed = Counter[str]()
    while time.time() < until:
        look = [*GANBENCH, "runs", "list", "--json", "--runs-dir", str(runs_dir)]
        commands = [look]
        if chosen.training:
            quick = ["--steps", "200", "--scoring.n", "1000", "--runs-dir", str(runs_dir)]
            commands.append([*GANBENCH, "train", "ring8", *quick])
        for i, command in enumerate(commands):
            process = begin(f"command {i + 1}", command)
            try:
                process.communicate(timeout=max(until - time.time(), 10))
            except subprocess.TimeoutExpired:
                continue  # a training that is not over yet
            failed[" ".join(command[3:5])] += process.returncode != 0
        time.sleep(max(min(5.0, until - time.time()), 0))
    lines = [line for made in trainers for line in made.communicate()[0].splitlines()]
    written = [json.loads(line) for line in lines if line.startswith("{")]
    stop.set()
    for thread in (*watchers, *listeners):
        thread.join()
    time.sleep(1)
    return report(chosen, place, watchers, listeners, written, failed)


def report(
    chosen: argparse.Namespace,
    place: Path,
    watchers: list[Watcher],
    listeners: list[Listener],
    written: list[dict[str, Any]],
    failed: Counter[str],
) -> int:
    """The table, and whether all is well."""
    total = Counter[str]()
    for made in written:
        total.update({key: made[key] for key in ("rows", "pictures", "texts")})
    title = f"{chosen.servers} servers, {chosen.trainers} trainers, {chosen.minutes:g} min"
    table = Table("", "rows", "pictures", "texts", "answers", "pulses", "slowest, s", title=title)
    table.add_row(f"written, {len(written)} runs", *map(str, total.values()))
    wrong = sum(failed.values()) + (not written)
    for i, (watcher, listener) in enumerate(zip(watchers[::2], listeners, strict=True)):
        both = watchers[2 * i : 2 * i + 2]
        found = Counter[str]()
        for made in written:
            found.update(found_by(watcher, made["run"]))
        answers, slowest = sum(w.answers for w in both), max(w.slowest for w in both)
        told = (found["rows"], found["pictures"], found["texts"], answers, listener.pulses)
        table.add_row(f"found by server {i + 1}", *map(str, told), f"{slowest:.2f}")
        wrong += any(found[key] != total[key] for key in total) + found["unfinished"]
        for error, times in (both[0].errors + both[1].errors).items():
            print(f"server {i + 1}: {times} × {error}")
            wrong += times
    for log in sorted(place.glob("*.log")):
        for line in log.read_text().splitlines():
            print(f"{log.stem}: {line}")
            wrong += 1
    for command, times in (+failed).items():
        print(f"{command} failed {times} times")
    Console(width=120).print(table)
    print("nothing was lost, nobody complained" if not wrong else f"{wrong} things went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
