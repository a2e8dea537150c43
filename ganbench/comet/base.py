"""All that can be called on an experiment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from ganbench.comet.files import Files
from ganbench.comet.media import Media
from ganbench.comet.values import Values
from ganbench.errors import InputError
from ganbench.track import endings
from ganbench.track.quiet import warn_once
from ganbench.track.run import Run
from ganbench.track.tolerant import ignored, no_run, tolerant

OLD = {  # names that older scripts use
    "log_multiple_metrics": "log_metrics",
    "log_multiple_params": "log_parameters",
    "log_multiple_others": "log_others",
    "log_step": "set_step",
    "set_tags": "add_tags",
}
_latest: list[Base] = []


def latest() -> Base | None:
    """The experiment that was made last, None if there is none."""
    return _latest[-1] if _latest else None


@tolerant
class Base(Values, Media, Files):
    """All that can be called on an experiment. Nothing raises; what is unknown is said once."""

    def _create(
        self,
        project: str | None,
        *,
        key: str | None,
        existing: bool = False,
        folder: str | None = None,
        disabled: bool | None = False,
        output: Any = "simple",
        summary: int | None = None,
        code: bool | None = True,
    ) -> None:
        """Makes the run, or goes on with the one called `key`."""
        Values.__init__(self)
        self._summary = summary != 0
        if disabled:
            run = no_run()
        elif existing:
            if key is None:
                raise InputError("experiment_key: which run is to be gone on with?")
            run = Run.resume(key, runs_dir=folder, console=bool(output))
        else:
            project = project or os.environ.get("COMET_PROJECT_NAME") or "general"
            run = Run(project, id=key, runs_dir=folder, console=bool(output))
        self._begin(run, run.next_step if existing and not disabled else 0, disabled=bool(disabled))
        self._tags: list[str] = []
        _latest[:] = [self]
        if code and not existing:
            self.log_code()

    def get_key(self) -> str:
        """The run's identifier, which `ExistingExperiment(experiment_key=…)` takes."""
        return self.id

    def set_name(self, name: str) -> None:
        """What people call the run."""
        self._run.rename(str(name))

    def get_name(self) -> str:
        """What people call the run."""
        return self._run.name

    def add_tag(self, tag: str) -> bool:
        """A word to find the run by."""
        return self.add_tags([tag])

    def add_tags(self, tags: Sequence[str]) -> bool:
        """Words to find the run by."""
        self._tags += [str(tag) for tag in tags if str(tag) not in self._tags]
        self._run.add_tags(*map(str, tags))
        return True

    def get_tags(self) -> list[str]:
        """The words that were added here."""
        return list(self._tags)

    def get_callback(self, framework: str, *args: Any, **kwargs: Any) -> Any:
        """A callback for Keras's `fit`; for other frameworks None, and a warning."""
        if framework not in ("keras", "tf-keras"):
            return ignored(f"get_callback({framework!r})")()
        return import_module("ganbench.keras").Callback(self._run)

    def get_keras_callback(self) -> Any:
        """A callback for Keras's `fit`."""
        return self.get_callback("keras")

    def display(
        self,
        clear: bool = False,
        wait: bool = True,
        new: int = 0,
        autoraise: bool = True,
        tab: str | None = None,
    ) -> None:
        """Shows the run in a notebook; elsewhere says where it is."""
        notebook = sys.modules.get("IPython")
        if notebook is not None and notebook.get_ipython() is not None:
            notebook.display.display(self._run)
        elif not self.disabled:
            print(self.url)

    def flush(self, timeout: int | None = None) -> bool:
        """Returns when all pictures so far are on disk."""
        self._run.flush()
        return True

    def end(self) -> None:
        """Ends the run, and prints its summary."""
        self.alive = False
        self._run.finish(summary=self._summary)

    def _repr_html_(self) -> str | None:
        return None if self.disabled else self._run._repr_html_()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        self.alive = False
        self._run.finish(*endings.outcome(error), summary=self._summary)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no {name}")
        if name in OLD:
            warn_once(name, f"Experiment.{name}() is called {OLD[name]}() today")
            return getattr(self, OLD[name])
        return ignored(f"Experiment.{name}")
