"""All four at once, in a process that ends as processes do."""

import subprocess
import sys

import pytest

from tests.track.sinks import test_comet, test_mlflow, test_tensorboard, test_wandb

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:unclosed database:ResourceWarning"
)
SINKS = ["comet", "wandb", "tensorboard", "mlflow"]


class Found:
    """The run that a script left below `path`."""

    def __init__(self, path):
        (content,) = path.glob("*/run.json")
        self.folder = self
        self.path = content.parent
        self.id = self.path.name


def script(tmp_path, body, sinks):
    head = f"import os, time\nimport ganbench as gb\nrun = gb.Run(runs_dir={str(tmp_path)!r}, "
    code = f"{head} sinks={sinks!r})\n{body}"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )


def test_a_crash_without_finish_loses_nothing_anywhere(tmp_path):
    """Each tracker ends itself when the process does; the run is there before."""
    body = """
for step in range(300):
    run.log({"x": float(step)}, step=step)
run.log_image("p", [[0.0, 1.0]], 7)
while any(sink._backend.__dict__.keys() <= {"about"} for sink in run._relays[0]._sinks):
    time.sleep(0.1)
time.sleep(3)  # all have begun, and hooked what they hook
for step in range(300, 400):
    run.log({"x": float(step)}, step=step)
raise ValueError("boom")
"""
    done = script(tmp_path, body, SINKS)
    assert done.stderr.count("ValueError: boom") == 1
    run = Found(tmp_path)
    steps = list(range(400))

    (comet,) = test_comet.archives(run)
    assert sorted(comet.numbers()["x"]) == [(step, step) for step in steps]
    assert comet.others()["state"] == "failed"
    assert len(comet.uploads("visualization")) == 1

    found = test_wandb.read(test_wandb.folders(run)[0])
    rows = [test_wandb.items(record.item) for record in found["history"]]
    assert [row["x"] for row in rows if "x" in row] == steps
    assert found["exit"][0].exit_code == 1

    board = test_tensorboard.read(run)
    assert [event.step for event in board.Scalars("x")] == steps
    assert [image.step for image in board.Images("p")] == [7]

    uri = f"sqlite:///{run.path / 'sinks/mlflow/mlflow.db'}"
    client, kept = test_mlflow.read(run, uri)
    assert [step for step, _ in test_mlflow.history(client, kept, "x")] == steps
    assert kept.info.status == "FAILED"


def test_a_fork_while_trackers_are_imported(tmp_path):
    """The child has whole modules, and leaves the trackers to its parent."""
    body = """
time.sleep(0.1)
if not os.fork():
    import tensorboardX, PIL.Image
    tensorboardX.SummaryWriter
    run.log({"child": 1.0})
    run.add_tags("from the child")
    os._exit(0)
run.log({"x": 1.0}, step=5)
_, status = os.wait()
print("child ended with", status)
run.log({"x": 2.0}, step=6)
"""
    done = script(tmp_path, body, ["comet", "wandb", "tensorboard"])
    assert "child ended with 0" in done.stdout
    assert "Traceback" not in done.stderr
    run = Found(tmp_path)
    (comet,) = test_comet.archives(run)
    assert comet.numbers()["x"] == [(5, 1.0), (6, 2.0)]
    assert len(test_wandb.folders(run)) == 1
    found = test_wandb.read(test_wandb.folders(run)[0])
    rows = [test_wandb.items(record.item) for record in found["history"]]
    assert [row["x"] for row in rows] == [1, 2]
    assert found["exit"][0].exit_code == 0
    board = test_tensorboard.read(run)
    assert [event.value for event in board.Scalars("x")] == [1, 2]
    assert board.Tags()["scalars"] == ["x"]
