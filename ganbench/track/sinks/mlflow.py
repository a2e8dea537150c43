"""MLflow: the store that the program or MLFLOW_TRACKING_URI names, else <run>/sinks/mlflow.

Numbers go in batches: one by one they took 6 ms each. MLflow knows only letters, digits, `_`, `-`,
`.`, spaces and `/` in names, keeps NaN, and stores the infinities as ±1.8e308.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import orjson
from PIL import Image

from ganbench.store.comparison import flatten
from ganbench.store.journal import spell
from ganbench.store.media import Picture
from ganbench.track.quiet import warn_once
from ganbench.track.sinks.backend import Backend

METRICS = 1000  # MLflow's bounds of a batch
PARAMS = 100
NAME = 250  # characters of a name
LONGEST = 6000  # characters of a parameter
STATUS = {"finished": "FINISHED", "killed": "KILLED"}
RUN = "ganbench.run"  # the tag by which a run is found when it goes on


class Tracker(Backend):
    """A run of MLflow, by its client: the program's own active run is not touched."""

    def load(self) -> None:
        self._package = import_module("mlflow")
        self._entities = import_module("mlflow.entities")

    def begin(self) -> str:
        local = self.about.folder / "mlflow"
        uri, artifacts = f"sqlite:///{(local / 'mlflow.db').absolute()}", None
        if self._package.is_tracking_uri_set():
            uri = self._package.get_tracking_uri()
        else:
            local.mkdir(exist_ok=True)
            artifacts = (local / "artifacts").absolute().as_uri()
            logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        self._client = self._package.MlflowClient(tracking_uri=uri)
        self._metrics: list[Any] = []
        self._params: dict[str, str] = {}
        experiment = self._experiment(artifacts)
        self._run = self._found(experiment) or self._created(experiment)
        self.config(self.about.config)
        self.tags(self.about.tags)
        if uri.startswith("http"):
            return f"{uri.rstrip('/')}/#/experiments/{experiment}/runs/{self._run}"
        return f"mlflow ui --backend-store-uri {uri}"

    def scalars(self, when: float, step: int, values: Mapping[str, float]) -> None:
        metric, at = self._entities.Metric, int(when * 1000)
        self._metrics += [metric(_clean(name), value, at, step) for name, value in values.items()]

    def picture(
        self, when: float, step: int, name: str, caption: str | None, pixels: Picture
    ) -> None:
        image, key, at = Image.fromarray(pixels), _clean(name)[:100], int(when * 1000)
        self._client.log_image(self._run, image, key=key, step=step, timestamp=at, synchronous=True)
        if caption:
            self.text(when, step, f"{name} caption", caption)

    def text(self, when: float, step: int, name: str, text: str) -> None:
        self._client.log_text(self._run, text, f"texts/{_clean(name)[:100]}-{step}.txt")

    def config(self, values: Mapping[str, Any]) -> None:
        """New parameters; MLflow lets none change, so what has changed becomes a tag."""
        told = {_clean(name): self._told(name, value) for name, value in flatten(values)}
        new = {name: value for name, value in told.items() if name not in self._params}
        changed = {n: v for n, v in told.items() if self._params.get(n, v) != v}
        self._params |= new
        params = [self._entities.Param(*pair) for pair in new.items()]
        for batch in _parts(params, PARAMS):
            self._client.log_batch(self._run, params=batch)
        self._tag({f"changed.{name}": value for name, value in changed.items()})

    def name(self, name: str) -> None:
        self._client.update_run(self._run, name=name)

    def tags(self, tags: Sequence[str]) -> None:
        self._tag({_clean(tag): "true" for tag in tags})

    def flush(self) -> None:
        metrics, self._metrics = self._metrics, []
        for batch in _parts(metrics, METRICS):
            self._client.log_batch(self._run, metrics=batch)

    def end(self, state: str) -> None:
        self._tag({"state": state})
        self._client.set_terminated(self._run, STATUS.get(state, "FAILED"))

    def _experiment(self, artifacts: str | None) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or self.about.project
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name, artifact_location=artifacts))
            except self._package.MlflowException:  # another run was faster
                found = self._client.get_experiment_by_name(name)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _found(self, experiment: str) -> str | None:
        """The run as it was when it stopped, if it goes on."""
        if self.about.resumed_at is None:
            return None
        runs = self._client.search_runs([experiment], f"tags.`{RUN}` = '{self.about.id}'")
        if not runs:
            return None
        self._params = dict(runs[0].data.params)
        self._client.update_run(runs[0].info.run_id, status="RUNNING")
        return str(runs[0].info.run_id)

    def _created(self, experiment: str) -> str:
        tags = {RUN: self.about.id}
        if self.about.notes:
            tags["mlflow.note.content"] = self.about.notes
        run = self._client.create_run(experiment, run_name=self.about.name, tags=tags)
        return str(run.info.run_id)

    def _told(self, name: str, value: Any) -> str:
        text = value if isinstance(value, str) else orjson.dumps(spell(value)).decode()
        if len(text) > LONGEST:
            about = f"{self.about.id} mlflow {name}"
            warn_once(about, f"mlflow gets the first {LONGEST:,} characters of {name}")
        return text[:LONGEST]

    def _tag(self, tags: Mapping[str, str]) -> None:
        made = [self._entities.RunTag(*pair) for pair in tags.items()]
        for batch in _parts(made, PARAMS):
            self._client.log_batch(self._run, tags=batch)


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _clean(name: str) -> str:
    """The name as MLflow takes it: no odd letters, no empty part, no `..`."""
    parts = re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII).split("/")
    return "/".join(part for part in parts if part.strip("."))[:NAME].rstrip("/") or "_"
