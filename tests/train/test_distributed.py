"""Several processes train as one does: torchrun with two, over gloo, as a user starts them."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from ganbench.store import checkpoints, folder, journal
from ganbench.train.distributed import ALONE, Group
from ganbench.train.step import SCALARS

pytestmark = pytest.mark.timeout(900)  # programs that import torch, on machines that are busy
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
ENVIRONMENT.pop("PYTEST_CURRENT_TEST", None)
RING = ["--steps", "30", "--batch", "64", "--model.hidden", "32", "--log-every", "1"]
RING += ["--grid-every", "15", "--checkpoint-every", "10", "--scoring.every-images", "640"]
RING += ["--scoring.real", "builtin:ring8:test[:500]", "--scoring.n", "301"]
RING += ["--scoring.n-during", "101", "--scoring.budget", "0.99"]
MNIST = ["--steps", "6", "--batch", "16", "--model.width-g", "4", "--model.width-d", "4"]
MNIST += ["--log-every", "1", "--grid-every", "6", "--checkpoint-every", "3", "--precision", "fp32"]
MNIST += ["--scoring.real", "builtin:mnist:test[:200]", "--scoring.n", "100", "--loss.every", "2"]


def ganbench(processes, *arguments):
    command = [sys.executable, "-m"]
    if processes > 1:
        command += ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        command += ["-m"]
    command += ["ganbench", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=400)


def trained(processes, runs_dir, recipe, *options):
    done = ganbench(processes, "train", recipe, *options, "--runs-dir", str(runs_dir))
    assert done.returncode == 0, done.stderr[-2000:]
    return folder.find(runs_dir, "latest")


def records(run):
    return [r for path in journal.journals(run.path) for r in journal.read(path)[0]]


def scalars(run):
    """steps × SCALARS."""
    rows = [r for r in records(run) if isinstance(r, list) and len(r) == 4 + len(SCALARS)]
    return torch.tensor([row[4:] for row in rows])


def scores(run):
    return {
        (r["step"], s["measure"]): s["value"]
        for r in records(run)
        if isinstance(r, dict) and r["kind"] == "scores"
        for s in r["scores"]
    }


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A run of one process and the same of two."""
    return [trained(n, tmp_path_factory.mktemp(f"of{n}"), "ring8", *RING) for n in (1, 2)]


def test_two_processes_have_the_losses_of_one(pair):
    """Same batches, halved, and gradients averaged: equal but for the order of sums."""
    one, two = map(scalars, pair)
    assert len(one) == 30
    torch.testing.assert_close(two, one, rtol=1e-4, atol=1e-5)


def test_their_samples_are_scored_as_those_of_one(pair):
    """101 and 301 samples do not split evenly; KID takes all features, Fréchet their moments."""
    one, two = map(scores, pair)
    assert one.keys() == two.keys()
    assert {step for step, _ in one} == {10, 20, 30}
    for key in one:
        assert two[key] == pytest.approx(one[key], rel=0.02, abs=1e-3), key


def test_one_of_them_records(pair):
    _, two = pair
    assert len(list(journal.journals(two.path))) == 1
    assert checkpoints.steps(two)[-1] == 30


def test_batch_norm_sees_the_whole_batch(tmp_path):
    """The default networks: batch norm in the generator, penalties of gradients."""
    one, two = (scalars(trained(n, tmp_path / str(n), "mnist", *MNIST)) for n in (1, 2))
    torch.testing.assert_close(two, one, rtol=2e-4, atol=2e-5)


def test_a_run_of_two_goes_on_with_two_to_the_bit_and_not_with_one(tmp_path):
    options = [*RING, "--steps", "20"]
    whole = trained(2, tmp_path / "whole", "ring8", *options)
    run = trained(2, tmp_path / "half", "ring8", *options)
    for step in checkpoints.steps(run)[1:]:  # as if it had been killed after the first checkpoint
        for path in sorted((run.checkpoints / str(step)).iterdir()):
            path.unlink()
        (run.checkpoints / str(step)).rmdir()
    for path in journal.journals(run.path):
        lines = [line for line in path.read_text().splitlines() if '"kind":"end"' not in line]
        path.write_text("\n".join(lines) + "\n")
    for index in (tmp_path / "half").glob(".index.sqlite*"):
        index.unlink()

    refused = ganbench(1, "resume", run.id, "--runs-dir", str(tmp_path / "half"))
    assert refused.returncode == 1
    assert "was trained by 2 processes" in refused.stderr
    assert "torchrun --nproc-per-node 2" in refused.stderr
    resumed = ganbench(2, "resume", run.id, "--runs-dir", str(tmp_path / "half"))
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    assert checkpoints.read(run) == checkpoints.read(whole)


def test_an_uneven_batch_is_refused(tmp_path):
    options = [*RING, "--batch", "63", "--runs-dir", str(tmp_path)]
    refused = ganbench(2, "train", "ring8", *options)
    assert refused.returncode != 0
    assert "batch 63 cannot be split evenly over 2 processes" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_parts_are_the_batch():
    batch = torch.arange(12).view(6, 2)
    parts = [Group(rank, 3).part(batch) for rank in range(3)]
    assert torch.equal(torch.cat(parts), batch)
    assert ALONE.part(batch) is batch


def test_alone_nothing_is_exchanged():
    values = nn.Linear(2, 2).weight.detach()
    before = values.clone()
    ALONE.average([values])
    assert torch.equal(values, before)
    assert ALONE.gather(values) is values
    assert ALONE.agree(True)
    assert not ALONE.agree(False)
