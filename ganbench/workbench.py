"""Where training, evaluation and the store meet: the only file that knows all three."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ganbench import training_data
from ganbench.config import Config
from ganbench.diagnosis import Watch
from ganbench.environment import describe
from ganbench.errors import InputError, StoreError, explain_memory
from ganbench.evaluation.images import Progress
from ganbench.evaluation.protocol import parse
from ganbench.evaluation.report import to_json
from ganbench.events import Checkpoint, Diverged, Event, Finished, Grid, RolledBack, Scalars, Scored
from ganbench.scorer import Scorer, check_scoring
from ganbench.store import checkpoints, folder, journal, past
from ganbench.store.folder import RunFolder
from ganbench.store.recorder import Recorder
from ganbench.store.relay import Relay
from ganbench.track import server
from ganbench.track import sinks as trackers
from ganbench.train import loop, memory
from ganbench.train import state as states
from ganbench.train.data import TrainingData
from ganbench.train.distributed import ALONE, Group
from ganbench.train.state import State


class Run:
    """One process's part of a run: trains, records, scores; `sinks` are told what it records.

    Make one with `launch` or `resume`, iterate `events()`, and call `interrupt` to stop between
    two steps.
    """

    def __init__(
        self,
        run: RunFolder,
        config: Config,
        state: State,
        data: TrainingData,
        sinks: Sequence[str | Relay] = (),
        group: Group = ALONE,
    ) -> None:
        self.folder = run
        self.config = config
        self.state = state
        self.data = data
        self.group = group
        self._sinks = sinks
        self.scorer = Scorer(config, group, data)
        self.watch = Watch(config)
        for step, seen, scores in past_scores(run):
            self.scorer.remember(step, seen, {s["measure"]: s["value"] for s in scores})
        self.watch.recall(past.events(run, state.step))
        self.recorder = self._recorder()

    def events(self) -> Iterator[Event]:
        """Trains to the end; every event is on disk when it is yielded (pictures soon after).

        What goes wrong is recorded, as far as the disk allows, and raised.
        """
        try:
            again = True
            while again:
                again = False
                for event in loop.train(self.config, self.state, self.data, self.group):
                    for happened in self._record(event):
                        yield happened
                        yield from self._diagnose(happened)
                    if again := isinstance(event, Diverged) and self._may_roll_back():
                        yield self._roll_back(event)
                        break
        except Exception as error:
            with suppress(StoreError):
                self._end("failed", f"{type(error).__name__}: {error}")
            if (told := explain_memory(error, self.config)) is not None:
                raise told from error
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

    def _diagnose(self, event: Event) -> Iterator[Event]:
        """What goes wrong, or no longer does, as far as this event tells."""
        for warned in self.watch.see(event):
            self.recorder.warning(warned)
            yield warned

    def _save(self) -> None:
        """A checkpoint; the pictures so far go first: a resumed run does not draw them again."""
        self.recorder.flush()
        checkpoints.write(self.folder, self.state.step, states.to_files(self.state))
        self.recorder.checkpoint(self.state.step, self.state.seen)

    def _score(self, event: Event, n: int) -> Scored:
        scores = self.scorer.score(self.state, n)
        told = [to_json(score) for score in scores]
        self.recorder.scores(event.step, event.seen, told, **self.scorer.signs)
        return Scored(event.step, event.seen, scores, self.scorer.signs)

    def _may_roll_back(self) -> bool:
        wanted = self.config.on_diverge == "rollback"
        return wanted and self.state.rollbacks < self.config.rollbacks

    def _roll_back(self, event: Diverged) -> RolledBack:
        """The state of the newest checkpoint (or the first one), with lower rates, and saved so."""
        self.state = rolled_back(self.folder, self.config, self.state, self.data, self.group)
        self.recorder = self._recorder()
        step, rate = self.state.step, self.state.rate(self.config)
        words = (
            f"{event.tensor} was not finite at step {event.step}: back to step {step} with "
            f"{rate:g} of the learning rates (rollback {self.state.rollbacks} of "
            f"{self.config.rollbacks})"
        )
        self.recorder.text("rollback", step, self.state.seen, words)
        self._save()
        return RolledBack(step, self.state.seen, words)

    def _recorder(self) -> Recorder:
        relays = (
            *trackers.relays(self._sinks, self.folder, self.state.step or None),
            *server.relays(self.folder),
        )
        return Recorder(self.folder, step=self.state.step, seen=self.state.seen, relays=relays)

    def _end(self, state: str, reason: str | None) -> None:
        summary = self.recorder.summary(self.state.seen) | self.scorer.summary()
        self.recorder.end(state, self.state.step, self.state.seen, reason=reason, summary=summary)


class Follower(Run):
    """A process that trains along with the first one of its group, and records nothing."""

    def _record(self, event: Event) -> Iterator[Event]:
        match event:
            case Checkpoint() if event.step < self.config.steps and self.scorer.due(event.seen):
                self.scorer.score(self.state, self.config.scoring.n_during)
            case Finished():
                self.scorer.score(self.state, self.config.scoring.n)
        yield event

    def _diagnose(self, event: Event) -> Iterator[Event]:
        yield from ()

    def interrupt(self, reason: str) -> None:
        """Nothing is to be saved here."""

    def _roll_back(self, event: Diverged) -> RolledBack:
        self.state = rolled_back(self.folder, self.config, self.state, self.data, self.group)
        return RolledBack(self.state.step, self.state.seen, "")

    def _recorder(self) -> Recorder:
        return cast(Recorder, None)

    def _end(self, state: str, reason: str | None) -> None:
        pass


def rolled_back(
    run: RunFolder, config: Config, state: State, data: TrainingData, group: Group
) -> State:
    """The state of the newest checkpoint, or the first state of all, rolled back once more."""
    if checkpoints.steps(run):
        restored = states.from_files(config, checkpoints.read(run), state.device)
    else:
        restored = loop.start(config, data, group)
    restored.rollbacks = state.rollbacks + 1
    group.barrier()  # nobody writes while another one reads
    return restored


def check(config: Config, runs_dir: Path, data: TrainingData, group: Group = ALONE) -> State:
    """The state before the first step, if everything fits together.

    Raises InputError for a config that cannot be trained, StoreError if the disk is too small.
    """
    server.configured()
    parse([config.scoring.best_by])
    check_scoring(config, data)
    state = loop.start(config, data, group)
    memory.check(config, state)
    _check_space(config, state, runs_dir)
    return state


def launch(
    config: Config,
    runs_dir: Path,
    sinks: Sequence[str | Relay] = (),
    group: Group = ALONE,
    progress: Progress | None = None,
    tags: Sequence[str] = (),
) -> Run:
    """A new run, which `sinks` are told of. What can be refused is, before its folder exists.

    Raises InputError and StoreError like `check`, StoreError also if the folder cannot be made.
    """
    trackers.check(sinks)
    data = group.in_turn(lambda: training_data.load(config, progress))
    state = check(config, runs_dir, data, group)
    if not group.first:
        return Follower(folder.find(runs_dir, group.tell("")), config, state, data, (), group)
    content = {
        "config": config.model_dump(mode="json"),
        "data": {"name": data.name, "n": len(data), "fingerprint": data.fingerprint},
        "environment": describe(),
        "tags": list(tags),
        "sinks": trackers.names(sinks),
    }
    made = folder.create(runs_dir, config.recipe, content)
    group.tell(made.id)
    return Run(made, config, state, data, sinks, group)


def resume(
    run: RunFolder,
    device: str | None = None,
    sinks: Sequence[str | Relay] | None = None,
    group: Group = ALONE,
    progress: Progress | None = None,
) -> Run:
    """The run as it was at its newest checkpoint, with the sinks that it had, or with others.

    Raises StoreError if it has none, and InputError if the checkpoint is damaged, if the data have
    changed, or for another number of processes than the run had.
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
    if state.world != group.world:
        raise InputError(
            f"run {run.id} was trained by {_processes(state.world)}, which it needs to go on "
            f"exactly, and this is {_processes(group.world)}: "
            f"torchrun --nproc-per-node {state.world} -m ganbench resume {run.id}"
        )
    data = group.in_turn(lambda: training_data.load(config, progress))
    before = content.get("data", {}).get("fingerprint", data.fingerprint)
    if before != data.fingerprint:
        raise InputError(
            f"run {run.id}: {config.data} has changed since the run began: its fingerprint was "
            f"{before}, and is {data.fingerprint}"
        )
    return (Run if group.first else Follower)(run, config, state, data, sinks, group)


def _processes(n: int) -> str:
    return "1 process" if n == 1 else f"{n} processes"


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
