import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from ganbench.errors import InputError
from ganbench.imports import trackio
from ganbench.imports.bring import Skipped
from tests.imports.agree import curves_agree, grids_agree
from tests.imports.truth import CONFIG, GRIDS


@pytest.fixture(scope="module")
def source(produce):
    return produce("trackio", "trackio")


@pytest.fixture
def copy(source, tmp_path):
    return shutil.copytree(source / "trackio", tmp_path / "trackio")


def change(folder, *statements):
    with closing(sqlite3.connect(folder / "gan.db")) as database, database:
        for statement in statements:
            database.execute(*statement)


def test_everything_of_a_run(brought, source):
    all_ = brought(trackio.runs(source / "trackio"))
    run = all_.only()
    curves_agree(all_, run, source, within=1.0)
    grids_agree(all_, run)
    assert (run["name"], run["project"]) == ("first <b>try</b>", "gan")
    assert run["state"] == "finished"
    assert run["config"] == {**CONFIG, "nested": {"deep": 1}}
    assert all_.series(run, "system/gpu")["value"] == [50]
    texts = all_.texts(run)
    assert texts["words"]["text"] == "hello <script>"
    assert texts["alert"]["text"] == "warn careful: it diverges"
    assert {"rows.jsonl", "h.jsonl"} <= all_.files(run)
    lines = (all_.path(run) / "files" / "rows.jsonl").read_text().splitlines()
    assert [json.loads(line)["value"]["_value"] for line in lines] == [[{"a": 1, "b": 2}]] * 4
    assert {p["caption"] for p in run["pictures"]} == {f"step {step}" for step in GRIDS}


def test_the_source_is_not_touched(source):
    before = (source / "trackio" / "gan.db").read_bytes()
    (run,) = trackio.runs(source / "trackio", "gan")
    assert list(run.read())
    assert (source / "trackio" / "gan.db").read_bytes() == before


def test_importing_again_is_skipped(brought, source):
    one = brought(trackio.runs(source / "trackio")).only()
    (skipped,) = brought(trackio.runs(source / "trackio", "gan")).of(Skipped)
    assert skipped.id == one["id"]


def test_databases_before_run_ids(brought, copy, source):
    """Before version 0.24 a run was its name."""
    for table in ("metrics", "configs", "system_metrics", "alerts"):
        with closing(sqlite3.connect(copy / "gan.db")) as database:
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(name for name in names if name != "run_id")
        change(
            copy,
            (f"CREATE TABLE old AS SELECT {kept} FROM {table}",),
            (f"DROP TABLE {table}",),
            (f"ALTER TABLE old RENAME TO {table}",),
        )
    all_ = brought(trackio.runs(copy))
    curves_agree(all_, all_.only(), source)
    grids_agree(all_, all_.only())


def test_paths_that_lead_out_are_not_followed(brought, copy):
    (copy / "secret.png").write_text("secret")
    value = {"_type": "trackio.image", "file_path": "../secret.png"}
    other = {"_type": "trackio.video", "file_path": "/etc/hostname"}
    row = (json.dumps({"grid": value, "movie": other}),)
    change(copy, ("UPDATE metrics SET metrics = ? WHERE step = 0", row))
    all_ = brought(trackio.runs(copy))
    assert set(all_.pictures(all_.only(), "grid")) == {5, 10, 15}
    losses = all_.notes(all_.only())["losses"]
    assert sorted({what.split(" is not in")[0] for what in losses}) == [
        "grid at step 0: ../secret.png",
        "movie at step 0: /etc/hostname",
    ]
    assert not [name for name in all_.files(all_.only()) if "hostname" in name]


def test_a_damaged_row_costs_itself(brought, copy):
    change(copy, ("UPDATE metrics SET metrics = '{broken' WHERE step = 2",))
    all_ = brought(trackio.runs(copy))
    assert len(all_.series(all_.only(), "dis_loss")["step"]) == 19
    assert all_.notes(all_.only())["lost"] == 1


def test_projects_that_are_not_there(source, tmp_path):
    with pytest.raises(InputError, match="there are: gan"):
        list(trackio.runs(source / "trackio", "gam"))
    with pytest.raises(InputError, match="TRACKIO_DIR"):
        list(trackio.runs(tmp_path))


def test_where_trackio_keeps_its_projects(monkeypatch, tmp_path):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    assert trackio.home() == tmp_path
    monkeypatch.delenv("TRACKIO_DIR")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert trackio.home() == tmp_path / "trackio"
