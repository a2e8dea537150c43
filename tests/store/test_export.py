"""What was logged, in files of others: every point as it is, and the whole folder."""

import csv
import math
import zipfile

import numpy as np
import orjson
import pytest

import ganbench as gb
from ganbench.cli import main
from ganbench.errors import InputError, StoreError
from ganbench.store import export, journal, query
from ganbench.store.index import Index

ODD = 'a, "β"'
LOGGED = [
    *(
        (step, 64 * step, {ODD: step / 3, "x": math.nan if step % 7 else math.inf})
        for step in range(50)
    ),
    (50, 3200, {"x": -math.inf, "tiny": 5e-324}),
]
RESUMED = (40, 3200, {"x": 1.5})


@pytest.fixture
def run(tmp_path):
    """A run with all kinds of numbers, which went on and repeated a step."""
    run = gb.Run("my GAN", runs_dir=tmp_path / "runs", console=False)
    for step, seen, values in LOGGED:
        run.log(values, step, seen)
    run.log_image("p", np.zeros((4, 4)), 3)
    run.log_file(b"content", "deep/name.txt")
    run.add_tags("a tag")
    run.finish("killed", summary=False)
    run = gb.Run.resume(run.id, runs_dir=tmp_path / "runs", console=False)
    step, seen, values = RESUMED
    run.log(values, step, seen)
    run.finish(summary=False)
    return run


def logged():
    """(series, step, seen, value as text) of all that the test logged."""
    return [
        (name, step, seen, repr(value))
        for step, seen, values in (*LOGGED, RESUMED)
        for name, value in values.items()
    ]


def found(rows):
    """The same of rows of a table."""
    told = [(n, int(step), int(seen), repr(float(v))) for n, step, seen, _, v in rows]
    return [row for row in told if not row[0].startswith("system/")]


def times(run):
    """Unix times of the rows in the journals, without what a heartbeat wrote."""
    for path in sorted(journal.journals(run.folder.path), key=lambda p: p.stat().st_mtime):
        first, *rest = map(orjson.loads, path.read_bytes().splitlines())
        names = {line["id"]: line["names"] for line in rest if "names" in line}
        for line in rest:
            if isinstance(line, list) and not names[line[0]][3].startswith("system/"):
                yield from [first["time"] + line[3]] * (len(line) - 4)


def rows_of(path):
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["series", "step", "seen", "time", "value"]
    return rows


def test_csv_has_every_point(run, tmp_path):
    count = export.export(run.folder, "csv", tmp_path / "x.csv")
    rows = rows_of(tmp_path / "x.csv")
    assert len(rows) == count
    assert found(rows) == logged()
    assert [float(r[3]) for r in rows if not r[0].startswith("system/")] == list(times(run))
    assert {row[4] for row in rows if row[0] == "x"} == {"NaN", "Infinity", "-Infinity", "1.5"}


def test_parquet_has_the_same(run, tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(export, "GROUP", 40)
    count = export.export(run.folder, "parquet", tmp_path / "x.parquet")
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    table = file.read()
    assert table.num_rows == count
    assert file.num_row_groups == -(-count // 40)
    assert {field.name: str(field.type) for field in table.schema} == {
        "series": "string",
        "step": "int64",
        "seen": "int64",
        "time": "double",
        "value": "double",
    }
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert found(rows) == logged()
    export.export(run.folder, "csv", tmp_path / "x.csv")
    assert [row[3] for row in rows] == [float(row[3]) for row in rows_of(tmp_path / "x.csv")]


def test_a_journal_is_read_in_parts(run, monkeypatch):
    whole = list(export.points(run.folder))
    monkeypatch.setattr(export, "PART", 200)
    assert repr(list(export.points(run.folder))) == repr(whole)  # repr: a NaN equals none


def test_damage_costs_what_is_damaged(run, tmp_path):
    before = len(list(export.points(run.folder)))
    path = max(journal.journals(run.folder.path), key=lambda p: p.stat().st_size)
    with path.open("ab") as file:
        file.write(
            b'[0,99,99,1.0,"no number",2.0]\n[0,99,99,1.0]\n[77,99,99,1.0,1.0]\nno json\n[0,9'
        )
    (run.folder.path / "events-empty-1.jsonl").touch()
    assert len(list(export.points(run.folder))) == before


def test_an_unpacked_zip_is_the_run(run, tmp_path):
    count = export.export(run.folder, "zip", tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {run.id}
        archive.extractall(tmp_path / "other")
    files = [p for p in run.folder.path.rglob("*") if p.is_file()]
    assert count == len(files)
    for path in files:
        copy = tmp_path / "other" / path.relative_to(tmp_path / "runs")
        assert copy.read_bytes() == path.read_bytes()
    shown = []
    for folder in ("runs", "other"):
        index = Index(tmp_path / folder)
        index.refresh()
        names = query.show_run(index, run.id)["points"]
        shown.append(query.show_run(index, run.id))
        shown[-1]["series"] = repr(query.read_series(index, run.id, dict.fromkeys(names, 0)))
        index.close()
    assert shown[0] == shown[1]
    assert shown[1]["tags"] == ["a tag"]


def test_half_written_files_stay_out(run, tmp_path):
    (run.folder.path / ".run.json.123").write_text("{")
    export.export(run.folder, "zip", tmp_path / "x.zip")
    assert not [n for n in zipfile.ZipFile(tmp_path / "x.zip").namelist() if "/." in n]


def test_a_file_is_replaced_only_by_force_and_whole(run, tmp_path, monkeypatch):
    out = tmp_path / "x.csv"
    out.write_text("mine")
    with pytest.raises(InputError, match=r"x\.csv exists; .*--force"):
        export.export(run.folder, "csv", out)

    def full(points, file):
        file.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(export.FORMATS, "zip", (full, "files"))
    with pytest.raises(StoreError, match="the disk is full"):
        export.export(run.folder, "zip", out, force=True)
    assert out.read_text() == "mine"
    export.export(run.folder, "csv", out, force=True)
    assert out.read_text().startswith("series,")
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "x.csv"}
    with pytest.raises(StoreError, match="nowhere"):
        export.export(run.folder, "csv", tmp_path / "nowhere" / "x.csv")


def test_parquet_without_pyarrow(run, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'ganbench\[parquet\]'"):
        export.export(run.folder, "parquet", tmp_path / "x.parquet")


def test_the_command(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    words = ["runs", "export", run.id[:4], "--to", "csv"]
    assert main(words) == 0
    count = len(rows_of(tmp_path / f"{run.id}.csv"))
    assert capsys.readouterr().out == f"{run.id}.csv: {count:,} points\n"
    assert main(words) == 1
    assert "--force" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0
    assert main([*words[:4], "zip", "--out", "deep.zip"]) == 0
    assert zipfile.is_zipfile("deep.zip")
