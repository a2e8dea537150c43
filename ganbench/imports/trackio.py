"""trackio's projects: a folder of SQLite files, one a project, and `media/`.

They are opened read-only, without trackio: its own reader changes old databases as it opens them.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ganbench.errors import InputError
from ganbench.imports.foreign import (
    Config,
    Ended,
    Environment,
    Event,
    File,
    Foreign,
    Line,
    Lost,
    Picture,
    Read,
    Scalars,
    Text,
)
from ganbench.imports.names import inside
from ganbench.imports.values import DAMAGED, number, sort, whole

EVERY = 1000  # rows between two `Read`
TABLES = ("metrics", "configs", "system_metrics", "alerts", "traces")
UNKNOWN = "trackio does not say how a run ends"
FACTS = "_"  # parameters with this prefix are trackio's own


def home() -> Path:
    """Where trackio keeps its projects: $TRACKIO_DIR, or its folder in Hugging Face's cache."""
    if os.environ.get("TRACKIO_DIR"):
        return Path(os.environ["TRACKIO_DIR"])
    cache = os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    return Path(os.environ.get("HF_HOME", Path(cache) / "huggingface")) / "trackio"


def runs(path: Path, project: str | None = None) -> Iterator[Foreign]:
    """The runs of the projects in trackio's folder, or of one.

    Raises InputError if there are none, naming the projects that there are.
    """
    files = {file.stem: file for file in sorted(path.glob("*.db"))}
    if project is not None:
        chosen = "".join(c for c in project if c.isalnum() or c in "-_")  # as trackio names files
        if chosen not in files:
            known = ", ".join(files) or "none"
            raise InputError(f"{path} holds no project {project!r} of trackio; there are: {known}")
        files = {chosen: files[chosen]}
    if not files:
        raise InputError(f"{path} holds no projects of trackio (*.db); is TRACKIO_DIR set?")
    for file in files.values():
        yield from _project(path, file)


def _project(home: Path, file: Path) -> Iterator[Foreign]:
    try:
        with closing(_open(file)) as database:
            columns = _columns(database)
            if "metrics" not in columns:
                return  # a registry, or another program's
            found = database.execute(_runs_query(columns)).fetchall()
    except sqlite3.Error as error:
        raise InputError(f"{file}: {error}") from error
    for key, name, began, size in found:
        yield Foreign(
            tool="trackio",
            key=f"{file.stem} {key}",
            where=str(file.resolve()),
            fingerprint=str(size),
            name=name,
            project=file.stem,
            began=_seconds(began),
            size=size,
            read=partial(_read, home, file, key),
        )


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30)


def _columns(database: sqlite3.Connection) -> dict[str, set[str]]:
    """The columns of the tables that there are."""
    found = {
        table: {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        for table in TABLES
    }
    return {table: columns for table, columns in found.items() if columns}


def _key(columns: set[str]) -> str:
    """What tells runs apart: before trackio 0.24 their name."""
    return "run_id" if "run_id" in columns else "run_name"


def _runs_query(columns: Mapping[str, set[str]]) -> str:
    """Key, name, first time and number of rows of each run, the oldest first."""
    selected = " UNION ALL ".join(
        f"SELECT {_key(columns[table])} AS key, run_name, {when} AS at FROM {table}"
        for table, when in (
            ("metrics", "timestamp"),
            ("system_metrics", "timestamp"),
            ("configs", "created_at"),
        )
        if table in columns
    )
    return f"SELECT key, max(run_name), min(at), count(*) FROM ({selected}) GROUP BY key ORDER BY 3"


def _read(home: Path, file: Path, key: str) -> Iterator[Event]:
    media = partial(_media, home / "media")
    done = 0
    try:
        with closing(_open(file)) as database:
            columns = _columns(database)
            for table, events in KINDS.items():
                if table not in columns:
                    continue
                order = "id" if "id" in columns[table] and table != "traces" else "timestamp"
                query = f"SELECT * FROM {table} WHERE {_key(columns[table])} = ? ORDER BY {order}"
                rows = database.execute(query, (key,))
                names = [column[0] for column in rows.description]
                for n, row in enumerate(rows, 1):
                    done += 1
                    try:
                        yield from events(dict(zip(names, row, strict=True)), media)
                    except DAMAGED as error:
                        yield Lost(f"{file.name}: {table} row {n}: {error}")
                    if done % EVERY == 0:
                        yield Read(done)
    except sqlite3.Error as error:
        yield Lost(f"{file.name}: the rest of the run: {error}")
    yield Ended("finished", None, UNKNOWN)


def _config(row: Mapping[str, Any], media: Any) -> Iterator[Event]:
    values = json.loads(row["config"])
    facts = {k: v for k, v in values.items() if k.startswith(FACTS) and v is not None}
    yield Config({name: value for name, value in values.items() if not name.startswith(FACTS)})
    yield Environment({name.lstrip(FACTS).lower(): value for name, value in facts.items()})


def _metrics(row: Mapping[str, Any], media: Any) -> Iterator[Event]:
    step, time = whole(row["step"]), _seconds(row["timestamp"])
    yield from sort(json.loads(row["metrics"]), step, time, media)


def _system(row: Mapping[str, Any], media: Any) -> Iterator[Event]:
    found = {f"system/{k}": number(v) for k, v in json.loads(row["metrics"]).items()}
    values = {name: value for name, value in found.items() if value is not None}
    yield Scalars(0, _seconds(row["timestamp"]), values)


def _alert(row: Mapping[str, Any], media: Any) -> Iterator[Event]:
    text = f"{row['level']} {row['title']}: {row['text'] or ''}"
    yield Text("alert", whole(row["step"] or 0), _seconds(row["timestamp"]), text)


def _trace(row: Mapping[str, Any], media: Any) -> Iterator[Event]:
    yield Line("trackio/traces.jsonl", row)


KINDS = {
    "configs": _config,
    "metrics": _metrics,
    "system_metrics": _system,
    "alerts": _alert,
    "traces": _trace,
}


def _media(
    folder: Path, name: str, value: Mapping[str, Any], step: int, time: float
) -> Iterator[Event]:
    """A picture; of other media, and of tables, the record and the files that it names."""
    if value["_type"] == "trackio.image":
        path = inside(folder, str(value["file_path"]))
        if path is None:
            yield Lost(f"{name} at step {step}: {value['file_path']} is not in {folder}")
        else:
            caption = value.get("caption")
            yield Picture(name, step, time, path.read_bytes(), caption and str(caption))
        return
    yield Line(f"{name}.jsonl", {"step": step, "time": time, "value": value})
    for file in _paths(value):
        path = inside(folder, file)
        if path is None:
            yield Lost(f"{name} at step {step}: {file} is not in {folder}")
        else:
            yield File(f"media/{file}", lambda path=path: path.open("rb"))  # type: ignore[misc]


def _paths(value: Any) -> Iterator[str]:
    """All `file_path`s in nested values."""
    if isinstance(value, Mapping):
        if isinstance(value.get("file_path"), str):
            yield value["file_path"]
        for item in value.values():
            yield from _paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item)


def _seconds(text: str) -> float:
    """An ISO time; without a zone it is UTC."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
