"""The journal: one write a record, NaN and the infinities the whole way, damage costs one line."""

import json
import math
import os

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganbench.errors import StoreError
from ganbench.store import journal
from ganbench.store.journal import Journal


def test_records_in_order(tmp_path):
    made = Journal(tmp_path, step=7)
    made.row(10, 640, {"dis_loss": np.float32(0.1), "adv_loss": 0.25})
    made.row(20, 1280, {"dis_loss": 1.0, "adv_loss": 2.0})
    made.row(20, 1280, {"other": 3.0})
    made.write("end", state="finished", step=20, seen=1280)
    records, offset, damaged = journal.read(made.path)
    assert (offset, damaged) == (made.path.stat().st_size, 0)
    opened, columns, first, second, more, third, end = records
    assert opened["kind"] == "open"
    assert (opened["format"], opened["step"], opened["pid"]) == (1, 7, os.getpid())
    assert columns == {
        "kind": "columns",
        "id": 0,
        "names": ["step", "seen", "elapsed", "dis_loss", "adv_loss"],
    }
    assert first[:3] == [0, 10, 640]
    assert first[4:] == [0.1, 0.25]  # float32 in its own shortest spelling
    assert second[4:] == [1.0, 2.0]
    assert more["id"] == 1
    assert third[0] == 1
    assert end["state"] == "finished"


def test_each_record_is_one_write(tmp_path, monkeypatch):
    made = Journal(tmp_path, step=0)
    made.row(1, 1, {"a": 1.0})
    writes = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(data) or real(fd, data))
    made.row(2, 2, {"a": 1.0})
    made.write("checkpoint", step=2)
    assert len(writes) == 2
    assert all(data.endswith(b"\n") and data.count(b"\n") == 1 for data in writes)


SPECIAL = {math.inf: "Infinity", -math.inf: "-Infinity"}


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1))
def test_spelling_survives_json_and_keeps_every_bit(values):
    text = orjson.dumps(journal.spell({"deep": [values]}))
    json.loads(text, parse_constant=pytest.fail)  # no bare NaN: valid JSON everywhere
    for before, after in zip(values, orjson.loads(text)["deep"][0], strict=True):
        if math.isnan(before):
            assert after == "NaN"
            assert math.isnan(journal.unspell(after))
        else:
            assert after == SPECIAL.get(before, before)
            assert journal.unspell(after) == before


def test_an_unfinished_line_waits_and_a_damaged_one_is_counted(tmp_path):
    path = tmp_path / "events-a-1.jsonl"
    path.write_bytes(b'{"kind":"checkpoint","step":1}\n{"broken\n[0,1,2,3]\n{"kind":"checkp')
    records, offset, damaged = journal.read(path)
    assert records == [{"kind": "checkpoint", "step": 1}, [0, 1, 2, 3]]
    assert damaged == 1
    with path.open("ab") as file:
        file.write(b'oint","step":2}\n')
    records, offset, damaged = journal.read(path, offset)
    assert (records, damaged) == ([{"kind": "checkpoint", "step": 2}], 0)
    assert offset == path.stat().st_size


def test_two_journals_of_one_process_are_two_files(tmp_path):
    first, second = Journal(tmp_path, step=0), Journal(tmp_path, step=0)
    assert first.path != second.path
    assert len(list(journal.journals(tmp_path))) == 2


def test_a_short_write_is_an_error_and_the_next_record_stands_alone(tmp_path, monkeypatch):
    made = Journal(tmp_path, step=0)
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: real(fd, data[:9]))
        with pytest.raises(StoreError, match="disk is full"):
            made.write("checkpoint", step=1)
    made.write("end", state="failed", step=1, seen=1)
    records, _, damaged = journal.read(made.path)
    assert [record["kind"] for record in records] == ["open", "end"]
    assert damaged == 1


def test_bytes_a_point(tmp_path):
    """Five float32 scalars a record: at most 25 bytes a point."""
    made = Journal(tmp_path, step=0)
    names = ("dis_loss", "dis_acc", "adv_loss", "adv_acc", "rate")
    rng = np.random.default_rng(0)
    made.row(0, 0, dict.fromkeys(names, 0.0))
    before = made.path.stat().st_size
    for step in range(100_000, 100_200):
        made.row(step, step * 64, dict(zip(names, rng.normal(size=5).astype("f4"), strict=True)))
    assert (made.path.stat().st_size - before) / 1000 <= 25
