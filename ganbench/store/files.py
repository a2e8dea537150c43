"""What lies in a run folder: its folders and files, a page at a time, and what is in one."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ganbench.errors import StoreError, explain
from ganbench.store.folder import RunFolder

PAGE = 200  # entries that are listed at a time
TEXT = 2**18  # bytes of a text that are shown
FIGURE = 2**24  # bytes of the largest figure that is drawn
ROWS = 200  # of a table that are shown
IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
PAGES = {".html": "text/html", ".htm": "text/html", ".svg": "image/svg+xml"}
TABLES = {".csv": ",", ".tsv": "\t"}
Row = dict[str, Any]


def within(run: RunFolder, name: str) -> Path | None:
    """The file or folder `name` of the run folder ("" is itself).

    None if there is none, if it is hidden, and if it leads out of the run folder.
    """
    if any(part.startswith(".") for part in name.split("/")):
        return None
    try:
        root = run.path.resolve()
        path = (root / name).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, a loop of links
        return None
    return path if path.is_relative_to(root) else None


def listing(run: RunFolder, name: str = "", find: str = "", offset: int = 0) -> Row | None:
    """The folder `name`: a page of its entries whose names contain `find`; None if there is none.

    {"files", "bytes": of all below it, "n": entries found, "offset", "entries": [{"name", "folder",
    "files", "bytes", "time", "outside"}]}: folders first, numbers in their order. `outside` is a
    link that leads out of the run folder.
    """
    folder = within(run, name)
    if folder is None or not folder.is_dir():
        return None
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
        entries = [entry for entry in entries if find.lower() in entry.name.lower()]
        entries.sort(
            key=lambda entry: (not entry.is_dir(follow_symlinks=False), _natural(entry.name))
        )
        files, size = measure(folder)
        shown = [_entry(run, name, entry) for entry in entries[offset : offset + PAGE]]
    except OSError as error:
        raise StoreError(explain(error, folder)) from error
    return {
        "files": files,
        "bytes": size,
        "n": len(entries),
        "offset": offset,
        "entries": [entry for entry in shown if entry is not None],
    }


def measure(folder: Path) -> tuple[int, int]:
    """How many files are below a folder, and their bytes; links are not followed."""
    sizes = list(_sizes(folder))
    return len(sizes), sum(sizes)


def preview(path: Path) -> Row:
    """What can be shown of a file: {"kind", "bytes", "cut": is that not all?} and its content.

    "text" has `text`, "table" `rows`, "figure" a Plotly `figure`; an "image" and a "page" (HTML,
    SVG: not to be trusted) show themselves; "none" is what no person reads. Raises StoreError if
    the file cannot be read.
    """
    try:
        size = path.stat().st_size
        suffix = path.suffix.lower()
        if suffix in IMAGES or suffix in PAGES:
            return {"kind": "image" if suffix in IMAGES else "page", "bytes": size, "cut": False}
        most = FIGURE if path.name.endswith(".plotly.json") and size <= FIGURE else TEXT
        with path.open("rb") as file:
            data = file.read(most)
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    told = {"bytes": size, "cut": size > len(data)}
    if b"\0" in data[:8192]:
        return {"kind": "none", **told}
    if suffix == ".json" and not told["cut"]:
        return {**told, **_json(data, path.name.endswith(".plotly.json"))}
    text = data.decode(errors="replace")
    if suffix in TABLES and (rows := _rows(text, TABLES[suffix])) is not None:
        return {
            "kind": "table",
            **told,
            "cut": told["cut"] or len(rows) > ROWS,
            "rows": rows[:ROWS],
        }
    return {"kind": "text", **told, "text": text}


def _json(data: bytes, figure: bool) -> Row:
    """Indented, or drawn; as it is if it is no JSON."""
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {"kind": "text", "text": data.decode(errors="replace")}
    if figure and isinstance(content, dict) and isinstance(content.get("data"), list):
        return {"kind": "figure", "figure": content}
    return {"kind": "text", "text": orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()}


def _rows(text: str, delimiter: str) -> list[list[str]] | None:
    """Up to one row more than are shown, each as wide as the first; None if it is no table."""
    try:
        reader = csv.reader(text.splitlines(), delimiter=delimiter)
        rows = [row for _, row in zip(range(ROWS + 1), reader, strict=False)]
    except csv.Error:
        return None
    return rows


def _entry(run: RunFolder, parent: str, entry: os.DirEntry[str]) -> Row | None:
    """One line of a listing; None if it has gone meanwhile."""
    inner = within(run, f"{parent}/{entry.name}".lstrip("/"))
    try:
        told = entry.stat(follow_symlinks=inner is not None)
        folder = inner is not None and entry.is_dir()
        files, size = measure(Path(entry.path)) if folder else (1, told.st_size)
    except OSError:
        return None
    return {
        "name": os.fsencode(entry.name).decode(errors="replace"),
        "folder": folder,
        "files": files,
        "bytes": size,
        "time": told.st_mtime,
        "outside": inner is None,
    }


def _sizes(folder: Path | str) -> Iterator[int]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.stat(follow_symlinks=False).st_size
            except OSError:  # gone meanwhile, or not ours to read
                continue


def _natural(name: str) -> list[str | int]:
    """A sort key by which step-2 comes before step-10."""
    parts = re.split(r"(\d+)", name.lower())
    return [int(part) if part.isdecimal() else part for part in parts]
