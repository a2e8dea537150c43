"""Where training, evaluation and the store meet: the only file that knows all three."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganbench import datasets
from ganbench.config import Config
from ganbench.environment import describe
from ganbench.errors import InputError, StoreError
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.protocol import parse
from ganbench.evaluation.report import to_json
from ganbench.evaluation.sample import Sample
from ganbench.events import (
    Checkpoint,
    Diverged,
    Event,
    Finished,
    Grid,
    Scalars,
    Scored,
)
from ganbench.measures import MEASURES
from ganbench.store import checkpoints, folder, journal
from ganbench.store.folder import RunFolder
from ganbench.store.recorder import Recorder
from ganbench.store.relay import Relay
from ganbench.track import server
from ganbench.track import sinks as trackers
from ganbench.train import loop
from ganbench.train import state as states
from ganbench.train.rng import generator_of, latents
from ganbench.train.state import State
from ganbench.types import Images, Points, Score

MEASURED = (
    "classifier_score",
    "frechet",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "modes_covered",
    "high_quality",
)
"""What is scored of a run, as far as it applies."""
BATCH = 500  # samples that a generator makes at a time


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


class Scorer:
    """Scores the averaged generator of one run, within a share of the run's time.

    The control of the baseline is the reference's other split, so that real against real is scored
    at the fakes' n.
    """

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        self.config = config
        self.shape = shape
        self.best: tuple[int, float] | None = None  # step, value of `best_by`
        self._scored_at = 0  # images seen
        self._made = 0
        self._skipped = 0
        self._spent = 0.0
        self._began = time.perf_counter()
        self._evaluator: Evaluator | None = None

    def due(self, seen: int) -> bool:
        """Whether a score is due after `seen` images, and the budget allows one."""
        scoring = self.config.scoring
        if not scoring.every_images or seen - self._scored_at < scoring.every_images:
            return False
        if self._spent > scoring.budget * (time.perf_counter() - self._began):
            self._skipped += 1
            return False
        return True

    def score(self, state: State, n: int) -> tuple[Score, ...]:
        """All measures that apply, on n samples that depend on the seed and the step alone."""
        started = time.perf_counter()
        if self._evaluator is None:
            self._evaluator = self._prepare(state.device)
        seed = self.config.seed, "score", state.step
        fake = generated(self.config, state.ema, self.shape, n, generator_of(*seed), "generator")
        made = self._evaluator.score(Sample(fake, self._evaluator.real.extractor), MEASURED)
        scores = tuple(score for score in made if score.value is not None)
        self._spent += time.perf_counter() - started
        self._made += 1
        if n == self.config.scoring.n_during:
            self.remember(state.step, state.seen, {s.measure: s.value for s in scores})
        return scores

    def remember(self, step: int, seen: int, values: dict[str, float | None]) -> None:
        """Takes note of scores that were made at `step`."""
        self._scored_at = max(seen, self._scored_at)
        name = self.config.scoring.best_by
        value = values.get(name)
        if value is None:
            return
        loss = MEASURES[name].loss
        if self.best is None or loss(value) < loss(self.best[1]):
            self.best = step, value

    def summary(self) -> dict[str, object]:
        """How often it scored, and the best step."""
        best = None
        if self.best is not None:
            best = {"step": self.best[0], self.config.scoring.best_by: self.best[1]}
        return {"scorings": self._made, "scorings_skipped": self._skipped, "best": best}

    def _prepare(self, device: torch.device) -> Evaluator:
        scoring = self.config.scoring
        extractor = load_extractor(scoring.extractor, device)
        real, control = datasets.load(scoring.real), datasets.load(datasets.sibling(scoring.real))
        return Evaluator(Sample(real, extractor), Sample(control, extractor), self.config.seed)


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


def generated(
    config: Config,
    generator: nn.Module,
    shape: tuple[int, ...],
    n: int,
    draws: torch.Generator,
    name: str,
) -> Images:
    """n samples of a generator, as images (or points) that are made when they are read."""
    noise = latents(config.latent, n, draws)
    device = next(generator.parameters()).device

    def batches(size: int) -> Iterator[Tensor]:
        for part in noise.split(BATCH):
            yield from loop.sample(config, generator, part.to(device)).split(size)

    kind = Points if len(shape) == 1 else Images
    return kind(name, n, shape, batches, fingerprint=f"{name} n={n}")


def samples_of(
    run: RunFolder, n: int, *, step: int | None = None, seed: int = 0, device: str = "auto"
) -> Images:
    """n samples of a run's averaged generator, at its newest checkpoint or at `step`."""
    config = Config.model_validate(run.read()["config"])
    files = checkpoints.read(run, step)
    try:
        generator, shape, at = states.generator_from_files(
            config, files, loop.choose_device(device)
        )
    except InputError as error:
        raise InputError(f"run {run.id}, checkpoint: {error}") from error
    draws = generator_of(seed, "sample")
    return generated(config, generator, shape, n, draws, f"run:{run.id}@{at} seed {seed}")


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
