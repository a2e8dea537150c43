"""The file of the index: opened by many at once, deleted while it is open, damaged, full."""

import sqlite3
import subprocess
import sys

import pytest

from ganbench.errors import StoreError
from ganbench.store import query, schema
from ganbench.store.database import Unavailable
from ganbench.store.index import Index
from ganbench.store.sqlite import location
from ganbench.web.reader import Reader
from tests.store.test_index import new_run

OPEN = """
import sys, time
from pathlib import Path
from ganbench.store import query
from ganbench.store.index import Index
folder = Path(sys.argv[1])
print("ready", flush=True)
while not (folder / "go").exists():
    time.sleep(0.001)
for i in range(20):
    index = Index(folder / str(i))
    index.refresh()
    assert len(query.list_runs(index)) == 1
    index.close()
"""


@pytest.fixture
def run(tmp_path):
    made, log = new_run(tmp_path)
    for step in range(10):
        log.row(step, step, {"x": float(step)})
    return made


def points(index, run):
    index.refresh()
    assert index.problems == []
    return query.read_series(index, run.id, {"x": 0})["x"]["value"]


def now(reader):
    """The reader's index, whatever the time and however long it takes."""
    reader._read = 0.0
    reader.current()
    if (working := reader._working) is not None:
        working.join()
    return reader._index


def test_processes_that_open_a_new_index_at_the_same_moment(tmp_path):
    for i in range(20):
        new_run(tmp_path / str(i))
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    for process in processes:
        _, errors = process.communicate()
        assert errors == ""


def test_a_deleted_file_is_noticed_and_shares_nothing_with_the_next(tmp_path, run):
    """Its log and its shared memory go by its name: the next file must not be read through them."""
    first, second = Index(tmp_path), Index(tmp_path)
    before = points(first, run)
    assert points(second, run) == before
    location(tmp_path).unlink()
    third = Index(tmp_path)
    assert (first.replaced(), second.replaced(), third.replaced()) == (True, True, False)
    assert points(third, run) == before
    assert points(second, run) == before  # its own file is still open
    first.close()
    second.close()
    assert points(third, run) == before
    third.close()
    with sqlite3.connect(location(tmp_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT n FROM gb_series").fetchone() == (10,)
    connection.close()


def test_a_connection_of_an_open_index_makes_no_file(tmp_path, run):
    """Only who opens an index does, under a lock, after the remains of the one before are gone."""
    index = Index(tmp_path)
    with index.engine.connect():
        location(tmp_path).unlink()
        with pytest.raises(Unavailable, match="unable to open"), index.engine.connect():
            pass
    assert not location(tmp_path).exists()
    index.close()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000, b"half"])
def test_a_damaged_file_is_made_anew(tmp_path, run, content):
    index = Index(tmp_path)
    before = points(index, run)
    index.close()
    whole = location(tmp_path).read_bytes()
    location(tmp_path).write_bytes(whole[:5000] if content == b"half" else content)
    index = Index(tmp_path)
    assert points(index, run) == before
    index.close()


def test_reindexing_begins_a_new_file_and_readers_follow(tmp_path, run):
    reader, index = Reader(tmp_path), Index(tmp_path)
    before = points(reader.current(), run)
    with location(tmp_path).open("r+b") as file:  # damage that opening does not see
        file.seek(8192)
        file.write(b"\xff" * 20_000)
    index.rebuild()
    assert points(index, run) == before
    assert now(reader).replaced() is False
    assert points(reader.current(), run) == before
    reader.close()
    index.close()


def test_tables_that_another_version_had_go(tmp_path, run, monkeypatch):
    with sqlite3.connect(location(tmp_path)) as connection:
        connection.execute("CREATE TABLE gb_meta (key TEXT, value TEXT)")
        connection.execute("CREATE TABLE gb_former (x INTEGER)")
        connection.execute("CREATE TABLE of_somebody_else (x INTEGER)")
    connection.close()
    index = Index(tmp_path)
    assert len(points(index, run)) == 10
    index.close()
    with sqlite3.connect(location(tmp_path)) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "gb_former" not in found
    assert {"of_somebody_else", *schema.metadata.tables} <= found


def test_a_full_disk_leaves_what_is_known(tmp_path, run):
    reader = Reader(tmp_path)
    index = reader.current()
    before = points(index, run)
    new_run(tmp_path)[1].row(0, 0, {f"series {i}": 0.0 for i in range(1000)})
    with index.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(Unavailable, match="full"):
        index.refresh()
    assert [row["id"] for row in query.list_runs(index)] == [run.id]
    assert len(query.list_runs(now(reader))) == 1
    assert "full" in reader.problems[0]
    assert len(query.list_runs(now(reader))) == 2  # opened again, where there is room
    assert query.read_series(index, run.id, {"x": 0})["x"]["value"] == before
    reader.close()
    index.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match=str(tmp_path / "file")):
        Index(tmp_path / "runs")
