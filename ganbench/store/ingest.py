"""From journals to the index: the new records of one run folder, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select, update

from ganbench.store import schema
from ganbench.store.folder import RunFolder
from ganbench.store.journal import HEAD, journals, read, unspell

Points = NDArray[np.float64]


def ingest(connection: Connection, folder: RunFolder) -> None:
    """Reads what the journals of `folder` have grown by."""
    table = schema.runs
    if not connection.scalar(select(table.c.run).where(table.c.run == folder.id)):
        content = folder.read()
        connection.execute(
            insert(table).values(run=folder.id, created=content["created"], content=content)
        )
    for path in sorted(journals(folder.path)):
        _ingest_journal(connection, folder.id, path)


def _ingest_journal(connection: Connection, run: str, path: Path) -> None:
    table = schema.journals
    this = (table.c.run == run) & (table.c.name == path.name)
    found = connection.execute(select(table).where(this)).mappings().one_or_none()
    state: dict[str, Any] = dict(found) if found else _new_journal(run, path.name)
    records, state["offset"], damaged = read(path, state["offset"])
    if not records and not damaged:
        return
    state["damaged"] += damaged
    state["columns"] = dict(state["columns"])
    points: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for record in records:
        if isinstance(record, list):
            _row(state, record, points)
        else:
            _record(connection, run, state, record)
    for name, rows in points.items():
        _append(connection, run, name, np.array(rows, np.float64).T)
    if found:
        connection.execute(update(table).where(this).values(state))
    else:
        connection.execute(insert(table).values(state))


def _new_journal(run: str, name: str) -> dict[str, Any]:
    return {
        "run": run,
        "name": name,
        "offset": 0,
        "damaged": 0,
        "step": 0,
        "seen": 0,
        "time": 0.0,
        "opened": None,
        "end": None,
        "columns": {},
    }


def _row(state: dict[str, Any], row: list[Any], points: dict[str, list[tuple[float, ...]]]) -> None:
    """[columns id, step, seen, elapsed, values…]"""
    number, step, seen, elapsed, *values = row
    names = state["columns"].get(str(number))
    if names is None or state["opened"] is None:  # the line that said so was damaged
        state["damaged"] += 1
        return
    when = state["opened"]["time"] + elapsed
    state.update(step=max(step, state["step"]), seen=max(seen, state["seen"]), time=when)
    for name, value in zip(names[len(HEAD) :], values, strict=True):
        points[name].append((step, seen, when, unspell(value)))


def _record(connection: Connection, run: str, state: dict[str, Any], record: Any) -> None:
    state["time"] = record.get("time", state["time"])
    match record["kind"]:
        case "open":
            state.update(opened=record, step=record["step"])
        case "columns":
            state["columns"][str(record["id"])] = record["names"]
        case "media":
            key = {"run": run, "name": record["name"], "step": record["step"]}
            rest = {k: record[k] for k in ("seen", "time", "sha256", "width", "height")}
            _replace(connection, schema.media, key, rest)
        case "scores":
            for rank, score in enumerate(record["scores"]):
                key = {"run": run, "step": record["step"]}
                key |= {k: score[k] for k in ("measure", "extractor", "n_fake")}
                rest = {"rank": rank, "seen": record["seen"], "time": record["time"]}
                rest["score"] = score
                _replace(connection, schema.scores, key, rest)
        case "end":
            state.update(end=record, step=record["step"], seen=record["seen"])


def _replace(connection: Connection, table: Any, key: dict[str, Any], rest: dict[str, Any]) -> None:
    """What a resumed run writes again takes the place of what was there; the later one stays."""
    this = [table.c[name] == value for name, value in key.items()]
    known = connection.scalar(select(table.c.time).where(*this))
    if known is None or known <= rest["time"]:
        connection.execute(delete(table).where(*this))
        connection.execute(insert(table).values(**key, **rest))


def _append(connection: Connection, run: str, name: str, points: Points) -> None:
    """Adds 4×n points to a series: fills its last chunk, then begins new ones."""
    table, chunk = schema.series, schema.chunks
    query = select(table.c.id, table.c.n).where(table.c.run == run, table.c.name == name)
    found = connection.execute(query).one_or_none()
    if found is None:
        new = insert(table).values(run=run, name=name, n=0).returning(table.c.id)
        number, n = connection.execute(new).scalar_one(), 0
    else:
        number, n = found
    part = n // schema.CHUNK
    if n % schema.CHUNK:
        here = (chunk.c.series == number) & (chunk.c.part == part)
        old: bytes = connection.execute(select(chunk.c.points).where(here)).scalar_one()
        points = np.concatenate((unpack(old), points), axis=1)
        connection.execute(delete(chunk).where(here))
        n -= n % schema.CHUNK
    for start in range(0, points.shape[1], schema.CHUNK):
        piece = points[:, start : start + schema.CHUNK]
        connection.execute(
            insert(chunk).values(
                series=number,
                part=part + start // schema.CHUNK,
                n=piece.shape[1],
                points=np.ascontiguousarray(piece).tobytes(),
            )
        )
    connection.execute(update(table).where(table.c.id == number).values(n=n + points.shape[1]))


def unpack(blob: bytes) -> Points:
    """The points of a chunk: float64 4×n, rows step, seen, time, value."""
    return np.frombuffer(blob, np.float64).reshape(4, -1)
