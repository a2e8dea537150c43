"""What the page says while its index is being read."""

import threading

import pytest
from starlette.testclient import TestClient

from ganbench.store import folder
from ganbench.store.index import Index
from ganbench.web import reader
from ganbench.web.app import build


@pytest.fixture
def slow(monkeypatch):
    """The listing of the folders takes until the event is set."""
    go, before = threading.Event(), Index.refresh

    def refresh(self, progress=None):
        assert go.wait(60)
        before(self, progress)

    monkeypatch.setattr(Index, "refresh", refresh)
    monkeypatch.setattr(reader, "PATIENCE", 0.05)
    monkeypatch.setattr(reader, "LONGEST", 0.2)
    yield go
    go.set()


def test_a_run_that_is_not_read_yet_is_not_missing(runs_dir, slow):
    run = next(path.name for path in runs_dir.iterdir() if path.name.endswith("odd"))
    with TestClient(build(runs_dir, ["testserver"])) as client:
        early = client.get(f"/runs/{run}")
        assert (early.status_code, "Indexing, 0 %" in early.text) == (404, True)
        assert client.get(f"/api/runs/{run}/annotations").status_code == 200
        assert client.get("/api/runs/none/annotations").status_code == 404
        slow.set()
        client.app.state.reader._working.join()
        assert client.get(f"/runs/{run}").status_code == 200
        assert "There is no run" in client.get("/runs/none").text


def test_a_run_that_is_there_is_waited_for(runs_dir, slow, monkeypatch):
    monkeypatch.setattr(reader, "LONGEST", 30.0)
    run = next(path.name for path in runs_dir.iterdir() if path.name.endswith("odd"))
    with TestClient(build(runs_dir, ["testserver"])) as client:
        threading.Timer(0.5, slow.set).start()
        assert client.get(f"/api/runs/{run}").json()["id"] == run


def test_a_run_that_began_just_now_is_there(runs_dir):
    with TestClient(build(runs_dir, ["testserver"])) as client:
        client.get("/api/runs")
        new = folder.create(runs_dir, "new", {"config": {}, "environment": {}, "tags": []})
        assert client.get(f"/runs/{new.id}").status_code == 200
        broken = runs_dir / "20260101-000000-broken-abcd"
        broken.mkdir()
        (broken / "run.json").write_text("{")
        assert client.get(f"/runs/{broken.name}").status_code == 404
