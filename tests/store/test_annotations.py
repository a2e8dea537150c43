"""Tags and notes: written by many, lost by none."""

import threading

import pytest

from ganbench.errors import InputError, StoreError
from ganbench.store import annotations, folder, query
from ganbench.store.index import Index


@pytest.fixture
def run(tmp_path):
    content = {"config": {}, "tags": ["first"], "notes": "as it began", "environment": {}}
    return folder.create(tmp_path, "x", content)


def test_they_begin_as_the_run_says_and_change(run):
    assert annotations.read(run, run.read()) == {"tags": ["first"], "notes": "as it began"}
    annotations.change(run, add=["b", "b", "first"])
    now = annotations.change(run, remove=["first"], notes="<b>new</b>")
    assert now == {"tags": ["b"], "notes": "<b>new</b>"}
    assert annotations.read(run, run.read()) == now
    assert run.read()["tags"] == ["first"]  # run.json stays as it was


def test_the_index_sees_a_change_of_an_ended_run(run, tmp_path):
    index = Index(tmp_path)
    index.refresh()
    annotations.change(run, add=["late"])
    index.refresh()
    assert query.list_runs(index)[0]["tags"] == ["first", "late"]
    index.close()


def test_writers_at_once_lose_nothing(run):
    def add(number):
        for i in range(10):
            annotations.change(run, add=[f"{number}-{i}"])

    threads = [threading.Thread(target=add, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {"first"} | {f"{n}-{i}" for n in range(4) for i in range(10)}
    assert set(annotations.read(run, {})["tags"]) == expected


def test_who_read_older_notes_does_not_overwrite_newer_ones(run):
    mine = annotations.edition(annotations.read(run, run.read())["notes"])
    annotations.change(run, notes="theirs", since=mine)
    with pytest.raises(annotations.NotesChangedError):
        annotations.change(run, add=["lost"], notes="mine", since=mine)
    annotations.change(run, add=["tags need no edition"], since=mine)
    now = annotations.read(run, {})
    assert now == {"tags": ["first", "tags need no edition"], "notes": "theirs"}


@pytest.mark.parametrize("bad", [{"add": [" "]}, {"add": ["x" * 101]}, {"notes": "x" * 200_001}])
def test_what_is_too_long_or_empty_is_refused(run, bad):
    with pytest.raises(InputError, match=r"expected|at most"):
        annotations.change(run, **bad)
    assert annotations.read(run, run.read())["tags"] == ["first"]


def test_a_damaged_file_is_named(run):
    (run.path / annotations.NAME).write_text("{")
    with pytest.raises(StoreError, match=r"annotations\.json is damaged"):
        annotations.read(run, {})
