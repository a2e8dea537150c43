"""`ganbench import comet|tensorboard|wandb|mlflow|trackio`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import tyro

from ganbench.cli.live import LiveLine
from ganbench.cli.options import RUNS, RunsDir, choose, console
from ganbench.errors import InputError
from ganbench.imports import comet as comet_
from ganbench.imports import mlflow as mlflow_
from ganbench.imports import tensorboard as tensorboard_
from ganbench.imports import trackio as trackio_
from ganbench.imports import wandb as wandb_
from ganbench.imports.bring import Failed, Going, Imported, Skipped, bring
from ganbench.imports.foreign import Foreign
from ganbench.tables import duration
from ganbench.track.server import address

SHOWN = 5  # losses of a run that are printed
Source = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]


def main(arguments: Sequence[str]) -> int:
    """Runs a subcommand."""
    commands: dict[str, Callable[..., int]] = {
        "comet": comet,
        "tensorboard": tensorboard,
        "wandb": wandb,
        "mlflow": mlflow,
        "trackio": trackio,
    }
    return choose(commands, "import", arguments)


def comet(
    files: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE.zip [FILE.zip …]")
    ],
    runs_dir: RunsDir = RUNS,
    again: bool = False,
) -> int:
    """Offline experiments of Comet.

    Args:
        files: what an OfflineExperiment wrote, or a folder with such a zip's content
        runs_dir: where the runs go
        again: also those that are there already, as new runs
    """
    if not files:
        raise InputError("which one? ganbench import comet FILE.zip")
    return _import(_experiments(files), runs_dir, again)


def tensorboard(path: Source, runs_dir: RunsDir = RUNS, again: bool = False) -> int:
    """Event files of TensorBoard: each folder that holds some is a run.

    Args:
        path: a log directory, or one event file
        runs_dir: where the runs go
        again: also those that are there already, as new runs
    """
    return _import(tensorboard_.runs(path), runs_dir, again)


def wandb(
    path: Source, follow_links: bool = False, runs_dir: RunsDir = RUNS, again: bool = False
) -> int:
    """Offline runs of W&B.

    Args:
        path: the folder `wandb`, one run's folder in it, or a .wandb file
        follow_links: also keep the files that wandb.save linked to, wherever they lie
        runs_dir: where the runs go
        again: also those that are there already, as new runs
    """
    return _import(wandb_.runs(path, follow=follow_links), runs_dir, again)


def mlflow(
    url: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="URL")],
    experiment: str | None = None,
    runs_dir: RunsDir = RUNS,
    again: bool = False,
) -> int:
    """Runs of MLflow: of its database, its folder or its server.

    Args:
        url: sqlite:///mlflow.db, a folder mlruns, or http://…
        experiment: only this one, by name or id
        runs_dir: where the runs go
        again: also those that are there already, as new runs
    """
    return _import(mlflow_.runs(url, experiment), runs_dir, again)


def trackio(
    project: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[PROJECT]")] = None,
    folder: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None,
    runs_dir: RunsDir = RUNS,
    again: bool = False,
) -> int:
    """Runs of trackio.

    Args:
        project: only this one
        folder: where trackio keeps its projects; by default $TRACKIO_DIR or its own default
        runs_dir: where the runs go
        again: also those that are there already, as new runs
    """
    return _import(trackio_.runs(folder or trackio_.home(), project), runs_dir, again)


def _experiments(files: Iterable[Path]) -> Iterator[Foreign]:
    return chain.from_iterable(comet_.runs(file) for file in files)


def _import(runs: Iterable[Foreign], runs_dir: Path, again: bool) -> int:
    """Imports `runs` and says what became of each; 1 if one failed."""
    failed = 0
    with _Line() as line:
        for event in bring(runs, runs_dir, again=again):
            match event:
                case Going():
                    line.show(event)
                    continue
                case Imported():
                    _tell(event)
                case Skipped(run, id, grown):
                    more = ", when there was less of it" if grown else ""
                    console.print(
                        f"{_called(run)}: already imported as {id}{more}; --again imports it anew",
                        soft_wrap=True,
                        markup=False,
                    )
                case Failed(run, why):
                    failed += 1
                    said = _printable(f"ganbench: {_called(run)} was not imported: {why}")
                    print(said, file=sys.stderr)
            line.clear()
    return 1 if failed else 0


def _called(run: Foreign, name: str | None = None) -> str:
    return _printable(f"{name or run.name or run.key} ({run.project})")


def _printable(text: str) -> str:
    """Without what could steer a terminal: it comes from strangers."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _tell(event: Imported) -> None:
    """What was imported, where it is, and what was lost on the way."""
    done, run = event.done, event.run
    parts = (
        (done.points, "point"),
        (done.pictures, "picture"),
        (done.texts, "text"),
        (done.files, "file"),
    )
    counted = (f"{count:,} {what}{'s' if count > 1 else ''}" for count, what in parts if count)
    told = ", ".join(counted) or "nothing logged"
    id = event.folder.id
    line = f"{_called(run, done.name)} → {id}: {done.state}, {told}\n  {address(id)}"
    console.print(line, soft_wrap=True, markup=False)
    for what in done.lost[:SHOWN]:
        print(f"  lost: {_printable(what)}", file=sys.stderr)
    if len(done.lost) > SHOWN:
        more = f"{len(done.lost) - SHOWN:,} more; run.json lists the first 100"
        print(f"  lost: {more}", file=sys.stderr)


class _Line(LiveLine):
    """One live line: share, points, rate, time left. Plain lines in a pipe."""

    def __init__(self) -> None:
        super().__init__()
        self._began: tuple[str, float] = ("", 0.0)

    def show(self, event: Going) -> None:
        """How far the run is."""
        now = time.monotonic()
        if self._began[0] != event.run.key:
            self._began = (event.run.key, now)
        share = min(event.read / max(event.run.size, 1), 1.0)
        seconds = now - self._began[1]
        self.put(share, lambda: self._words(event, share, seconds))

    def _words(self, event: Going, share: float, seconds: float) -> str:
        done = event.done
        rate = done.points / seconds if seconds else 0.0
        left = duration(seconds / share * (1 - share)) if share and seconds else "–"
        return (
            f"{_called(event.run)} · {share:.0%} · {done.points:,} points · "
            f"{done.pictures:,} pictures · {rate:,.0f} points/s · {left} left"
        )
