"""Whatever a line of a journal turns into, it costs that line."""

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganbench.store import journal, query
from tests.store.test_index import new_run, score

ALL = HealthCheck.function_scoped_fixture
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def write(runs_dir):
    """A run with one record of each kind; its lines."""
    run, log = new_run(runs_dir)
    log.row(1, 1, {"x": 1.0, "y": 2.0})
    log.row(2, 2, {"x": 2.0, "y": 3.0})
    fields = {"step": 2, "seen": 2, "name": "n"}
    log.write("media", sha256="a" * 64, width=4, height=3, caption=None, **fields)
    log.write("text", text="t", **fields)
    log.write("config", values={"a": {"b": 1}})
    log.write("name", name="called")
    log.write("scores", step=2, seen=2, scores=[{**score("kid", 0.5), "better": "to 1"}])
    told = {"code": "c", "message": "m", "evidence": {"x": 1.0}, "advice": ["a"], "over": False}
    log.write("warning", step=2, seen=2, **told)
    log.write("checkpoint", step=2, seen=2)
    log.write("end", state="finished", step=2, seen=2, reason=None, summary={"x": 1})
    log.row(3, 3, {"x": 3.0, "y": 4.0})
    return run, log.path, log.path.read_bytes().splitlines(keepends=True)


@st.composite
def changed(draw, line):
    """A line in which one value, at any depth, is another; or a field is missing."""
    record = orjson.loads(line)
    place = record
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and draw(st.booleans()):
            place = inner
            continue
        if isinstance(place, dict) and draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(JSON)
        return orjson.dumps(record) + b"\n"


@pytest.mark.parametrize("which", range(13))
@settings(max_examples=8, deadline=None, suppress_health_check=[ALL])
@given(data=st.data())
def test_a_damaged_line_costs_that_line(tmp_path_factory, open_index, which, data):
    runs_dir = tmp_path_factory.mktemp("runs")
    run, path, lines = write(runs_dir)
    bytes_ = st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"") + b"\n")
    lines[which] = data.draw(changed(lines[which]) | bytes_ | JSON.map(dumps))
    path.write_bytes(b"".join(lines))
    index = open_index(runs_dir)
    index.refresh()
    assert index.problems == []
    (listed,) = query.list_runs(index)
    shown = query.show_run(index, run.id)
    query.pulse(index, run.id)
    points = query.read_series(index, run.id, dict.fromkeys(shown["points"], 0))
    if which > 1:  # not what the rows hang on
        rows = {2: 1.0, 3: 2.0, 12: 3.0}  # the values of x, and the steps
        kept = {value for line, value in rows.items() if line != which} - {now(lines[which])}
        assert kept <= set(points["x"]["value"])
    if which not in (0, 4):
        assert [picture["sha256"] for picture in shown["pictures"]] == ["a" * 64]
    if which not in (0, 5):
        assert [text["text"] for text in query.read_texts(index, run.id)] == ["t"]
    if which != 8:
        assert listed["scores"][0]["value"] == 0.5
    if which not in (0, 9):
        assert [warning["message"] for warning in shown["warnings"]] == ["m"]
    index.close()


def now(line):
    """The step of what is a row now: the later of two rows of one step counts."""
    try:
        step = orjson.loads(line)[1]
        return step if isinstance(step, int) else None
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None


def dumps(value):
    return orjson.dumps(value) + b"\n"


def test_a_torn_end_costs_the_last_line_wherever_it_is_torn(tmp_path):
    _, path, lines = write(tmp_path)
    whole = path.read_bytes()
    for cut in range(len(whole) - len(lines[-1]) - len(lines[-2]), len(whole)):
        path.write_bytes(whole[:cut])
        records, offset, damaged = journal.read(path)
        assert damaged == 0
        assert records == [orjson.loads(line) for line in whole[:offset].splitlines()]
        assert len(records) == whole[:cut].count(b"\n")
