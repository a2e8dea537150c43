"""A run as W&B has it, on top of `ganbench.Run`."""

from __future__ import annotations

import glob as globs
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ganbench.track import endings
from ganbench.track.quiet import quiet, warn_once
from ganbench.track.run import Run as Inner
from ganbench.track.tolerant import ignored, tolerant
from ganbench.wandb.media import Gallery, Histogram, Image, Table
from ganbench.wandb.settings import Settings
from ganbench.wandb.watching import watch


@tolerant
class Run:
    """What `init` returns. Nothing raises after it; what is unknown is said once."""

    def __init__(self, run: Inner, config: Mapping[str, Any], *, disabled: bool, **facts: Any):
        self._run = run
        self._step = run.next_step if not disabled else 0
        self._finished = False
        self._hooks: list[Any] = []
        self._tags = tuple(facts.pop("tags", None) or ())
        self._notes: str | None = facts.pop("notes", None)
        self.disabled = disabled
        self.starting_step = self._step
        self.resumed = self._step > 0
        self.entity, self.group, self.job_type = (
            facts.get(name) for name in ("entity", "group", "job_type")
        )
        self.config = Settings(run.log_config, config)
        self.summary = Settings(lambda values: run.log_config({"summary": values}))

    @property
    def id(self) -> str:
        """The run's identifier."""
        return self._run.id

    @property
    def project(self) -> str:
        """The project."""
        return self._run.project

    @property
    def name(self) -> str:
        """What people call the run; may be set."""
        return self._run.name

    @name.setter
    def name(self, name: str) -> None:
        self._run.rename(name)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to find it by; may be set, which adds."""
        return self._tags

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._tags = tuple(tags)
        self._run.add_tags(*self._tags)

    @property
    def notes(self) -> str | None:
        """Markdown; may be set."""
        return self._notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        self._notes = notes
        self._run.note(notes or "")

    @property
    def url(self) -> str | None:
        """Where `ganbench serve` shows it; None if it is disabled."""
        return None if self.disabled else str(self._run.url)

    @property
    def dir(self) -> str:
        """Where its files are."""
        return "" if self.disabled else str(self._run.folder.files)

    @property
    def step(self) -> int:
        """The step that the next `log` without one is at."""
        return self._step

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Numbers, texts, pictures and the like, at a step.

        Without one they are at the run's own, which then is one more unless `commit` is false. What
        is logged at one step is one row. A step before the last one is left out, with a warning.
        """
        if step is not None and int(step) < self._step:
            words = f"log: step {step} is before step {self._step}: left out"
            warn_once(f"{self.id} step", f"{words} (said once)")
            return
        self._step = at = self._step if step is None else int(step)
        if commit or (commit is None and step is None):
            self._step += 1
        numbers = {}
        for name, value in _flat(data):
            value = _medium(value)
            if hasattr(value, "keep"):
                value.keep(self._run, name, at)
            elif isinstance(value, str):
                self._run.log_text(value, at, name=name)
            elif hasattr(value, "to_plotly_json") or hasattr(value, "gcf"):
                self._run.log_figure(name, value, at)
            elif value is not None:
                numbers[name] = value
        if numbers:
            self._run.log(numbers, step=at)
            self.summary.note(numbers)

    def finish(self, exit_code: int | None = None) -> None:
        """Ends the run, as failed if `exit_code` is not 0, and prints its summary."""
        self._finished = True
        if exit_code:
            self._run.finish("failed", f"exit code {exit_code}")
        else:
            self._run.finish()

    def define_metric(
        self,
        name: str,
        step_metric: Any = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        overwrite: bool | None = None,
    ) -> None:
        """Nothing is needed: x is the step, and least and greatest values are always kept."""

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """The distributions of torch gradients and weights every `log_freq` backward passes."""
        keep = quiet(lambda name, chart: self._run.log_figure(name, chart, self._step))
        self._hooks += watch(models, log, max(int(log_freq), 1), keep)

    def unwatch(self, models: Any = None) -> None:
        """Ends what `watch` began, for all models."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def save(
        self,
        glob_str: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Copies of the files that a pattern names, as they are now; below `base_path`'s names."""
        pattern = os.fspath(glob_str)
        base = Path(base_path) if base_path is not None else None
        kept = []
        for found in map(Path, sorted(globs.glob(pattern, recursive=True)) if glob else [pattern]):
            if found.is_file():
                name = str(found.relative_to(base)) if base is not None else found.name
                self._run.log_file(found, name)
                kept.append(name)
        return kept

    def alert(self, title: str, text: str, level: Any = None, wait_duration: Any = None) -> None:
        """A text called "alert", which is also said on standard error."""
        print(f"ganbench: {title}: {text}", file=sys.stderr)
        self._run.log_text(f"**{title}**\n\n{text}", self._step, name="alert")

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Shows the run in a notebook; elsewhere says where it is."""
        notebook = sys.modules.get("IPython")
        if notebook is not None and notebook.get_ipython() is not None:
            notebook.display.display(self._run)
        else:
            print(self.url)
        return True

    def _repr_html_(self) -> str | None:
        return None if self.disabled else self._run._repr_html_()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self._finished = True
        self._run.finish(*endings.outcome(error))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a run has no {name}")
        return ignored(f"wandb.Run.{name}")


def _flat(data: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Nested mappings as names with dots."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{start}{name}.")
        else:
            yield f"{start}{name}", value


def _medium(value: Any) -> Any:
    """Lists of images, PIL images, figures, data frames and arrays as what keeps them."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(x, Image) for x in value):
        return Gallery(value)
    if hasattr(value, "savefig") and not hasattr(value, "gcf"):
        return Image(value)
    if hasattr(value, "convert") and hasattr(value, "getbands"):  # PIL
        return Image(value)
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return Table(dataframe=value)
    size = getattr(value, "shape", None)
    if size is not None and any(side > 1 for side in size):
        return Histogram(value)
    return value
