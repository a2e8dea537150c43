"""W&B, offline: its own file holds what was logged, whatever came late."""

import json
import struct
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from PIL import Image

import ganbench as gb
from tests.track.sinks.conftest import PICTURES, expected

wandb = pytest.importorskip("wandb")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True, scope="module")
def _no_service_stays():
    yield
    wandb.teardown()
    assert not [p for p in psutil.Process().children() if "wandb" in p.name()]


def records(path):
    """The records of a .wandb file: LevelDB's log, blocks of 32 KiB after a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    data = path.read_bytes()
    assert data[:4] in (b":W&B", b"")
    at, parts = 7, b""
    while at + 7 <= len(data):
        if 2**15 - at % 2**15 < 7:
            at += 2**15 - at % 2**15
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        if at + 7 + size > len(data):  # being written
            return
        parts += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # a whole record, or the last part of one
            record = Record.FromString(parts)
            parts = b""
            yield record.WhichOneof("record_type"), record


def items(found):
    return {(i.key or ".".join(i.nested_key)): json.loads(i.value_json) for i in found}


def folders(run):
    return sorted((run.folder.path / "sinks/wandb").glob("offline-run-*"))


def read(folder):
    """The records by their kind. W&B's process closes the file soon after the run has finished."""
    (path,) = folder.glob("*.wandb")
    found = {}
    until = time.monotonic() + 60
    while "exit" not in found and time.monotonic() < until:
        found = {}
        for kind, record in records(path):
            found.setdefault(kind, []).append(getattr(record, kind))
    return found


def test_everything_arrives(logged):
    run = logged("wandb")
    (folder,) = folders(run)
    found = read(folder)
    rows = [items(record.item) for record in found["history"]]
    for name, points in expected().items():
        told = [(row["global_step"], row[name]) for row in rows if name in row]
        np.testing.assert_array_equal(told, points)
    pictures = [row for row in rows if "samples.path" in row]
    assert [row["global_step"] for row in pictures] == list(PICTURES)
    for row, (step, pixels) in zip(pictures, PICTURES.items(), strict=True):
        assert row["samples.caption"] == f"at {step}"
        shown = Image.open(folder / "files" / row["samples.path"])
        np.testing.assert_array_equal(np.asarray(shown), pixels)
    assert [(row["global_step"], row["said"]) for row in rows if "said" in row] == [(3, "hello")]
    # Every chart has our step as its x axis, and W&B's own step only rises, so it drops nothing.
    (axis,) = [metric for metric in found["metric"] if metric.glob_name == "*"]
    assert axis.step_metric == "global_step"
    assert [row["_step"] for row in rows] == list(range(len(rows)))


def test_what_is_known_of_the_run(logged):
    run = logged("wandb", state="killed")
    (folder,) = folders(run)
    found = read(folder)
    first, last = found["run"][0], found["run"][-1]
    assert (first.run_id, first.project, first.display_name) == (run.id, "my GAN", "first name")
    assert last.display_name == "second name"
    assert first.notes == "a *note*"
    assert (list(first.tags), list(last.tags)) == (["a"], ["a", "b"])
    config = items(first.config.update)
    assert (config["lr"], config["net"]) == (1e-3, {"k": 3, "act": None})
    assert items(found["config"][-1].update) == {"lr": 0.5, "late": {"x": [1, 2]}}
    assert found["exit"][0].exit_code == 255


def test_a_resumed_run_has_the_same_id(logged):
    run = logged("wandb")
    more = gb.Run.resume(run.id, runs_dir=run.folder.path.parent)
    more.log({"loss": 0.125})
    more.finish(summary=False)
    both = [read(folder) for folder in folders(run)]
    assert [found["run"][0].run_id for found in both] == [run.id, run.id]
    assert [items(row.item)["global_step"] for row in both[1]["history"]] == [11]


def test_the_program_keeps_its_own_run_and_hooks(tmp_path):
    own = wandb.init(mode="offline", dir=tmp_path, settings=wandb.Settings(silent=True))
    hook = sys.excepthook
    with gb.Run(runs_dir=tmp_path, sinks=["wandb"]) as run:
        run.log({"x": 1})
    assert wandb.run is own
    assert sys.excepthook is hook
    own.finish()


@pytest.mark.parametrize(
    ("variables", "mode"),
    [
        ({}, "offline"),
        ({"WANDB_API_KEY": "k" * 40}, "online"),
        ({"WANDB_API_KEY": "k" * 40, "WANDB_MODE": "offline"}, "offline"),
        ({"WANDB_MODE": "disabled"}, "disabled"),
        ({"NETRC": "netrc"}, "online"),
        ({"NETRC": "netrc", "WANDB_BASE_URL": "https://wandb.example"}, "offline"),
    ],
)
def test_online_only_with_a_key(monkeypatch, tmp_path, variables, mode):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine api.wandb.ai\n  login user\n  password {'k' * 40}\n")
    netrc.chmod(0o600)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(netrc) if value == "netrc" else value)
    given = {}

    def init(**options):
        given.update(options)
        raise ValueError("not today")

    monkeypatch.setattr(wandb, "init", init)
    with gb.Run("GAN", runs_dir=tmp_path, sinks=["wandb"]):
        pass
    assert (given["mode"], given["project"], given["reinit"]) == (mode, "GAN", "create_new")


def test_a_crash_is_told_once_and_leaves_no_process(tmp_path):
    body = f"""
import ganbench as gb, os
run = gb.Run(runs_dir={str(tmp_path)!r}, sinks=["wandb"])
print(os.getpid(), run.id, flush=True)
run.log({{"x": 1.0}})
run.flush()
import time; time.sleep(3)
raise ValueError("boom")
"""
    done = subprocess.run(
        [sys.executable, "-c", body], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr.count("ValueError: boom") == 1
    pid, name = next(line.split() for line in done.stdout.splitlines() if line[0].isdigit())
    (path,) = tmp_path.glob(f"{name}/sinks/wandb/*/*.wandb")
    found = read(path.parent)
    assert found["exit"][0].exit_code == 1
    assert items(found["history"][0].item)["x"] == 1
    left = [p.info for p in psutil.process_iter(["name", "cmdline"]) if "wandb" in p.info["name"]]
    assert not [info for info in left if pid in (info["cmdline"] or ())]
