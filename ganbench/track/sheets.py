"""Tables of anything, as CSV, TSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from ganbench.errors import InputError
from ganbench.track.values import plain

SEPARATORS = {".csv": ",", ".tsv": "\t"}


def table(data: Any, headers: Sequence[str] | bool = False) -> tuple[list[str], list[list[Any]]]:
    """The columns' names, none if it has none, and the rows.

    `data` is a data frame, a mapping of columns, a list of mappings, or rows; of one dimension it
    is one row. `headers` are names, or whether rows without names are numbered.
    """
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        names, rows = [str(name) for name in data.columns], data.to_numpy().tolist()
    elif isinstance(data, Mapping):
        names, rows = (
            [str(name) for name in data],
            [list(row) for row in zip(*data.values(), strict=True)],
        )
    else:
        rows = list(data.tolist() if hasattr(data, "tolist") else data)
        names = []
        if rows and all(isinstance(row, Mapping) for row in rows):
            names = [str(name) for name in dict.fromkeys(key for row in rows for key in row)]
            rows = [[row.get(name) for name in names] for row in rows]
        elif rows and not any(isinstance(row, (list, tuple)) for row in rows):
            rows = [rows]
    if headers is True and not names and rows:
        names = [f"column_{i + 1}" for i in range(len(rows[0]))]
    elif isinstance(headers, (list, tuple)):
        names = [str(name) for name in headers]
    return names, rows


def write(file: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """The table as the suffix of `file` says. Raises InputError for one that is not known."""
    suffix = Path(file).suffix.lower()
    if suffix == ".json":
        content = [dict(zip(names, row, strict=True)) for row in rows] if names else rows
        return orjson.dumps(plain(content))
    if suffix not in SEPARATORS:
        raise InputError(f"{file}: expected a name that ends in .csv, .tsv or .json")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=SEPARATORS[suffix], lineterminator="\n")
    writer.writerows([names, *rows] if names else rows)
    return text.getvalue().encode()
