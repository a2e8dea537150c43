"""Studies on disk: what is in them, what their names give away, and the votes."""

import threading

import numpy as np
import pytest

from ganbench.errors import InputError, StoreError
from ganbench.store import folder, studies
from ganbench.store.index import Index
from tests.judging.people import study


def a_vote(trial="x@100", rater="Ann", **changes):
    return {
        "rater": rater, "task": "real", "trial": trial, "pictures": ["x"], "exposure": 100,
        "shown": 100.0, "answer": "real", "correct": True, "reaction": 500.0, "time": 1.0,
        **changes,
    }  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    from PIL import Image

    made = study(tmp_path, ("a@1", "b@2"), n=3)
    found = studies.find(tmp_path, made.id)
    assert found == made
    assert found.runs == ("a@1", "b@2")
    assert len(found.pictures) == 12
    for run in found.runs:
        for real in (False, True):
            assert len(found.of(run, real=real)) == 3
    draws = np.random.RandomState(0)
    first = found.of("a@1", real=False)[0]
    with Image.open(found.file(first)) as picture:
        assert np.array_equal(np.asarray(picture), draws.randint(0, 256, (4, 4, 3), np.uint8))
    assert found.file("nothing") is None


def test_names_and_times_give_nothing_away(tmp_path):
    made = study(tmp_path, n=40)
    rows = list(made.pictures.values())
    assert [row.real for row in rows] == [False] * 40 + [True] * 40  # which only the server reads
    assert len({row.id for row in rows}) == 80
    by_name = [row.real for row in sorted(rows, key=lambda row: row.id)]
    by_time = [
        row.real for row in sorted(rows, key=lambda row: made.file(row.id).stat().st_mtime_ns)
    ]
    for order in (by_name, by_time):
        assert 8 < sum(order[:40]) < 32


def test_it_is_no_run(tmp_path):
    made = study(tmp_path)
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []})
    studies.add_vote(made, a_vote())
    assert folder.all_runs(tmp_path) == [run]
    index = Index(tmp_path)
    index.refresh()
    assert index.problems == []
    index.close()


def test_lists(tmp_path):
    assert studies.all_studies(tmp_path) == ([], [])
    first, second = study(tmp_path, n=2), study(tmp_path, n=2)
    (second.path / "study.json").write_text("{")
    found, problems = studies.all_studies(tmp_path)
    assert found == [first]
    assert len(problems) == 1
    assert "damaged" in problems[0]
    with pytest.raises(StoreError, match="damaged"):
        studies.find(tmp_path, second.id)
    (second.path / "study.json").write_text('{"format": 7}')
    with pytest.raises(StoreError, match="format 7"):
        studies.find(tmp_path, second.id)
    for name in ("nothing", "..", f"../studies/{first.id}", ".", ""):
        assert studies.find(tmp_path, name) is None


def test_a_run_of_that_name_is_in_the_way(tmp_path):
    folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []}, id="studies")
    with pytest.raises(StoreError, match="a run called studies"):
        study(tmp_path)


def test_votes_are_appended_once(tmp_path):
    made = study(tmp_path)
    assert studies.votes_of(made, "Ann") == studies.all_votes(made) == []
    assert studies.add_vote(made, a_vote())
    assert not studies.add_vote(made, a_vote(answer="fake"))
    assert studies.add_vote(made, a_vote("y@100"))
    assert studies.add_vote(made, a_vote(rater="ann"))
    assert [vote["trial"] for vote in studies.votes_of(made, "Ann")] == ["x@100", "y@100"]
    assert studies.votes_of(made, "Ann")[0]["answer"] == "real"
    assert len(studies.all_votes(made)) == 3
    assert len(list((made.path / "votes").iterdir())) == 2


def test_a_torn_line_costs_itself(tmp_path):
    made = study(tmp_path)
    studies.add_vote(made, a_vote())
    (path,) = (made.path / "votes").iterdir()
    with path.open("ab") as file:
        file.write(b'{"rater": "Ann", "tri')
    assert len(studies.votes_of(made, "Ann")) == 1
    studies.add_vote(made, a_vote("y@100"))
    assert [vote["trial"] for vote in studies.votes_of(made, "Ann")] == ["x@100", "y@100"]


def test_two_raters_and_two_tabs_at_once(tmp_path):
    made = study(tmp_path)
    stored = []

    def work(rater):
        stored.extend(studies.add_vote(made, a_vote(f"{i}@100", rater)) for i in range(30))

    threads = [threading.Thread(target=work, args=(rater,)) for rater in ("Ann", "Ann", "Ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(stored) == 60
    assert len(studies.votes_of(made, "Ann")) == len(studies.votes_of(made, "Ben")) == 30


def test_names_of_raters(tmp_path):
    made = study(tmp_path)
    assert studies.rater_of("  Ann \n B. ") == "Ann B."
    for name in ("", "  ", "x" * 61, "a\0b"):
        with pytest.raises(InputError, match="1 to 60"):
            studies.rater_of(name)
    for name in ("../../evil", "Ω", "né", "-", "a/b"):
        assert studies.add_vote(made, a_vote(rater=studies.rater_of(name)))
    assert len(list((made.path / "votes").iterdir())) == 5
    assert {vote["rater"] for vote in studies.all_votes(made)} >= {"../../evil", "Ω"}
