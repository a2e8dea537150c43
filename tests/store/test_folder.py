"""Run folders: made, found by prefix, deleted; files are there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from ganbench.errors import StoreError
from ganbench.store import checkpoints, folder


@pytest.fixture
def runs(tmp_path):
    made = [folder.create(tmp_path / "runs", "mnist", {"config": {"n": i}}) for i in range(3)]
    return tmp_path / "runs", made


def test_create_and_read(runs):
    _, made = runs
    content = made[1].read()
    assert content["config"] == {"n": 1}
    assert content["id"] == made[1].id
    assert made[1].id.endswith("-mnist")
    assert len({run.id for run in made}) == 3


def test_find(runs):
    path, made = runs
    for run in made:
        assert folder.find(path, run.id) == run
        assert folder.find(path, run.id[:6]) == run
    assert folder.find(path, "latest") == made[-1]
    with pytest.raises(StoreError, match=made[0].id):
        folder.find(path, "zzz")
    with pytest.raises(StoreError, match="ambiguous"):
        folder.find(path, "")
    with pytest.raises(StoreError, match="ganbench train mnist"):
        folder.find(path / "nowhere", "latest")


def test_what_is_not_a_run_is_not_listed(runs):
    path, made = runs
    (path / "notes").mkdir()
    (path / "file").write_text("x")
    assert folder.all_runs(path) == sorted(made, key=lambda run: run.id)
    folder.delete(made[0])
    assert made[0] not in folder.all_runs(path)
    assert not made[0].path.exists()


@pytest.mark.parametrize("damage", [b"{", b'{"format": 99}'])
def test_a_damaged_run_json_is_named(runs, damage):
    _, made = runs
    (made[0].path / "run.json").write_bytes(damage)
    with pytest.raises(StoreError, match=r"run\.json"):
        made[0].read()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(StoreError, match="--runs-dir"):
        folder.create(tmp_path / "runs", "mnist", {})


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    folder.replace_file(path, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="disk is full"):
        folder.replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


class TestCheckpoints:
    def test_write_read_prune(self, runs):
        run = runs[1][0]
        for step in (10, 20, 30, 100):
            checkpoints.write(run, step, {"a.safetensors": b"%d" % step})
        assert checkpoints.steps(run) == [10, 20, 30, 100]
        assert checkpoints.read(run) == {"a.safetensors": b"100"}
        assert checkpoints.read(run, 20) == {"a.safetensors": b"20"}
        checkpoints.prune(run, keep=2, also={10})
        assert checkpoints.steps(run) == [10, 30, 100]

    def test_missing_ones_are_named(self, runs):
        run = runs[1][0]
        with pytest.raises(StoreError, match="no checkpoint yet"):
            checkpoints.read(run)
        checkpoints.write(run, 10, {})
        with pytest.raises(StoreError, match="there are 10"):
            checkpoints.read(run, 11)

    def test_writing_again_replaces(self, runs):
        run = runs[1][0]
        checkpoints.write(run, 10, {"a": b"1", "b": b"1"})
        checkpoints.write(run, 10, {"a": b"2"})
        assert checkpoints.read(run) == {"a": b"2"}

    @pytest.mark.parametrize("broken", ["fsync", "rename"])
    def test_a_failure_leaves_the_older_ones_and_no_rubbish(self, runs, monkeypatch, broken):
        run = runs[1][0]
        checkpoints.write(run, 10, {"a": b"1"})
        with monkeypatch.context() as patch:
            patch.setattr(*((os, "fsync") if broken == "fsync" else (Path, "rename")), full)
            with pytest.raises(StoreError, match="disk is full"):
                checkpoints.write(run, 20, {"a": b"2"})
        assert checkpoints.read(run) == {"a": b"1"}
        assert [p.name for p in run.checkpoints.iterdir()] == ["10"]

    def test_half_a_checkpoint_does_not_count(self, runs):
        run = runs[1][0]
        (run.checkpoints / ".20.4711").mkdir()
        assert checkpoints.steps(run) == []


def test_runs_are_found_at_any_depth_but_not_inside_runs(tmp_path):
    content = {"config": {}, "environment": {}, "tags": []}
    direct = folder.create(tmp_path, "a", content)
    deep = folder.create(tmp_path / "project" / "2026", "b", content)
    folder.create(direct.path, "inner", content)
    folder.create(tmp_path / ".hidden", "c", content)
    assert {run.id for run in folder.all_runs(tmp_path)} == {direct.id, deep.id}
    assert folder.find(tmp_path, deep.id).path == deep.path


def test_any_project_name_makes_a_good_id(tmp_path):
    run = folder.create(tmp_path, "../My <b>GAN</b> №7/", {})
    assert run.path.parent == tmp_path
    assert run.id[7:] == "my-b-gan-b-7"
    assert folder.create(tmp_path, "???", {}).id.endswith("-run")
