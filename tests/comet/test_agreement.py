"""What comet_ml itself says: the same arguments, and the same record of the same calls."""

import inspect
import json
import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

import ganbench.comet as ours
from tests.track.reading import read

pytestmark = pytest.mark.skipif(
    find_spec("comet_ml") is None, reason="comet_ml is in the dev and comet extras"
)
CLASSES = ("Experiment", "OfflineExperiment", "ExistingExperiment", "ExistingOfflineExperiment")
FUNCTIONS = ("start", "login", "init", "get_global_experiment", "get_running_experiment")
# What scripts that train GANs call.
# fmt: off
MUST = {
    "log_metric", "log_metrics", "log_parameter", "log_parameters", "log_image", "log_figure",
    "log_video", "log_audio", "log_text", "log_html", "log_html_url", "log_histogram_3d",
    "log_confusion_matrix", "log_curve", "log_table", "log_asset", "log_asset_data",
    "log_asset_folder", "log_model", "log_code", "set_code", "log_other", "log_others",
    "log_system_info", "log_current_epoch", "log_epoch_end", "set_epoch", "set_step", "add_tag",
    "add_tags", "get_tags", "set_name", "get_name", "get_key", "get_metric", "get_parameter",
    "get_other", "train", "test", "validate", "context_manager", "set_model_graph",
    "log_dataset_hash", "log_dataset_info", "get_callback", "get_keras_callback", "display",
    "flush", "end",
}
# fmt: on
ASK = f"""
import inspect, json, comet_ml
def names(f): return [n for n in inspect.signature(f).parameters if n != "self"]
told = {{c: {{n: names(m) for n, m in inspect.getmembers(getattr(comet_ml, c), callable)
        if not n.startswith("_") or n == "__init__"}} for c in {CLASSES}}}
told["module"] = {{n: names(getattr(comet_ml, n)) for n in {(*FUNCTIONS, "ExperimentConfig")}}}
print("\\n" + json.dumps(told))
"""
# Both are told this. Where comet_ml knows no step, it says so, and we count.
STORY = """
e.log_metric("bare", 1.5); e.log_metric("bare", 2)
e.log_metric("loss", float("nan"), step=4)
e.log_metric("same step", 3)
with e.train():
    e.log_metric("loss", .5, step=10, epoch=1)
    e.log_metrics({"x": 1, "y": float("-inf")}, prefix="pre")
    e.log_metric("outside", 1, include_context=False)
    with e.test():
        e.log_metric("inner", 7, step=11)
    e.log_metric("loss", .25)
    e.log_parameters({"in": {"train": 1}})
e.set_step(20); e.log_metric("loss", 1)
e.log_image([[0, 1], [1, 0]], name="i", step=30)
e.log_metric("after", 1)
with e.context_manager("my"):
    e.log_metric("own", 2.5)
e.log_parameters({"G": {"lr": 1e-3, "b": [1, 2]}, "d": 2}, prefix="P")
e.log_parameter("word", "w")
e.log_other("o", 1); e.log_others({"p": "q"})
told = [e.get_metric("bare"), e.get_parameter("P_G|lr"), e.get_other("o"), e.alive, e.disabled]
e.end()
"""


@pytest.fixture(scope="module")
def theirs():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def names(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_method_has_comets_arguments_in_comets_order(theirs, cls):
    own = dict(inspect.getmembers(getattr(ours, cls), inspect.isfunction))
    assert own.keys() >= MUST
    for name in own:
        takes_all = theirs[cls].get(name) == ["args", "kwargs"]  # OfflineExperiment.display
        if not name.startswith("_") and not takes_all:
            assert names(own[name]) == theirs[cls][name], f"{cls}.{name}"
    mine, known = names(own["__init__"]), theirs[cls]["__init__"]
    assert mine == known or mine == [*known, "kwargs"]


def test_functions_have_comets_arguments_in_comets_order(theirs):
    for name, known in theirs["module"].items():
        assert names(getattr(ours, name)) == known, name


def test_both_record_the_same(tmp_path, capfd):
    """comet_ml writes a zip; its messages are compared with our index, point by point."""
    code = f"""
import comet_ml, json
e = comet_ml.OfflineExperiment(project_name="p", offline_directory={str(tmp_path / "theirs")!r},
    display_summary_level=0, log_code=False, auto_output_logging=False)
{STORY}
print("\\n" + json.dumps(told))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    their_answers = json.loads(done.stdout.splitlines()[-1])
    points, parameters, others = read_zip(next((tmp_path / "theirs").glob("*.zip")))
    e = ours.OfflineExperiment(
        project_name="p", offline_directory=str(tmp_path / "ours"), display_summary_level=0
    )
    space = {"e": e}
    exec(STORY, space)
    assert space["told"] == their_answers
    shown = read(tmp_path / "ours", e.id, [*points, "epoch"])
    mine = shown["series"]
    assert shown["points"].keys() == points.keys() | {"epoch"}
    for name, expected in points.items():
        assert list(map(str, mine[name]["value"])) == [str(float(v)) for _, v in expected], name
        steps = [step if step is not None else i for i, (step, _) in enumerate(expected)]
        assert mine[name]["step"] == steps, name
    assert mine["epoch"]["value"] == [1]
    flat = flatten(shown["config"])
    assert {k: v for k, v in flat.items() if not k.startswith("other|")} == parameters
    assert {k[6:]: v for k, v in flat.items() if k.startswith("other|")} == others
    assert [(p["name"], p["step"]) for p in shown["pictures"]] == [("i", 30)]


def read_zip(path):
    """Points, parameters and others that a user logged, as comet_ml's zip has them."""
    points, parameters, others = {}, {}, {}
    number = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("messages.json").decode().splitlines()
    for line in map(json.loads, lines):
        said = line["payload"]
        context = f"{said['context']}_" if said.get("context") else ""
        if line["type"] == "metric_msg":
            metric = said["metric"]
            if not metric["metricName"].startswith(("sys.", "process ")):
                value = number.get(metric["metricValue"], metric["metricValue"])
                points.setdefault(context + metric["metricName"], []).append(
                    (metric["step"], value)
                )
        elif line["type"] == "parameter_msg":
            param = said.get("param") or said["params"]
            if not param["paramName"].startswith("curr_"):
                parameters[context + param["paramName"]] = param["paramValue"]
        elif line["type"] == "log_other" and said["key"] in ("o", "p"):
            others[said["key"]] = said["value"]
    return points, parameters, others


def flatten(values, start=""):
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{start}{name}|")
        else:
            flat[f"{start}{name}"] = value
    return flat
