"""docs/logging.md: its scripts run, and it names everything that there is."""

import inspect
import re
from pathlib import Path

import pytest

import ganbench as gb
import ganbench.comet
import ganbench.wandb
from ganbench.comet.base import OLD
from tests.track.reading import read

TEXT = (Path(__file__).parents[2] / "docs" / "logging.md").read_text()
SCRIPTS = [
    script
    for script in re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    if "pip install" not in script  # these need a model
]
SPANS = {word for span in re.findall(r"`([^`\n]+)`", TEXT) for word in re.findall(r"\w+", span)}


@pytest.mark.parametrize("script", SCRIPTS, ids=["run", "comet", "wandb"])
def test_the_scripts_run(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GANBENCH_RUNS", str(tmp_path))
    exec(script, {})
    shown = read(tmp_path)
    assert (shown["project"], shown["state"]) == ("my-gan", "finished")
    assert bool(shown["pictures"]) == ('"samples"' in script)
    for name in re.findall(r"# (?:is called )?(\w+_\w+|loss\.\w+)", script):
        assert name in shown["points"], name
    assert "not supported" not in capsys.readouterr().err


def public(cls):
    return {name for name, _ in inspect.getmembers(cls) if not name.startswith("_")}


def test_everything_is_named():
    names = public(gb.Run) - {"step", "next_step", "url", "id", "unlock"}
    assert names <= SPANS
    names = public(ganbench.comet.Experiment) - public(object)
    assert names <= SPANS
    assert set(ganbench.comet.__all__) <= SPANS
    assert {*ganbench.wandb.__all__} - {"Run"} <= SPANS
    assert {"log_multiple_params", "log_multiple_metrics", "log_step"} <= OLD.keys()
