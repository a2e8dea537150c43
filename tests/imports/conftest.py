"""Sources made by the real packages, and what an import made of them."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganbench.imports.bring import bring
from ganbench.store import query
from ganbench.store.index import Index

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def produce(tmp_path_factory):
    """Runs a function of make.py in a process of its own, whose home is elsewhere."""

    def produce(package, tool, *more, dies=False):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
        folder = tmp_path_factory.mktemp(tool)
        home = tmp_path_factory.mktemp("home")
        quiet = {"COMET_LOGGING_CONSOLE": "error", "WANDB_SILENT": "true", "HF_HUB_OFFLINE": "1"}
        flags = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}
        temporary = folder / "tmp"
        temporary.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "tests.imports.make", tool, str(folder), *map(str, more)],
            cwd=ROOT,
            env={**os.environ, **quiet, **flags, "HOME": str(home), "TMPDIR": str(temporary)},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0 or dies, done.stdout + done.stderr
        return folder

    return produce


class Brought:
    """The runs of an import, as the page reads them."""

    def __init__(self, runs, runs_dir, again=False):
        self.events = list(bring(runs, runs_dir, again=again))
        self.runs_dir = runs_dir
        self.index = Index(runs_dir)
        self.index.refresh()
        assert not self.index.problems
        self.runs = [query.show_run(self.index, r["id"]) for r in query.list_runs(self.index)]

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def only(self):
        (run,) = self.runs
        return run

    def called(self, name):
        (run,) = [run for run in self.runs if run["name"] == name]
        return run

    def series(self, run, name):
        return query.read_series(self.index, run["id"], {name: 0})[name]

    def texts(self, run):
        return {text["name"]: text for text in query.read_texts(self.index, run["id"])}

    def path(self, run):
        return self.runs_dir / run["id"]

    def files(self, run):
        folder = self.path(run) / "files"
        return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}

    def pictures(self, run, name):
        """Pixels by step."""
        found = [p for p in run["pictures"] if p["name"] == name]
        media = self.path(run) / "media"
        return {p["step"]: np.asarray(Image.open(media / f"{p['sha256']}.webp")) for p in found}

    def notes(self, run):
        """What run.json says of the import."""
        return json.loads((self.path(run) / "run.json").read_text())["imported"]


@pytest.fixture
def brought(tmp_path):
    """Imports runs into a fresh folder, or again into the same one."""
    opened = []

    def brought(runs, again=False):
        opened.append(Brought(runs, tmp_path / "runs", again))
        return opened[-1]

    yield brought
    for one in opened:
        one.index.close()
