"""Comet: online where a key is known and Comet answers, else offline in <run>/sinks/comet.

All that Comet records by itself is off. It patches Keras, PyTorch and others when it is imported,
and lets a new experiment end the one before: neither may happen to a program that only has a sink.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

from ganbench.store.comparison import flatten
from ganbench.store.media import Picture
from ganbench.track.sinks.backend import Backend

OFF = (
    "auto_histogram_activation_logging",
    "auto_histogram_gradient_logging",
    "auto_histogram_tensorboard_logging",
    "auto_histogram_weight_logging",
    "auto_log_co2",
    "auto_metric_logging",
    "auto_output_logging",
    "auto_param_logging",
    "log_code",
    "log_env_details",
    "log_git_metadata",
    "log_git_patch",
    "log_graph",
    "parse_args",
)
AT_IMPORT = {
    "COMET_DISABLE_AUTO_LOGGING": "1",
    "COMET_ERROR_TRACKING_ENABLE": "0",
    "COMET_LOGGING_CONSOLE": "error",
}
_beginning = threading.Lock()


class Tracker(Backend):
    """An experiment of Comet, beside any that the program itself may have."""

    def load(self) -> None:
        with _environment({} if "comet_ml" in sys.modules else AT_IMPORT):
            self._package = import_module("comet_ml")
        self._config = import_module("comet_ml.config")

    def begin(self) -> str:
        folder = self.about.folder / "comet"
        why = "no key is known"
        if self._config.get_api_key(None, self._config.get_config()):
            try:
                self._experiment = self._start(folder, online=True)
            except Exception as error:
                why = f"{type(error).__name__} when asked"
            else:
                self._describe()
                return str(self._experiment.url)
        self._experiment = self._start(folder, online=False)
        self._describe()
        return f"offline ({why}); when the run has ended: comet upload {folder}/*.zip"

    def scalars(self, when: float, step: int, values: Mapping[str, float]) -> None:
        self._experiment.log_metrics(dict(values), step=step)

    def picture(
        self, when: float, step: int, name: str, caption: str | None, pixels: Picture
    ) -> None:
        about = {"caption": caption} if caption else None
        self._experiment.log_image(Image.fromarray(pixels), name=name, step=step, metadata=about)

    def text(self, when: float, step: int, name: str, text: str) -> None:
        self._experiment.log_text(text, step=step, metadata={"name": name})

    def config(self, values: Mapping[str, Any]) -> None:
        self._experiment.log_parameters(dict(flatten(values)), nested_support=False)

    def name(self, name: str) -> None:
        self._experiment.set_name(name)

    def tags(self, tags: Sequence[str]) -> None:
        self._experiment.add_tags(list(tags))

    def end(self, state: str) -> None:
        self._experiment.log_other("state", state)
        self._experiment.end()

    def _describe(self) -> None:
        self.config(self.about.config)
        if self.about.notes:
            self._experiment.log_other("notes", self.about.notes)

    def _start(self, folder: Path, *, online: bool) -> Any:
        about = self.about
        settings = self._package.ExperimentConfig(
            **dict.fromkeys(OFF, False),
            display_summary_level=0,
            offline_directory=str(folder),
            name=about.name,
            tags=list(about.tags),
        )
        with _beginning, self._alone():
            experiment = self._package.start(
                project_name=self._config.get_config("comet.project_name") or about.project,
                experiment_key=_key(about.id, about.created),
                mode="get_or_create",
                online=online,
                experiment_config=settings,
            )
        if not experiment.alive:
            raise RuntimeError("Comet refused the experiment")
        return experiment

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, Comet knows of no experiment; after that, of the program's own again."""
        own = self._package.get_running_experiment()
        self._config.set_global_experiment(None)
        try:
            yield
        finally:
            self._config.set_global_experiment(own)


def _key(*parts: str) -> str:
    """The experiment's key: the same whenever the run goes on."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Inside, these variables are set, as far as they were not."""
    new = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)
