"""A run as a file for other programs: its numbers as CSV or Parquet, its folder as a zip.

Numbers are a long table with the columns `COLUMNS`, a row for each stored point, in the order in
which they were written. Where a run was resumed a step may be there twice: the later time counts.
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from ganbench.errors import InputError, StoreError, explain
from ganbench.store.folder import RunFolder
from ganbench.store.journal import journals, read, spell, unspell
from ganbench.store.records import HEAD

COLUMNS = ("series", "step", "seen", "time", "value")
Point = tuple[str, int, int, float, float]
PART = 2**20  # bytes of a journal that are read at a time
GROUP = 2**17  # rows of a group in a Parquet file


def points(run: RunFolder) -> Iterator[Point]:
    """Every stored point of a run: series, step, real images seen, Unix time, value."""
    begun = []
    for path in journals(run.path):
        records = _records(path)
        match next(records, None):
            case {"kind": "open", "time": opened}:
                begun.append((float(opened), path.name, records))
    for opened, _, records in sorted(begun, key=lambda journal: journal[:2]):
        yield from _points(opened, records)


def to_csv(run: RunFolder, file: Path) -> int:
    """Writes the points as CSV, NaN and the infinities as words; returns their number."""
    count = 0
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for *where, value in points(run):
            writer.writerow((*where, spell(value)))
            count += 1
    return count


def to_parquet(run: RunFolder, file: Path) -> int:
    """Writes the points as Parquet; returns their number. Raises InputError without pyarrow."""
    if find_spec("pyarrow") is None:
        raise InputError("Parquet needs a package: pip install 'ganbench[parquet]'")
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    kinds = (arrow.string(), arrow.int64(), arrow.int64(), arrow.float64(), arrow.float64())
    schema = arrow.schema(list(zip(COLUMNS, kinds, strict=True)))
    rows, count = points(run), 0
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, GROUP)):
            arrays = [
                arrow.array(column, kind)
                for column, kind in zip(zip(*group, strict=True), kinds, strict=True)
            ]
            writer.write_table(arrow.table(arrays, schema=schema))
            count += len(group)
    return count


def to_zip(run: RunFolder, file: Path) -> int:
    """Writes the whole folder, below its name; returns the number of files.

    Nothing is compressed: pictures and checkpoints would not shrink. Unpacked into another runs
    folder it is a run there.
    """
    count = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for path in sorted(run.path.rglob("*")):
            name = f"{run.id}/{path.relative_to(run.path).as_posix()}"
            if path.is_dir() and not path.is_symlink():
                archive.mkdir(name)
            elif path.is_file() and not path.name.startswith("."):  # those are half written
                archive.write(path, name)
                count += 1
    return count


FORMATS: dict[str, tuple[Callable[[RunFolder, Path], int], str]] = {
    "csv": (to_csv, "points"),
    "parquet": (to_parquet, "points"),
    "zip": (to_zip, "files"),
}
"""What writes each format, and what it counts."""


def export(run: RunFolder, to: str, out: Path, *, force: bool = False) -> int:
    """Writes `run` as `out`, whole or not at all; returns how many points or files are in it.

    Raises InputError if there is such a file already, unless `force`, and StoreError if the disk
    refuses.
    """
    if out.exists() and not force:
        raise InputError(f"{out} exists; choose another --out, or say --force to replace it")
    write, _ = FORMATS[to]
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        count = write(run, partial)
        partial.replace(out)
    except OSError as error:
        raise StoreError(explain(error, out)) from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def _records(path: Path) -> Iterator[Any]:
    offset, before = 0, -1
    while offset != before:
        before = offset
        records, offset, _ = read(path, offset, PART)
        yield from records


def _points(opened: float, records: Iterator[Any]) -> Iterator[Point]:
    """The points of one journal, after its first record; a damaged row has none."""
    columns: dict[int, list[str]] = {}
    for record in records:
        if isinstance(record, dict):
            if record["kind"] == "columns":
                columns[record["id"]] = record["names"]
            continue
        number, *row = record
        names = columns.get(number, [])
        if len(row) != len(names):
            continue
        step, seen, elapsed = row[: len(HEAD)]
        with suppress(TypeError, ValueError):
            values = [unspell(value) for value in row[len(HEAD) :]]
            for name, value in zip(names[len(HEAD) :], values, strict=True):
                yield name, step, seen, opened + elapsed, value
