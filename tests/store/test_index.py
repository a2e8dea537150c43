"""The index holds what the folders hold: read bit by bit, deleted, or by two readers at once."""

import math
import threading
import time

import numpy as np
import orjson
import pytest

from ganbench.store import folder, query, schema
from ganbench.store.journal import Journal, spell
from ganbench.store.sqlite import location
from tests.store.conftest import drop_schemas

CONFIG = {"recipe": "mnist", "steps": 100}


def new_run(runs_dir):
    run = folder.create(runs_dir, "mnist", {"config": CONFIG, "environment": {}, "tags": []})
    return run, Journal(run.path, step=0)


def score(measure, value, n=100):
    return {"measure": measure, "extractor": "e", "n_fake": n, "n_real": 10, "value": value}


def warn(log, step, code, evidence, advice, **over):
    told = {"code": code, "message": f"{code}!", "evidence": evidence, "advice": advice}
    log.write("warning", step=step, seen=64 * step, **told, **over)


@pytest.fixture
def written(tmp_path):
    """One run with every kind of record."""
    run, log = new_run(tmp_path)
    for step in range(1, 6):
        log.row(
            step, step * 64, {"dis_loss": 1 / step, "adv_loss": math.nan if step == 3 else step}
        )
    log.write("media", name="samples", step=0, seen=0, sha256="a" * 64, width=4, height=3)
    log.write("media", name="samples", step=5, seen=320, sha256="b" * 64, width=4, height=3)
    log.write("scores", step=2, seen=128, scores=[score("frechet", 9.0), score("kid", math.inf)])
    log.write("scores", step=5, seen=320, scores=[score("kid", 0.5), score("frechet", 3.0)])
    warn(log, 2, "mode-collapse", {"diversity": 0.1}, ["Lower the rates."])
    warn(log, 3, "exploding-norms", {"adv_grad": math.inf}, ["Clip."])
    warn(log, 4, "exploding-norms", {}, [], over=True)
    return run, log


@pytest.fixture
def everything(open_index):
    """A function that opens the index of a runs dir and gives all that it answers."""
    return lambda runs_dir: answers(open_index(runs_dir))


def answers(index):
    index.refresh()
    runs = query.list_runs(index)
    found = [
        (
            run,
            query.show_run(index, run["id"]),
            query.read_series(index, run["id"], {"dis_loss": 0, "adv_loss": 0}),
        )
        for run in runs
    ]
    index.close()
    return orjson.loads(orjson.dumps(spell(found)))  # NaN is not equal to itself, its spelling is


def test_what_was_written_is_read(tmp_path, written, everything):
    run, log = written
    log.write("end", state="finished", step=5, seen=320, reason=None, summary={"seconds": 1})
    ((listed, shown, series),) = everything(tmp_path)
    assert (listed["id"], listed["recipe"], listed["state"]) == (run.id, "mnist", "finished")
    assert (listed["step"], listed["steps"], listed["seen"]) == (5, 100, 320)
    assert [(s["measure"], s["value"]) for s in listed["scores"]] == [
        ("kid", 0.5),
        ("frechet", 3.0),
    ]
    assert listed["picture"] == "b" * 64
    assert [s["value"] for s in shown["history"]] == [9.0, "Infinity", 0.5, 3.0]
    assert [p["step"] for p in shown["pictures"]] == [0, 5]
    assert [(w["code"], w["step"], w["until"]) for w in shown["warnings"]] == [
        ("mode-collapse", 2, None),
        ("exploding-norms", 3, 4),
    ]
    assert [w["evidence"] for w in shown["warnings"]] == [
        {"diversity": 0.1},
        {"adv_grad": "Infinity"},
    ]
    assert shown["warnings"][0]["advice"] == ["Lower the rates."]
    assert listed["warned"] == ["mode-collapse"]
    assert shown["points"] == {"dis_loss": 5, "adv_loss": 5}
    assert series["dis_loss"]["value"] == [1 / step for step in range(1, 6)]
    assert series["dis_loss"]["step"] == [1, 2, 3, 4, 5]
    assert series["adv_loss"]["value"][2] == "NaN"


def test_growing_in_small_pieces_gives_the_same_as_reading_at_once(
    tmp_path, monkeypatch, open_index
):
    monkeypatch.setattr(schema, "CHUNK", 7)
    run, log = new_run(tmp_path)
    index = open_index(tmp_path)
    for step in range(50):
        log.row(step, step, {"a": float(step)})
        if step % 3 == 0:
            index.refresh()
    index.refresh()
    grown = query.read_series(index, run.id, {"a": 0})
    index.rebuild()
    assert query.read_series(index, run.id, {"a": 0}) == grown
    assert grown["a"]["value"] == list(range(50))
    for start in (0, 6, 7, 20, 49, 50):
        part = query.read_series(index, run.id, {"a": start})["a"]
        assert part["value"] == list(range(start, 50))
        assert part["n"] == 50
    index.close()


def test_deleting_the_index_loses_nothing(tmp_path, written, everything, database):
    before = everything(tmp_path)
    if database is None:
        location(tmp_path).unlink()
    else:
        drop_schemas(database)
    assert everything(tmp_path) == before


def test_an_index_of_another_version_is_rebuilt(tmp_path, written, monkeypatch, everything):
    before = everything(tmp_path)
    monkeypatch.setattr(schema, "VERSION", "another")
    assert everything(tmp_path) == before


def test_a_deleted_run_is_forgotten(tmp_path, written, everything):
    other, _ = new_run(tmp_path)
    assert len(everything(tmp_path)) == 2
    folder.delete(written[0])
    ((listed, _, _),) = everything(tmp_path)
    assert listed["id"] == other.id


def test_a_resumed_run_repeats_steps_and_the_later_ones_count(tmp_path, written, everything):
    run, _ = written
    second = Journal(run.path, step=3)
    for step in range(4, 8):
        second.row(step, step * 64, {"dis_loss": -float(step)})
    second.write("media", name="samples", step=5, seen=320, sha256="c" * 64, width=4, height=3)
    second.write("scores", step=5, seen=320, scores=[score("frechet", 2.0)])
    ((listed, shown, series),) = everything(tmp_path)
    assert series["dis_loss"]["step"] == [1, 2, 3, 4, 5, 6, 7]
    assert series["dis_loss"]["value"][2:] == [1 / 3, -4, -5, -6, -7]
    assert shown["points"]["dis_loss"] == 9  # what is stored
    assert [p["sha256"][0] for p in shown["pictures"]] == ["a", "c"]
    assert {s["measure"]: s["value"] for s in listed["scores"]} == {"frechet": 2.0, "kid": 0.5}
    assert listed["step"] == 7


def test_the_system_is_by_time_whatever_its_journals_are_called(tmp_path, open_index):
    """A resumed run has another process, whose number may be the smaller one."""
    run, _ = new_run(tmp_path)
    for pid, began in ((900, 100.0), (17, 200.0)):
        opened = {"kind": "open", "time": began, "step": 0, "host": "h", "pid": pid, "started": 0}
        columns = {"kind": "columns", "id": 0, "names": ["step", "seen", "elapsed", "system/cpu"]}
        lines = [opened, columns, [0, 5, 5, 1.0, began], [0, 6, 6, 2.0, began + 1]]
        path = run.path / f"events-h-{pid:03}.jsonl"
        path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    index = open_index(tmp_path)
    index.refresh()
    series = query.read_series(index, run.id, {"system/cpu": 0})["system/cpu"]
    index.close()
    assert series["time"] == [101.0, 102.0, 201.0, 202.0]
    assert series["value"] == [100.0, 101.0, 200.0, 201.0]


def test_damaged_lines_are_counted_and_cost_nothing_else(tmp_path, written, everything):
    _, log = written
    with log.path.open("ab") as file:
        file.write(b"{torn\n")
    log.row(6, 384, {"dis_loss": 7.0})
    ((_, shown, series),) = everything(tmp_path)
    assert shown["damaged"] == 1
    assert series["dis_loss"]["value"][-1] == 7.0


def test_a_run_with_a_damaged_run_json_does_not_hide_the_others(tmp_path, written, everything):
    bad, _ = new_run(tmp_path)
    (bad.path / "run.json").write_text("{")
    assert [listed["id"] for listed, _, _ in everything(tmp_path)] == [written[0].id]


def test_readers_and_writers_at_once(tmp_path, open_index):
    """Four readers refresh while two runs grow: no error, no point twice, none lost."""
    runs = [new_run(tmp_path) for _ in range(2)]
    errors, done = [], threading.Event()

    def look():
        try:
            index = open_index(tmp_path)
            while not done.is_set():
                index.refresh()
                query.list_runs(index)
            index.close()
        except Exception as error:
            errors.append(error)

    readers = [threading.Thread(target=look) for _ in range(4)]
    for reader in readers:
        reader.start()
    for step in range(300):
        for _, log in runs:
            log.row(step, step, {"a": float(step)})
        time.sleep(0.003)  # the readers find something new each time
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
    index = open_index(tmp_path)
    index.refresh()
    for run, _ in runs:
        assert query.read_series(index, run.id, {"a": 0})["a"]["value"] == list(range(300))
    index.close()


def test_pictures_since_the_last_look(tmp_path, written, open_index):
    """One that a resumed run writes again is news, and takes the place of the one before."""
    run, _ = written
    index = open_index(tmp_path)
    index.refresh()
    first = query.read_pictures(index, run.id)
    assert [p["step"] for p in first["pictures"]] == [0, 5]
    assert first["after"] == query.pulse(index, run.id)["pictures"] == 2
    second = Journal(run.path, step=3)
    for step, digit in ((5, "c"), (10, "d")):
        picture = {"sha256": digit * 64, "width": 4, "height": 3}
        second.write("media", name="samples", step=step, seen=320, **picture)
    index.refresh()
    news = query.read_pictures(index, run.id, first["after"])
    assert [(p["step"], p["sha256"][0]) for p in news["pictures"]] == [(5, "c"), (10, "d")]
    assert news["after"] == query.pulse(index, run.id)["pictures"] == 4
    assert query.read_pictures(index, run.id, 4) == {"after": 4, "pictures": []}
    whole = query.read_pictures(index, run.id)["pictures"]
    assert [(p["step"], p["sha256"][0]) for p in whole] == [(0, "a"), (5, "c"), (10, "d")]
    assert query.show_run(index, run.id)["pictures"] == whole
    assert "pictures" not in query.show_run(index, run.id, pictures=False)
    index.close()


def test_thinning_keeps_the_extremes():
    points = np.zeros((4, 10_000))
    points[0] = np.arange(10_000)
    points[3] = np.sin(points[0] / 50)
    points[3, 1234], points[3, 7777], points[3, 5000] = 9.0, -9.0, np.nan
    thin = query.extremes(points, 100)
    assert thin.shape[1] <= 201  # with the NaN
    assert (np.diff(thin[0]) > 0).all()
    assert {1234, 7777, 5000} <= set(thin[0])


def test_a_folder_that_cannot_be_written_has_its_index_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert location(tmp_path).parent == tmp_path
    monkeypatch.setattr("os.access", lambda *_: False)
    assert location(tmp_path).parent == tmp_path / "cache" / "ganbench"
