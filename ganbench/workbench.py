"""Where training, evaluation and the store meet: the only file that knows all three."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganbench import datasets
from ganbench.config import Config
from ganbench.environment import describe
from ganbench.errors import InputError, StoreError
from ganbench.evaluation.protocol import parse
from ganbench.evaluation.report import to_json
from ganbench.events import (
    Checkpoint,
    Diverged,
    Event,
    Finished,
    Grid,
    Scalars,
    Scored,
)
from ganbench.scorer import Scorer
from ganbench.store import checkpoints, folder, journal
from ganbench.store.folder import RunFolder
from ganbench.store.recorder import Recorder
from ganbench.store.relay import Relay
from ganbench.track import server
from ganbench.track import sinks as trackers
from ganbench.train import loop
from ganbench.train import state as states
from ganbench.train.state import State


class Run:
    """One process's part of a run: trains, records, scores; `sinks` are told what it records.

    Make one with `launch` or `resume`, iterate `events()`, and call `interrupt` to stop between
    two steps.
    """

    def __init__(
        self, run: RunFolder, config: Config, state: State, sinks: Sequence[str | Relay] = ()
    ) -> None:
        self.folder = run
        self.config = config
        self.state = state
        relays = (*trackers.relays(sinks, run, state.step or None), *server.relays(run))
        self.recorder = Recorder(run, step=state.step, seen=state.seen, relays=relays)
        self.scorer = Scorer(config, state.shape)
        for step, seen, scores in past_scores(run):
            self.scorer.remember(step, seen, {s["measure"]: s["value"] for s in scores})

    def events(self) -> Iterator[Event]:
        """Trains to the end; every event is on disk when it is yielded (pictures soon after).

        What goes wrong is recorded, as far as the disk allows, and raised.
        """
        try:
            for event in loop.train(self.config, self.state):
                yield from self._record(event)
        except Exception as error:
            with suppress(StoreError):
                self._end("failed", f"{type(error).__name__}: {error}")
            raise

    def interrupt(self, reason: str) -> None:
        """Saves the state and ends the run as killed; only between two steps."""
        if self.state.step not in checkpoints.steps(self.folder):
            self._save()
        self._end("killed", reason)

    def _record(self, event: Event) -> Iterator[Event]:
        match event:
            case Scalars():
                self.recorder.scalars(event.step, event.seen, event.values)
            case Grid():
                pixels = event.pixels.copy()
                self.recorder.picture(event.name, event.step, event.seen, lambda: pixels)
            case Checkpoint():
                self._save()
                if event.step < self.config.steps and self.scorer.due(event.seen):
                    yield self._score(event, self.config.scoring.n_during)
                keep = {self.scorer.best[0]} if self.scorer.best else set()
                checkpoints.prune(self.folder, self.config.keep, keep)
            case Diverged():
                reason = f"{event.tensor} is not finite since step {event.step}"
                self._end("diverged", reason)
            case Finished():
                yield self._score(event, self.config.scoring.n)
                self._end("finished", None)
        yield event

    def _save(self) -> None:
        """A checkpoint; the pictures so far go first: a resumed run does not draw them again."""
        self.recorder.flush()
        checkpoints.write(self.folder, self.state.step, states.to_files(self.state))
        self.recorder.checkpoint(self.state.step, self.state.seen)

    def _score(self, event: Event, n: int) -> Scored:
        scores = self.scorer.score(self.state, n)
        self.recorder.scores(event.step, event.seen, [to_json(score) for score in scores])
        return Scored(event.step, event.seen, scores)

    def _end(self, state: str, reason: str | None) -> None:
        summary = self.recorder.summary(self.state.seen) | self.scorer.summary()
        self.recorder.end(state, self.state.step, self.state.seen, reason=reason, summary=summary)


def check(config: Config, runs_dir: Path) -> State:
    """The state before the first step, if everything fits together.

    Raises InputError for a config that cannot be trained, StoreError if the disk is too small.
    """
    server.configured()
    parse([config.scoring.best_by])
    datasets.load(config.scoring.real)
    state = loop.start(config)
    _check_space(config, state, runs_dir)
    return state


def launch(config: Config, runs_dir: Path, sinks: Sequence[str | Relay] = ()) -> Run:
    """A new run, which `sinks` are told of. What can be refused is, before its folder exists.

    Raises InputError and StoreError like `check`, StoreError also if the folder cannot be made.
    """
    trackers.check(sinks)
    state = check(config, runs_dir)
    content = {
        "config": config.model_dump(mode="json"),
        "environment": describe(),
        "tags": [],
        "sinks": trackers.names(sinks),
    }
    return Run(folder.create(runs_dir, config.recipe, content), config, state, sinks)


def resume(
    run: RunFolder, device: str | None = None, sinks: Sequence[str | Relay] | None = None
) -> Run:
    """The run as it was at its newest checkpoint, with the sinks that it had, or with others.

    Raises StoreError if it has none, and InputError if the checkpoint is damaged.
    """
    content = run.read()
    config = Config.model_validate(content["config"])
    sinks = content.get("sinks", ()) if sinks is None else sinks
    trackers.check(sinks)
    chosen = loop.choose_device(device or config.device)
    files = checkpoints.read(run)
    try:
        state = states.from_files(config, files, chosen)
    except InputError as error:
        raise InputError(f"run {run.id}, newest checkpoint: {error}") from error
    return Run(run, config, state, sinks)


def past_scores(run: RunFolder) -> Iterator[tuple[int, int, list[dict[str, Any]]]]:
    """(step, seen, scores as JSON has them) of each scoring that the run's journals hold."""
    for path in journal.journals(run.path):
        records, _, _ = journal.read(path)
        for record in records:
            if isinstance(record, dict) and record["kind"] == "scores":
                yield record["step"], record["seen"], record["scores"]


def _check_space(config: Config, state: State, runs_dir: Path) -> None:
    """Refuses to start a run whose checkpoints would not fit on the disk."""
    weights = sum(
        t.numel() * t.element_size() for _, named in states.tensors(state) for t in named.values()
    )
    needed = weights * 3 * (config.keep + 2)  # weights and two moments, while one is being written
    parent = next(path for path in (runs_dir, *runs_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise StoreError(
            f"{runs_dir}: {free / 2**20:.0f} MiB are free, but the checkpoints of this run need "
            f"about {needed / 2**20:.0f} MiB; free some space, or choose another --runs-dir"
        )
