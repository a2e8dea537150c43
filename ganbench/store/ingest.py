"""From journals to the index: the new records of one run folder, a part of them a transaction."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, update

from ganbench.errors import StoreError
from ganbench.store import schema
from ganbench.store.annotations import read as read_annotations
from ganbench.store.comparison import loss_of
from ganbench.store.folder import RunFolder
from ganbench.store.journal import PART, journals, read, unspell
from ganbench.store.points import append
from ganbench.store.records import HEAD

SETTLED = 2.0  # seconds after which a folder's time is believed to be its last
Rows = dict[tuple[str, ...], list[list[Any]]]  # rows of step, seen, time, values… by their names


def ingest(connection: Connection, folder: RunFolder, path: str) -> bool:
    """Reads a part of what `folder`, at `path` below the runs dir, has grown by; is that all?"""
    table = schema.runs
    this = table.c.run == folder.id
    mtime = folder.path.stat().st_mtime
    found = connection.execute(select(table).where(this)).mappings().one_or_none()
    run: dict[str, Any] = dict(found) if found else _new_run(folder, path)
    run["annotations"] = read_annotations(folder, run["content"])
    done, left = True, PART
    for journal in sorted(journals(folder.path)):
        left -= _ingest_journal(connection, run, journal, left)
        done = left > 0
        if not done:
            break
    ends = select(schema.journals.c.end).where(schema.journals.c.run == folder.id)
    run["ended"] = done and all(end is not None for end in connection.scalars(ends))
    run["mtime"] = mtime if done and time.time() - mtime > SETTLED else 0.0
    newest = connection.scalar(select(func.max(table.c.edition))) or 0
    run["edition"] = max(newest + 1, int(time.time() * 1000))  # also after the index was deleted
    if found:
        connection.execute(update(table).where(this).values(run))
    else:
        connection.execute(insert(table).values(run))
    return done


def _new_run(folder: RunFolder, path: str) -> dict[str, Any]:
    content = folder.read()
    if not isinstance(content.get("created"), str):
        raise StoreError(f"{folder.path}/run.json is damaged: it does not say when it was created")
    if not isinstance(content.get("config") or {}, dict):
        raise StoreError(f"{folder.path}/run.json is damaged: its config has no names")
    return {
        "run": folder.id,
        "path": path,
        "created": content["created"],
        "content": content,
        "picture": None,
        "pictures": 0,
        "scores": None,
        "best": {},
        "warned": {},
    }


def _ingest_journal(connection: Connection, run: dict[str, Any], path: Path, most: int) -> int:
    """Reads about `most` bytes of a journal; returns how many there were."""
    table = schema.journals
    this = (table.c.run == run["run"]) & (table.c.name == path.name)
    found = connection.execute(select(table).where(this)).mappings().one_or_none()
    state: dict[str, Any] = dict(found) if found else _new_journal(run["run"], path.name)
    start: int = state["offset"]
    records, state["offset"], damaged = read(path, start, most)
    if not records and not damaged:
        return 0
    state["damaged"] += damaged
    state["columns"] = dict(state["columns"])
    rows: Rows = defaultdict(list)
    for record in records:
        if isinstance(record, list):
            _row(state, record, rows)
        else:
            _record(connection, run, state, record)
    for name, points in _series(state, rows).items():
        append(connection, run["run"], name, points)
    if found:
        connection.execute(update(table).where(this).values(state))
    else:
        connection.execute(insert(table).values(state))
    size: int = state["offset"] - start
    return size


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


def _row(state: dict[str, Any], row: list[Any], rows: Rows) -> None:
    """[columns id, step, seen, elapsed, values…]"""
    names = state["columns"].get(str(row[0]), ())
    if len(row) != 1 + len(names) or state["opened"] is None:  # or what came before was damaged
        state["damaged"] += 1
        return
    _, step, seen, elapsed, *_ = row
    row[3] = state["opened"]["time"] + elapsed
    state.update(step=max(step, state["step"]), seen=max(seen, state["seen"]), time=row[3])
    rows[tuple(names[len(HEAD) :])].append(row[1:])


def _series(state: dict[str, Any], rows: Rows) -> dict[str, NDArray[np.float64]]:
    """Of each name the points, float64 4×n: step, seen, time, value; in the order of the rows."""
    parts: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for names, lines in rows.items():
        table = _table(state, lines)
        for i, name in enumerate(names):
            parts[name].append(table[[0, 1, 2, 3 + i]])
    merged = {}
    for name, found in parts.items():
        points = np.concatenate(found, axis=1)
        if len(found) > 1:
            points = points[:, np.argsort(points[2], kind="stable")]
        merged[name] = points
    return merged


def _table(state: dict[str, Any], lines: list[list[Any]]) -> NDArray[np.float64]:
    """The lines as columns of float64; one with anything but numbers counts as damaged."""
    try:
        return np.array(lines, np.float64).T
    except (TypeError, ValueError):
        numbers = []
    for line in lines:
        try:
            numbers.append([unspell(value) for value in line])
        except (TypeError, ValueError):
            state["damaged"] += 1
    return np.array(numbers, np.float64).reshape(len(numbers), len(lines[0])).T


def _record(
    connection: Connection, run: dict[str, Any], state: dict[str, Any], record: Any
) -> None:
    state["time"] = record.get("time", state["time"])
    match record["kind"]:
        case "open":
            state.update(opened=record, step=record["step"])
        case "columns":
            state["columns"][str(record["id"])] = record["names"]
        case "media":
            key = {"run": run["run"], "name": record["name"], "step": record["step"]}
            rest = {k: record[k] for k in ("seen", "time", "sha256", "width", "height")}
            run["pictures"] += 1
            rest |= {"caption": record.get("caption"), "number": run["pictures"]}
            _replace(connection, schema.media, key, rest)
            if run["picture"] is None or record["step"] >= run["picture"]["step"]:
                run["picture"] = {"sha256": record["sha256"], "step": record["step"]}
        case "text":
            key = {"run": run["run"], "name": record["name"], "step": record["step"]}
            rest = {k: record[k] for k in ("seen", "time", "text")}
            _replace(connection, schema.texts, key, rest)
        case "config":
            content = run["content"]
            config = _merged(content.get("config") or {}, record["values"])
            run["content"] = {**content, "config": config}
        case "name":
            run["content"] = {**run["content"], "name": record["name"]}
        case "scores":
            _scores(connection, run, record)
        case "warning":
            _warning(connection, run, record)
        case "end":
            state.update(end=record, step=record["step"], seen=record["seen"])
    if "step" in record:
        state["step"] = max(state["step"], record["step"])


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old`, with what is in `new` added or replaced, in nested mappings too."""
    both = {
        key: _merged(old[key], value)
        for key, value in new.items()
        if isinstance(value, dict) and isinstance(old.get(key), dict)
    }
    return {**old, **new, **both}


def _scores(connection: Connection, run: dict[str, Any], record: Any) -> None:
    """The scores of one step; the run itself keeps the last ones, and the best of each measure."""
    best = dict(run["best"])
    for rank, score in enumerate(record["scores"]):
        key = {"run": run["run"], "step": record["step"]}
        key |= {k: score[k] for k in ("measure", "extractor", "n_fake")}
        rest = {"rank": rank, "seen": record["seen"], "time": record["time"], "score": score}
        _replace(connection, schema.scores, key, rest)
        name = f"{score['measure']} {score['extractor']} {score['n_fake']}"
        loss = loss_of(score.get("better"), score["value"])
        if loss is not None and (name not in best or loss < best[name]["loss"]):
            found = {"step": record["step"], "value": score["value"], "loss": loss}
            best[name] = {**found, "fingerprint": score.get("fingerprint")}
    run["best"] = best
    if run["scores"] is None or record["step"] >= run["scores"]["step"]:
        table = schema.scores.c
        query = select(table.score).where(table.run == run["run"], table.step == record["step"])
        scores = connection.scalars(query.order_by(table.rank)).all()
        run["scores"] = {"step": record["step"], "scores": list(scores)}


def _warning(connection: Connection, run: dict[str, Any], record: Any) -> None:
    """That something goes wrong, or is over; the run itself keeps what was last said of each."""
    code, over = record["code"], record.get("over", False)
    key = {"run": run["run"], "code": code, "step": record["step"], "over": over}
    rest = {name: record[name] for name in ("seen", "time", "message", "evidence", "advice")}
    _replace(connection, schema.warnings, key, rest)
    last = run["warned"].get(code)
    if last is None or last["time"] <= record["time"]:
        said = {"step": record["step"], "time": record["time"], "over": over}
        run["warned"] = {**run["warned"], code: said}


def _replace(connection: Connection, table: Any, key: dict[str, Any], rest: dict[str, Any]) -> None:
    """What a resumed run writes again takes the place of what was there; the later one stays."""
    this = [table.c[name] == value for name, value in key.items()]
    known = connection.scalar(select(table.c.time).where(*this))
    if known is None or known <= rest["time"]:
        connection.execute(delete(table).where(*this))
        connection.execute(insert(table).values(**key, **rest))
