"""Trainings as processes: killed, interrupted, on a full disk, side by side."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganbench.store import checkpoints, folder, journal
from ganbench.train.step import SCALARS

SMALL = ["--steps", "400", "--batch", "32", "--model.hidden", "16", "--log-every", "1"]
SMALL += [
    "--grid-every",
    "50",
    "--checkpoint-every",
    "40",
    "--scoring.n",
    "200",
    "--scoring.n-during",
    "100",
]
SMALL += ["--scoring.every-images", "0", "--scoring.real", "builtin:ring8:test[:500]"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}

# Prints each step once its scalars are acknowledged, as `ganbench train` and `resume` run it.
FOLLOWER = """
import sys
from pathlib import Path
from ganbench import workbench
from ganbench.events import Scalars
from ganbench.store import folder
run = workbench.resume(folder.find(Path(sys.argv[1]), sys.argv[2]))
for event in run.events():
    if isinstance(event, Scalars):
        print(event.step, flush=True)
"""


def ganbench(*words, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "ganbench", *map(str, words)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "ganbench", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


def listed(runs_dir):
    return json.loads(ganbench("runs", "list", "--json", "--runs-dir", runs_dir).stdout)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def scalars(run):
    """{step: values} over all journals, the later write of a step winning; all must agree."""
    found = {}
    for path in sorted(journal.journals(run.path), key=lambda path: path.stat().st_mtime):
        for record in journal.read(path)[0]:
            if isinstance(record, list) and record[0] == 0 and len(record) == 4 + len(SCALARS):
                step, values = record[1], record[4:]
                assert found.get(step, values) == values, f"step {step} was repeated differently"
                found[step] = values
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uninterrupted run that the others are compared with."""
    runs_dir = tmp_path_factory.mktemp("whole")
    ganbench("train", "ring8", *SMALL, "--runs-dir", runs_dir)
    return folder.find(runs_dir, "latest")


def test_killed_five_times_at_random_moments(whole, tmp_path):
    """Nothing acknowledged is lost, the state is `killed`, the end is the same to the bit."""
    rng = random.Random(4)
    child = start("train", "ring8", *SMALL, "--runs-dir", tmp_path)
    wait_for(lambda: folder.all_runs(tmp_path))
    (run,) = folder.all_runs(tmp_path)
    wait_for(lambda: checkpoints.steps(run))
    child.kill()
    child.communicate()
    for _ in range(4):
        (row,) = listed(tmp_path)
        assert row["state"] == "killed"
        before = checkpoints.steps(run)[-1]
        child = subprocess.Popen(
            [sys.executable, "-c", FOLLOWER, str(tmp_path), "latest"],
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
        )
        wait_for(lambda b=before, c=child: checkpoints.steps(run)[-1] > b or c.poll() == 0)
        time.sleep(rng.random() * 0.1)
        child.kill()
        acknowledged = [int(line) for line in child.communicate()[0].splitlines()]
        assert set(acknowledged) <= set(scalars(run))
    if listed(tmp_path)[0]["state"] != "finished":
        ganbench("resume", "latest", "--runs-dir", tmp_path)
    assert listed(tmp_path)[0]["state"] == "finished"
    assert scalars(run) == scalars(whole)
    assert checkpoints.read(run) == checkpoints.read(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_can_be_resumed(whole, tmp_path, number):
    child = start("train", "ring8", *SMALL, "--runs-dir", tmp_path)
    wait_for(lambda: folder.all_runs(tmp_path))
    (run,) = folder.all_runs(tmp_path)
    wait_for(lambda: len(scalars(run)) > 3)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert f"ganbench resume {run.id}" in out
    (row,) = listed(tmp_path)
    assert row["state"] == "killed"
    assert checkpoints.steps(run)[-1] == row["step"] == max(scalars(run))
    done = ganbench("resume", run.id[:6], "--runs-dir", tmp_path)
    assert "finished at step 400" in done.stdout
    assert checkpoints.read(run) == checkpoints.read(whole)


def test_the_summary_is_printed(whole):
    done = ganbench("runs", "show", "latest", "--runs-dir", whole.path.parent)
    for words in (
        "finished",
        "dis_loss",
        "modes_covered",
        "duration",
        "images/s",
        "peak memory",
        "GPU",
        str(whole.path),
        f"http://127.0.0.1:8642/runs/{whole.id}",
    ):
        assert words in done.stdout


def test_two_trainers_in_one_folder(whole, tmp_path):
    children = [start("train", "ring8", *SMALL, "--runs-dir", tmp_path) for _ in range(2)]
    for child in children:
        _, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
    runs = listed(tmp_path)
    assert [run["state"] for run in runs] == ["finished"] * 2
    for run in folder.all_runs(tmp_path):
        assert checkpoints.read(run) == checkpoints.read(whole)


def test_divergence_says_so(tmp_path):
    """A learning rate that explodes the weights, without a bound on them."""
    words = ["--optimizer_d.name", "SGD", "--optimizer_d.lr", "1e18", "--optimizer_g.lr", "1e18"]
    done = ganbench("train", "ring8", *SMALL, *words, "--runs-dir", tmp_path, check=False)
    assert done.returncode == 3
    assert "is not finite since step" in done.stdout
    assert "Traceback" not in done.stderr
    assert listed(tmp_path)[0]["state"] == "diverged"


class TestPlacesThatRefuse:
    def fails(self, runs_dir):
        done = ganbench("train", "ring8", *SMALL, "--runs-dir", runs_dir, check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1  # one clear message
        return done.stderr

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "runs").write_text("x")
        assert "--runs-dir" in self.fails(tmp_path / "runs")

    def test_a_read_only_folder(self, tmp_path):
        runs_dir = tmp_path / "runs"
        runs_dir.mkdir()
        runs_dir.chmod(0o500)
        if os.access(runs_dir, os.W_OK):
            pytest.skip("this user may write everywhere")
        assert "no permission" in self.fails(runs_dir)

    def test_a_full_disk(self, tmp_path):
        """A file system of 1 MiB that a neighbour fills while the training runs."""
        mount = tmp_path / "small"
        mount.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], capture_output=True
        )
        if made.returncode:
            pytest.skip("no right to mount a file system here")
        try:
            self.full_disk(mount)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)

    def full_disk(self, mount: Path):
        child = start("train", "ring8", *SMALL, "--runs-dir", mount)
        wait_for(lambda: folder.all_runs(mount))
        (run,) = folder.all_runs(mount)
        wait_for(lambda: checkpoints.steps(run))
        (mount / "ballast").write_bytes(b"")
        with (mount / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(b"0" * 512):
                    pass
            except OSError:
                pass
        _, err = child.communicate(timeout=120)
        assert child.returncode == 1
        assert "disk is full" in err
        assert "Traceback" not in err
        (mount / "ballast").unlink()
        assert listed(mount)[0]["state"] in ("failed", "killed")
        done = ganbench("resume", "latest", "--runs-dir", mount)
        assert "finished at step 400" in done.stdout
