"""The rows of a table of runs: what changed, what is small."""

import math
import shutil

import numpy as np
import pytest

from ganbench.store import annotations, folder, listing, query
from ganbench.store.journal import Journal
from ganbench.store.schema import CHUNK


def begin(runs_dir, **config):
    content = {"config": config, "environment": {"host": "h"}, "tags": ["a"]}
    run = folder.create(runs_dir, "x", content)
    return run, Journal(run.path, step=0)


def end(log, step=1):
    log.write("end", state="finished", step=step, seen=step, reason=None, summary=None)


@pytest.fixture
def index(tmp_path, open_index):
    return open_index(tmp_path)


def test_a_row_is_the_summary_with_config_and_the_range_of_each_series(index, tmp_path):
    run, log = begin(tmp_path, lr=0.1, optimizer={"beta": 0.5}, betas=[1, 2])
    for step, value in enumerate([3.0, math.nan, 1.0, math.inf, 2.0]):
        log.row(step, step, {"loss": value, "system/cpu": 1.0})
    index.refresh()
    log.row(9, 9, {"loss": math.nan, "bad": math.nan})
    index.refresh()
    found = listing.changes(index)
    (row,) = found["runs"]
    assert row["config"] == {"lr": 0.1, "optimizer": {"beta": 0.5}, "betas": [1, 2]}
    assert row["last"].keys() == {"loss", "bad"}
    assert row["last"]["loss"] == ["NaN", 1.0, 3.0]
    assert row["last"]["bad"] == ["NaN"] * 3
    (summary,) = query.list_runs(index)
    assert {key: row[key] for key in listing.KEPT} == {key: summary[key] for key in listing.KEPT}
    assert found["running"] == [run.id]


def test_a_step_that_is_written_again_counts_the_later_time(index, tmp_path):
    run, log = begin(tmp_path)
    log.row(10, 10, {"loss": 1.0})
    later = Journal(run.path, step=5)
    later.row(7, 7, {"loss": 7.0})
    index.refresh()
    assert listing.changes(index)["runs"][0]["last"]["loss"] == [1.0, 1.0, 7.0]
    later.row(10, 10, {"loss": 3.0})
    index.refresh()
    assert listing.changes(index)["runs"][0]["last"]["loss"] == [3.0, 1.0, 7.0]


def test_only_what_changed_comes_again(index, tmp_path, monkeypatch):
    made = [begin(tmp_path, i=i) for i in range(4)]
    for _, log in made[:3]:
        end(log)
    index.refresh()
    first = listing.changes(index)
    assert (first["count"], len(first["runs"])) == (4, 4)
    assert first["running"] == [made[3][0].id]
    assert listing.changes(index, first["edition"])["runs"] == []
    made[3][1].row(1, 1, {"loss": 1.0})
    annotations.change(made[0][0], add=["b"])
    index.refresh()
    second = listing.changes(index, first["edition"])
    changed = {row["id"]: row for row in second["runs"]}
    assert changed.keys() >= {made[3][0].id, made[0][0].id}
    assert changed[made[0][0].id]["tags"] == ["a", "b"]
    assert second["edition"] > first["edition"]
    shutil.rmtree(made[1][0].path)
    monkeypatch.setattr(listing, "state_of", lambda *_: ("killed", {}))  # its process died
    index.refresh()
    third = listing.changes(index, second["edition"])
    assert (third["count"], third["running"]) == (3, [])


def test_an_index_that_was_rebuilt_is_all_new(index, tmp_path):
    _, log = begin(tmp_path)
    end(log)
    index.refresh()
    before = listing.changes(index)
    index.rebuild()
    after = listing.changes(index, before["edition"])
    assert [row["id"] for row in after["runs"]] == [row["id"] for row in before["runs"]]


def test_sparklines_are_small_and_keep_the_extremes(index, tmp_path):
    short, log = begin(tmp_path)
    values = np.sin(np.arange(500) / 9)
    values[[100, 300]] = 5.0, -5.0
    for step, value in enumerate(values):
        log.row(step, step, {"loss": float(value)})
    other, log = begin(tmp_path)
    log.row(1, 1, {"acc": 1.0})
    index.refresh()
    found = listing.sparklines(index, [short.id, other.id, "nobody"], "loss")
    assert found.keys() == {short.id}
    line = found[short.id]
    assert len(line["step"]) == len(line["value"]) <= listing.SPARK
    assert (max(line["value"]), min(line["value"])) == (5.0, -5.0)
    assert line["step"] == sorted(line["step"])


def test_a_long_curve_is_read_in_stretches(index, tmp_path):
    run, log = begin(tmp_path)
    n = CHUNK * (listing.PARTS + 3)
    for step in range(n):
        log.row(step, step, {"loss": float(step)})
    index.refresh()
    line = listing.sparklines(index, [run.id], "loss")[run.id]
    assert len(line["step"]) <= listing.SPARK
    assert line["step"] == line["value"]
    assert line["step"][-1] > 0.9 * n


def test_a_score_over_training(index, tmp_path):
    run, log = begin(tmp_path)
    for step, value in [(1, 3.0), (2, None), (3, "NaN"), (4, 0.0)]:
        score = {"measure": "kid", "extractor": "my features", "n_fake": 9, "value": value}
        log.write("scores", step=step, seen=step, scores=[{**score, "better": "lower"}])
    index.refresh()
    line = listing.score_lines(index, [run.id], "kid my features 9")[run.id]
    np.testing.assert_equal(line, {"step": [1, 2, 3, 4], "value": [3.0, math.nan, math.nan, 0.0]})
    assert listing.rows(index, [run.id])[0]["best"]["kid my features 9"]["value"] == 0.0
    assert listing.score_lines(index, [run.id], "kid my features 10") == {}
    assert listing.score_lines(index, [run.id], "kid") == {}
