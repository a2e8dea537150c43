"""Long curves: what is left out is never an extreme, and what is asked for in detail is exact."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganbench.store import folder, points, query, schema
from ganbench.store.index import Index
from ganbench.store.journal import Journal


def series(values, steps=None):
    values = np.asarray(values, float)
    steps = np.arange(len(values)) if steps is None else np.asarray(steps, float)
    return np.stack([steps, steps * 2, steps + 0.5, values])


@given(
    st.lists(st.floats(width=32) | st.just(math.nan), min_size=1, max_size=200),
    st.integers(1, 20),
)
def test_extremes_keep_the_first_of_each_kind_in_each_part(values, parts):
    """The smallest and the largest finite value, NaN, ∞ and −∞; against a loop over the parts."""
    kept = points.extremes(series(values), parts)
    n = len(values)
    if n <= 2 * parts:
        assert kept.shape[1] == n
        return
    expected = []
    for low, high in pairwise([*(i * n // parts for i in range(parts)), n]):
        part = values[low:high]
        finite = [value for value in part if math.isfinite(value)]
        kinds = [f(finite) for f in (min, max) if finite] + [math.inf, -math.inf]
        chosen = {part.index(value) for value in kinds if value in part}
        chosen |= set([i for i, value in enumerate(part) if math.isnan(value)][:1])
        expected += [low + i for i in sorted(chosen)]
    assert kept[0].tolist() == expected


def test_later_points_of_a_step_count():
    found = points.latest_by_step(np.array([[1, 2, 1.0], [0, 0, 0], [5, 6, 7], [10, 20, 30]]))
    assert found[0].tolist() == [1, 2]
    assert found[3].tolist() == [30, 20]


@pytest.fixture(scope="module")
def long(tmp_path_factory, database):
    """A run of 300,000 points with one spike, one dip and one NaN, indexed in parts."""
    runs_dir = tmp_path_factory.mktemp("long")
    run = folder.create(runs_dir, "long", {"config": {}, "environment": {}, "tags": []})
    log = Journal(run.path, step=0)
    index = Index(runs_dir, database)
    values = np.sin(np.arange(300_000) / 7)
    values[[123_456, 200_001, 250_000]] = 9.0, -9.0, math.nan
    for step, value in enumerate(values):
        log.row(step, step * 2, {"x": float(value)})
        if step in (10, 5000, 150_000):
            index.refresh()
    log.write("end", state="finished", step=step, seen=step, reason=None, summary=None)
    index.refresh()
    yield index, run.id, values
    index.close()


def test_a_long_curve_is_brief_and_keeps_its_extremes(long):
    index, run, values = long
    found = query.read_series(index, run, {"x": 0}, most=4000)["x"]
    assert (found["n"], found["stored"], found["buckets"]) == (300_000, 300_000, 2000)
    assert 2000 <= len(found["step"]) <= 4001  # with the NaN
    shown = dict(zip(found["step"], found["value"], strict=True))
    assert (shown[123_456], shown[200_001]) == (9.0, -9.0)
    assert math.isnan(shown[250_000])
    assert all(values[step] == value for step, value in shown.items() if step != 250_000)
    assert found["seen"] == [step * 2 for step in found["step"]]


def test_a_part_of_it_is_exact(long):
    index, run, values = long
    found = query.read_series(index, run, {"x": 0}, most=4000, within=(199_000, 201_500))["x"]
    assert (found["stored"], found["buckets"]) == (2501, None)
    assert found["step"] == list(range(199_000, 201_501))
    assert np.array_equal(found["value"], values[199_000:201_501])


def test_a_large_part_counts_what_it_stands_for(long):
    index, run, values = long
    within = (1_003, 299_001)
    found = query.read_series(index, run, {"x": 0}, most=4000, within=within)["x"]
    assert (found["stored"], found["buckets"]) == (299_001 - 1_003 + 1, 2000)
    assert min(found["step"]) >= within[0]
    assert max(found["step"]) <= within[1]
    inside = values[within[0] : within[1] + 1]
    assert np.nanmin(found["value"]) == np.nanmin(inside)
    assert np.nanmax(found["value"]) == np.nanmax(inside)


def test_the_rest_of_a_long_curve_begins_where_it_is_asked_to(long):
    index, run, _ = long
    found = query.read_series(index, run, {"x": 10_001}, most=4000)["x"]
    assert (found["stored"], found["n"]) == (289_999, 300_000)
    assert min(found["step"]) >= 10_001


def test_the_whole_and_the_rest_are_exact(long):
    index, run, values = long
    whole = query.read_series(index, run, {"x": 0})["x"]
    assert np.array_equal(whole["value"], values, equal_nan=True)
    rest = query.read_series(index, run, {"x": 299_990}, most=4000)["x"]
    assert rest["step"] == list(range(299_990, 300_000))
    assert rest["n"] == 300_000
    beyond = query.read_series(index, run, {"x": 300_000}, most=4000)["x"]
    assert (beyond["n"], beyond["step"]) == (300_000, [])


def test_a_resumed_run_is_never_drawn_from_overviews(tmp_path, open_index):
    """Its first journal's steps go on beyond where the second begins."""
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []})
    size = schema.CHUNK * 40
    first, second = Journal(run.path, step=0), Journal(run.path, step=size // 2)
    for step in range(size):
        first.row(step, step, {"x": 1.0})
    for step in range(size // 2, size + 10):
        second.row(step, step, {"x": 2.0})
    index = open_index(tmp_path)
    index.refresh()
    found = query.read_series(index, run.id, {"x": 0}, most=400)["x"]
    before = [v for s, v in zip(found["step"], found["value"], strict=True) if s < size // 2]
    after = [v for s, v in zip(found["step"], found["value"], strict=True) if s >= size // 2]
    assert set(before) == {1.0}
    assert set(after) == {2.0}
