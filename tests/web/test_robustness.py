"""Whatever happens below the page, it answers: with what is there, or with a line that says why."""

import os
import shutil
import threading

import pytest
from starlette.testclient import TestClient

from ganbench.store import folder
from ganbench.store.journal import Journal
from ganbench.store.sqlite import location
from ganbench.web import reader
from ganbench.web.app import build
from tests.store.conftest import drop_schemas


def new_run(runs_dir):
    content = {"config": {"steps": 9}, "environment": {}, "tags": []}
    run = folder.create(runs_dir, "x", content)
    log = Journal(run.path, step=0)
    log.row(1, 1, {"x": 1.0})
    return run, log


@pytest.fixture
def client(tmp_path, monkeypatch):
    """A page of `tmp_path`/runs whose answers are always of this moment."""
    monkeypatch.setattr(reader, "FRESH", 0.0)
    monkeypatch.setattr(reader, "PATIENCE", 60.0)
    with TestClient(build(tmp_path / "runs", ["testserver"])) as made:
        yield made


def ids(client):
    answer = client.get("/api/runs")
    assert answer.status_code == 200
    return {run["id"] for run in answer.json()}


def values(client, run):
    return client.get(f"/api/runs/{run.id}/series", params={"name": "x"}).json()["x"]["value"]


def test_runs_that_come_move_and_go(tmp_path, client):
    runs_dir = tmp_path / "runs"
    assert ids(client) == set()
    first, log = new_run(runs_dir)
    second, _ = new_run(runs_dir / "project" / "2026")
    assert ids(client) == {first.id, second.id}
    log.row(2, 2, {"x": 2.0})
    shutil.move(first.path, runs_dir / "project" / first.id)
    log.row(3, 3, {"x": 3.0})  # its process writes on
    assert ids(client) == {first.id, second.id}
    assert values(client, first) == [1.0, 2.0, 3.0]
    shutil.rmtree(runs_dir / "project" / "2026")
    assert ids(client) == {first.id}
    assert client.get(f"/api/runs/{second.id}").status_code == 404
    shutil.rmtree(runs_dir)
    assert ids(client) == set()
    again, _ = new_run(runs_dir)
    assert ids(client) == {again.id}


def test_an_index_that_is_deleted_again_and_again(tmp_path, client):
    run, log = new_run(tmp_path / "runs")
    for step in range(2, 12):
        log.row(step, step, {"x": float(step)})
        if step % 2:
            location(tmp_path / "runs").unlink()
        assert values(client, run) == list(range(1, step + 1))


def test_runs_that_are_deleted_while_they_are_read(tmp_path, client):
    stop = threading.Event()
    kept, _ = new_run(tmp_path / "runs")

    def churn():
        while not stop.is_set():
            run, log = new_run(tmp_path / "runs")
            log.row(2, 2, {"x": 2.0})
            shutil.rmtree(run.path)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(30):
            assert kept.id in ids(client)
            assert client.get("/api/table").status_code == 200
    finally:
        stop.set()
        thread.join()
    assert ids(client) == {kept.id}


def test_what_cannot_be_read_is_one_run(tmp_path, client):
    good, _ = new_run(tmp_path / "runs")
    for damage in (b"", b"[]", b'{"format": 1}', b'{"format": 1, "created": 5}', b"\xff"):
        bad, _ = new_run(tmp_path / "runs")
        (bad.path / "run.json").write_bytes(damage)
    bad, _ = new_run(tmp_path / "runs")
    (bad.path / "annotations.json").write_bytes(b"{")
    bad, log = new_run(tmp_path / "runs")
    log.path.unlink()
    log.path.mkdir()
    odd = tmp_path / "runs" / os.fsdecode(b"not-\xff-unicode")
    shutil.copytree(good.path, odd)
    found = ids(client)
    assert good.id in found
    assert odd.name not in found
    assert client.get("/api/table").status_code == 200


def test_a_damaged_picture_costs_that_picture(tmp_path, client):
    run, log = new_run(tmp_path / "runs")
    for i, content in enumerate((b"RIFF and no more", b"", None)):
        fields = {"name": "samples", "step": i, "seen": i, "width": 4, "height": 3}
        log.write("media", sha256=f"{i:064x}", **fields)
        if content is not None:
            (run.media / f"{i:064x}.webp").write_bytes(content)
    assert len(client.get(f"/api/runs/{run.id}/pictures").json()["pictures"]) == 3
    answers = [client.get(f"/runs/{run.id}/media/{i:064x}.webp") for i in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 404]


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    run, _ = new_run(tmp_path / "runs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "access", lambda *_: False)  # what root is told of a read-only disk
    with TestClient(build(tmp_path / "runs", ["testserver"])) as client:
        assert values(client, run) == [1.0]
    assert not list((tmp_path / "runs").glob(".index*"))


def test_a_database_server_that_goes_away_and_comes_back(tmp_path, monkeypatch, postgres_server):
    monkeypatch.setattr(reader, "FRESH", 0.0)
    monkeypatch.setattr(reader, "PATIENCE", 60.0)
    url, (run, log) = postgres_server.url, new_run(tmp_path)
    with TestClient(build(tmp_path, ["testserver"], index=url)) as client:
        assert values(client, run) == [1.0]
        postgres_server.stop()
        try:
            log.row(2, 2, {"x": 2.0})
            answer = client.get("/api/runs")
            assert answer.status_code == 503
            assert "geheim" not in answer.text
            assert "\n" not in answer.json()["error"]
        finally:
            postgres_server.start()
        assert ids(client) == {run.id}
        assert values(client, run) == [1.0, 2.0]
        drop_schemas(url)  # somebody tidied up
        assert client.get("/api/runs").status_code in (200, 503)
        assert ids(client) == {run.id}
