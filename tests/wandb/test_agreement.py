"""What wandb itself says: the same arguments, and the same record of the same calls."""

import inspect
import json
import struct
import subprocess
import sys
from importlib.util import find_spec

import pytest

import ganbench.wandb as ours
from tests.track.reading import read

pytestmark = pytest.mark.skipif(
    find_spec("wandb") is None, reason="wandb is in the dev and wandb extras"
)
NAMES = (
    *("init", "log", "finish", "define_metric", "watch", "unwatch", "save", "alert", "login"),
    *("Image", "Video", "Histogram", "Table", "Html"),
)
# Both are told this.
STORY = """
run = wandb.init(project="p", config={"a": 1, "n": {"x": 2}})
wandb.log({"a": 1.5})
wandb.log({"b": 2}, commit=False)
wandb.log({"c": {"d": 3, "e": {"f": 4}}, "a": 2})
wandb.log({"e": 1}, step=5)
wandb.log({"f": 1, "e": 9}, step=5)
wandb.log({"g": 1})
wandb.log({"h": 1}, step=2)
wandb.log({"i": float("nan"), "inf": float("inf")})
wandb.log({"j": 1}, step=9, commit=True)
wandb.log({"k": True})
wandb.config.update({"late": [1, 2]})
wandb.config.attribute = "x"
wandb.config["item"] = 0.5
wandb.config.setdefaults({"item": 7, "other": None})
told = [run.step, run.config["a"], run.config.item, run.config.get("nothing", 3)]
told += ["late" in run.config, wandb.run is run, wandb.run.project]
wandb.finish()
told.append(wandb.run is None)
"""
THEIRS = f"""
import wandb, json, inspect
told = []
{STORY}
print("\\n" + json.dumps([told, {{name: list(inspect.signature(getattr(wandb, name)).parameters)
    for name in {NAMES}}}]))
"""

ASK = """
import json, sys
from wandb.proto import wandb_internal_pb2 as pb
points, config = {}, {}
for raw in json.loads(sys.stdin.read()):
    record = pb.Record.FromString(bytes.fromhex(raw))
    if record.WhichOneof("record_type") == "history":
        for item in record.history.item:
            name = item.key or ".".join(item.nested_key)
            if not name.startswith("_"):
                value = json.loads(item.value_json)
                points.setdefault(name, []).append([record.history.step.num, str(float(value))])
    if record.WhichOneof("record_type") in ("config", "run"):
        told = record.config if record.HasField("config") else record.run.config
        for item in told.update:
            name = item.key or ".".join(item.nested_key)
            if not name.startswith("_"):
                config[name] = json.loads(item.value_json)
print(json.dumps([points, config]))
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Their answers and arguments, and the records of their file."""
    where = tmp_path_factory.mktemp("theirs")
    environment = {
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "WANDB_DIR": str(where),
        "HOME": str(where),
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, "-c", THEIRS], capture_output=True, text=True, cwd=where, env=environment
    )
    assert done.returncode == 0, done.stderr
    told, arguments = json.loads(done.stdout.splitlines()[-1])
    (path,) = where.rglob("*.wandb")
    raw = json.dumps([record.hex() for record in records(path)])
    read = subprocess.run(
        [sys.executable, "-c", ASK], input=raw, capture_output=True, text=True, check=True
    )
    return told, arguments, *json.loads(read.stdout)


def records(path):
    """The protobuf records of a .wandb file: LevelDB's log after a header of seven bytes."""
    data, position, record = path.read_bytes(), 7, b""
    while position < len(data):
        left = 32768 - position % 32768
        if left < 7:
            position += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        position += 7
        record += data[position : position + length]
        position += length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def test_arguments_are_wandbs_in_wandbs_order(theirs):
    for name, known in theirs[1].items():
        mine = list(inspect.signature(getattr(ours, name)).parameters)
        assert mine in ([n for n in known if n != "self"], [*known, "kwargs"]), name


def test_both_record_the_same(theirs, tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_RUNS", str(tmp_path))
    space = {"wandb": ours}
    exec(STORY, space)
    told, _, points, config = theirs
    assert space["told"] == told
    shown = read(tmp_path, series=points)
    assert set(shown["points"]) == set(points)
    for name, expected in points.items():
        mine = shown["series"][name]
        assert [[s, str(v)] for s, v in zip(mine["step"], mine["value"], strict=True)] == expected
    assert shown["config"] == config
