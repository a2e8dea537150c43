"""What all parts of an experiment share: its run, where it is in training, and its files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

from ganbench.track.run import Run

Answer = dict[str, Any]
"""What Comet says of something uploaded; here `web` is the run's page."""


class Core:
    """Step, epoch and context as Comet keeps them, on top of a `ganbench.Run`."""

    disabled: bool
    alive: bool
    context: str | None
    curr_step: int | None
    epoch: int | None
    _run: Run
    _next: defaultdict[str, int]
    _shown: set[tuple[str, int]]

    def _begin(self, run: Run, next_step: int, *, disabled: bool) -> None:
        self._run = run
        self.disabled, self.alive = disabled, not disabled
        self.context = self.curr_step = self.epoch = None
        self._next = defaultdict(lambda: next_step)  # by name: the step where none is known
        self._shown = set()  # pictures and texts, by name and step

    @property
    def url(self) -> str | None:
        """The run's page; None if the experiment is disabled."""
        return None if self.disabled else self._run.url

    @property
    def id(self) -> str:
        """The run's identifier."""
        return self._run.id

    def set_step(self, step: int | None) -> None:
        """The step of all that follows."""
        self.curr_step = None if step is None else int(step)

    def set_epoch(self, epoch: int | None) -> None:
        """The epoch of all that follows; each new one is a point of the curve "epoch"."""
        before, self.epoch = self.epoch, None if epoch is None else int(epoch)
        if self.epoch not in (None, before):
            self._run.log({"epoch": self.epoch}, step=self._at("epoch", None))

    def log_current_epoch(self, value: int) -> None:
        """The epoch of all that follows."""
        self.set_epoch(value)

    def log_epoch_end(self, epoch_cnt: int, step: int | None = None) -> None:
        """That an epoch is over."""
        if step is not None:
            self.set_step(step)
        self.set_epoch(epoch_cnt)

    @contextmanager
    def context_manager(self, context: str) -> Iterator[Self]:
        """Inside, names begin with `context` and an underscore; the innermost context counts."""
        before, self.context = self.context, context
        try:
            yield self
        finally:
            self.context = before

    def train(self) -> Any:
        """Inside, names begin with "train_"."""
        return self.context_manager("train")

    def test(self) -> Any:
        """Inside, names begin with "test_"."""
        return self.context_manager("test")

    def validate(self) -> Any:
        """Inside, names begin with "validate_"."""
        return self.context_manager("validate")

    def _named(self, name: Any) -> str:
        return f"{self.context}_{name}" if self.context else str(name)

    def _at(self, name: str, step: int | None, epoch: int | None = None) -> int:
        """Where something is: at the given step, at the last one, or one after its last."""
        if step is not None:
            self.curr_step = int(step)
        if epoch is not None:
            self.set_epoch(epoch)
        if self.curr_step is not None:
            return self.curr_step
        self._next[name] += 1
        return self._next[name] - 1

    def _unique(self, name: str, step: int, other: str | None = None) -> str:
        """`name`, or where something is shown under it at `step`: `other`, or a number more."""
        number, chosen = 2, name
        while (chosen, step) in self._shown:
            chosen, other = other or f"{name} ({number})", None
            number += 1
        self._shown.add((chosen, step))
        return chosen

    def _keep(self, file: Path | bytes, name: str, overwrite: bool = False) -> Answer | None:
        """Keeps a file under a name that is free, unless it may be overwritten."""
        if self.disabled:
            return None
        place = Path(name.lstrip("/"))
        wanted, number = place, 2
        while not overwrite and (self._run.folder.files / wanted).exists():
            wanted = place.with_stem(f"{place.stem}-{number}")
            number += 1
        self._run.log_file(file, str(wanted))
        return {"web": self.url, "api": None, "assetId": str(wanted)}


def content(data: str | Path | IO[Any]) -> Path | bytes:
    """A path as it is, what an open file holds as bytes."""
    if isinstance(data, (str, Path)):
        return Path(data)
    held = data.read()
    return held.encode() if isinstance(held, str) else bytes(held)


def file_called(data: str | Path | IO[Any], default: str) -> str:
    """The last name of a path or of an open file."""
    path = data if isinstance(data, (str, Path)) else getattr(data, "name", default)
    return Path(str(path)).name or default
