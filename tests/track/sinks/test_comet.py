"""Comet, offline: the zip that `comet upload` takes holds what was logged."""

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

import ganbench as gb
from ganbench.store.journal import unspell
from tests.track.sinks.conftest import PICTURES, expected

pytest.importorskip("comet_ml")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Archive:
    """An offline experiment's zip."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.about = json.loads(self.files["experiment.json"])
        self.messages = {}
        for line in self.files["messages.json"].splitlines():
            message = json.loads(line)
            self.messages.setdefault(message["type"], []).append(message["payload"])

    def numbers(self):
        found = {}
        for message in self.messages["metric_msg"]:
            metric = message["metric"]
            point = metric["step"], unspell(metric["metricValue"])
            found.setdefault(metric["metricName"], []).append(point)
        return found

    def parameters(self):
        told = [m.get("param") or m["params"] for m in self.messages["parameter_msg"]]
        return {p["paramName"]: p["paramValue"] for p in told if p["source"] == "manual"}

    def others(self):
        return {message["key"]: message["value"] for message in self.messages["log_other"]}

    def uploads(self, kind):
        return [m for m in self.messages["file_upload"] if m["upload_type"] == kind]


def archives(run):
    paths = (run.folder.path / "sinks/comet").glob("*.zip")
    return [Archive(path) for path in sorted(paths, key=lambda path: path.stat().st_mtime)]


def test_everything_arrives(logged):
    (found,) = archives(logged("comet", state="failed"))
    numbers = found.numbers()
    numbers.pop("process duration", None)  # Comet's own
    assert numbers.keys() == expected().keys()
    for name, points in expected().items():
        np.testing.assert_array_equal(sorted(numbers[name]), sorted(points))
    pictures = found.uploads("visualization")
    assert [p["additional_params"]["step"] for p in pictures] == list(PICTURES)
    for picture, (step, pixels) in zip(pictures, PICTURES.items(), strict=True):
        assert picture["additional_params"]["figName"] == "samples"
        assert picture["metadata"] == {"caption": f"at {step}"}
        shown = Image.open(io.BytesIO(found.files[picture["file_path"]])).convert("RGB")
        np.testing.assert_array_equal(np.asarray(shown), pixels)
    (text,) = found.uploads("text-sample")
    assert found.files[text["file_path"]] == b"hello"
    assert (text["additional_params"]["step"], text["metadata"]) == (3, {"name": "said"})


def test_what_is_known_of_the_run(logged):
    (found,) = archives(logged("comet", state="failed"))
    assert found.about["project_name"] == "my GAN"
    assert set(found.about["tags"]) == {"a", "b"}
    others = found.others()
    assert (others["Name"], others["notes"], others["state"]) == (
        "second name",
        "a *note*",
        "failed",
    )
    parameters = {"lr": 0.5, "net.k": 3, "net.act": None, "late.x": [1, 2]}
    assert found.parameters() == parameters


def test_nothing_is_recorded_that_nobody_asked_for(logged):
    (found,) = archives(logged("comet"))
    assert set(found.messages) == {"metric_msg", "parameter_msg", "file_upload", "log_other"}


def test_a_resumed_run_is_the_same_experiment(logged):
    run = logged("comet")
    more = gb.Run.resume(run.id, runs_dir=run.folder.path.parent)
    more.log({"loss": 0.125})
    more.finish(summary=False)
    first, second = archives(run)
    assert first.about["offline_id"] == second.about["offline_id"]
    assert second.about["resume_strategy"] == "get_or_create"
    assert second.numbers()["loss"] == [(11, 0.125)]


def test_two_runs_at_once_keep_apart_and_leave_the_program_its_own(tmp_path):
    import comet_ml

    own = comet_ml.start(
        online=False,
        experiment_config=comet_ml.ExperimentConfig(
            offline_directory=str(tmp_path), auto_output_logging=False, log_env_details=False
        ),
    )
    runs = [gb.Run(runs_dir=tmp_path, sinks=["comet"]) for _ in range(2)]
    for value, run in enumerate(runs):
        run.log({"x": value})
        run.finish(summary=False)
        (found,) = archives(run)
        assert found.numbers()["x"] == [(0, value)]
    assert comet_ml.get_running_experiment() is own
    assert not own.ended
    own.end()


def test_importing_it_patches_nothing(tmp_path):
    body = f"""
import sys, ganbench as gb
run = gb.Run(runs_dir={str(tmp_path)!r}, sinks=["comet"])
run.finish(summary=False)
print([type(f).__module__ for f in sys.meta_path if "comet" in type(f).__module__])
print("comet_ml" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", body], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.splitlines()[-2:] == ["[]", "True False"]
    assert "COMET" not in done.stderr


@pytest.mark.parametrize("answers", [True, False])
def test_online_with_a_key_and_offline_where_comet_does_not_answer(
    tmp_path, monkeypatch, capsys, answers
):
    import comet_ml

    start, asked = comet_ml.start, []

    def instead(**options):
        asked.append(options)
        if not options["online"]:
            return start(**options)
        if not answers:
            raise ConnectionError("no route")
        return start(**{**options, "online": False})

    monkeypatch.setenv("COMET_API_KEY", "k" * 25)
    monkeypatch.setattr(comet_ml, "start", instead)
    with gb.Run("GAN", runs_dir=tmp_path, sinks=["comet"]) as run:
        run.log({"x": 1})
    assert [options["online"] for options in asked] == ([True] if answers else [True, False])
    assert {options["mode"] for options in asked} == {"get_or_create"}
    (found,) = archives(run)
    assert found.numbers()["x"] == [(0, 1)]
    said = capsys.readouterr().out
    assert ("offline (ConnectionError when asked)" in said) is not answers
