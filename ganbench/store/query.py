"""What the page and the command line read: plain dicts and lists, ready for JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, func, select

from ganbench.store import liveness, schema
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index
from ganbench.store.points import EVERYWHERE, extremes, latest_by_step, load

Row = dict[str, Any]
PICTURE = ("name", "step", "seen", "time", "sha256", "width", "height", "caption")
JOURNAL = ("run", "name", "damaged", "step", "seen", "time", "opened", "end")
WARNING = ("code", "step", "seen", "time", "message", "evidence", "advice")
TEXT = ("name", "step", "seen", "time", "text")


def list_runs(index: Index) -> list[Row]:
    """All runs, the newest first: id, recipe, state, step, scores, best, what is wrong, tags."""
    table = schema.runs.c
    with index.engine.connect() as connection:
        newest = (table.created.desc(), table.run)
        runs = connection.execute(select(schema.runs).order_by(*newest)).mappings()
        journals = journals_of(connection)
        return [summarise(index.runs_dir, run, journals.get(run["run"], [])) for run in runs]


def show_run(index: Index, run: str, *, pictures: bool = True) -> Row | None:
    """One run: its summary, and config, environment, scores, warnings, pictures, series sizes.

    Of a long run the pictures are most of it; without them `read_pictures` gives what is new.
    """
    with index.engine.connect() as connection:
        query = select(schema.runs).where(schema.runs.c.run == run)
        found = connection.execute(query).mappings().one_or_none()
        if found is None:
            return None
        journals = journals_of(connection, [run]).get(run, [])
        table = schema.scores.c
        query = select(schema.scores).where(table.run == run).order_by(table.step, table.rank)
        scores = connection.execute(query).mappings().all()
        points = _sizes(connection, run)
        warnings = _warnings(connection, run)
        texts = _count(connection, schema.texts, run)
    content = found["content"]
    return {
        **summarise(index.runs_dir, found, journals),
        **{key: content.get(key) for key in ("config", "environment", "command")},
        "notes": found["annotations"]["notes"],
        "history": [{"step": s["step"], "seen": s["seen"], **s["score"]} for s in scores],
        **({"pictures": read_pictures(index, run)["pictures"]} if pictures else {}),
        "warnings": warnings,
        "points": points,
        "texts": texts,
        "damaged": sum(journal["damaged"] for journal in journals),
        "processes": len(journals),
    }


def pulse(index: Index, run: str) -> Row | None:
    """How far a run has come: state, step, counts of points, pictures, scores, texts, warnings.

    A picture that a resumed run wrote again counts again. `edition` changes when its tags, notes or
    config do, `console` is the size of what it printed in bytes, `heard` the time of its last
    record.
    """
    with index.engine.connect() as connection:
        query = select(schema.runs).where(schema.runs.c.run == run)
        found = connection.execute(query).mappings().one_or_none()
        if found is None:
            return None
        journals = journals_of(connection, [run]).get(run, [])
        summary = summarise(index.runs_dir, found, journals)
        console = RunFolder(index.runs_dir / found["path"]).console
        kept = ("state", "reason", "step", "steps", "seen", "seconds")
        return {
            **{key: summary[key] for key in kept},
            "points": _sizes(connection, run),
            "pictures": found["pictures"],
            "scores": _count(connection, schema.scores, run),
            "texts": _count(connection, schema.texts, run),
            "warnings": _count(connection, schema.warnings, run),
            "edition": _digest(found["annotations"], found["content"]),
            "console": console.stat().st_size if console.exists() else 0,
            "heard": max((journal["time"] for journal in journals), default=None),
        }


def read_series(
    index: Index,
    run: str,
    after: Mapping[str, int],
    most: int | None = None,
    within: tuple[float, float] = EVERYWHERE,
) -> dict[str, Row]:
    """The points of the series named in `after`, each from its given index on.

    Each series is {"n": points in all, "stored": points that those given stand for, "buckets": …,
    "step": […], "seen": […], "time": […], "value": […]}, by step; where a resumed run repeated a
    step, the later point. The system's are by time. `within` bounds the steps. Of more than `most`
    points, the extremes of each of `most`/2 equal parts are given, the buckets; else `buckets` is
    None.
    """
    result = {}
    limit = np.iinfo(np.int64).max if most is None else most
    with index.engine.connect() as connection:
        for name, start in after.items():
            points, end, stored, buckets = load(connection, run, name, start, within, limit)
            if name.startswith("system/"):  # of several journals, in the order of their names
                points = points[:, np.argsort(points[2], kind="stable")]
            else:
                points = latest_by_step(points)
            if points.shape[1] > limit:
                buckets = limit // 2
                points = extremes(points, buckets)
            step, seen, when, value = points
            result[name] = {
                "n": end,
                "stored": stored,
                "buckets": buckets,
                "step": step.astype(np.int64).tolist(),
                "seen": seen.astype(np.int64).tolist(),
                "time": when.tolist(),
                "value": value.tolist(),
            }
    return result


def read_pictures(index: Index, run: str, after: int = 0) -> Row:
    """{"after": the last record's number, "pictures": by step and name, of later records only}.

    A picture of a name and a step that are known already takes the place of the one before.
    """
    table = schema.media.c
    columns = (table[name] for name in (*PICTURE, "number"))
    query = select(*columns).where(table.run == run, table.number > after)
    with index.engine.connect() as connection:
        rows = connection.execute(query.order_by(table.step, table.name)).all()
    pictures = [dict(zip(PICTURE, row, strict=False)) for row in rows]
    return {"after": max((row.number for row in rows), default=after), "pictures": pictures}


def read_texts(index: Index, run: str, most: int = 1000, since: float = 0.0) -> list[Row]:
    """The newest `most` texts of a run, by step: name, step, seen, time, text.

    `since` is a time: only what was written after it.
    """
    table = schema.texts.c
    columns = (table[name] for name in TEXT)
    wanted = (table.run == run) & (table.time > since)
    newest = (table.step.desc(), table.time.desc(), table.name.desc())
    query = select(*columns).where(wanted).order_by(*newest).limit(most)
    with index.engine.connect() as connection:
        return [dict(zip(TEXT, row, strict=True)) for row in connection.execute(query)][::-1]


def _warnings(connection: Connection, run: str) -> list[Row]:
    """What went wrong, by step: {"code", "step", "seen", "time", "message", "evidence", "advice",
    "until": the step at which it was over, or None}."""
    table = schema.warnings.c
    query = select(schema.warnings).where(table.run == run)
    found: list[Row] = []
    for row in connection.execute(query.order_by(table.step, table.time)).mappings():
        if not row["over"]:
            found.append({**{name: row[name] for name in WARNING}, "until": None})
            continue
        for said in found:
            if said["code"] == row["code"] and said["until"] is None:
                said["until"] = row["step"]
    return found


def folder_of(index: Index, run: str) -> Path | None:
    """Where the run with exactly this id is."""
    query = select(schema.runs.c.path).where(schema.runs.c.run == run)
    with index.engine.connect() as connection:
        path = connection.scalar(query)
    return None if path is None else index.runs_dir / path


def _digest(*values: Any) -> str:
    return hashlib.sha256(orjson.dumps(values)).hexdigest()[:16]


def _sizes(connection: Connection, run: str) -> dict[str, int]:
    table = schema.series.c
    query = select(table.name, table.n).where(table.run == run).order_by(table.name)
    return {row.name: row.n for row in connection.execute(query)}


def _count(connection: Connection, table: Any, run: str) -> int:
    query = select(func.count()).select_from(table).where(table.c.run == run)
    return int(connection.scalar(query) or 0)


def journals_of(
    connection: Connection, runs: Collection[str] | None = None
) -> dict[str, list[Row]]:
    """The journals of some runs, or of all, by run."""
    table = schema.journals.c
    query = select(*(table[name] for name in JOURNAL)).order_by(table.run, table.name)
    grouped: dict[str, list[Row]] = {}
    if runs is not None:
        query = query.where(table.run.in_(runs))
    for row in connection.execute(query):
        grouped.setdefault(row.run, []).append(dict(zip(JOURNAL, row, strict=True)))
    return grouped


def summarise(runs_dir: Path, run: Mapping[Any, Any], journals: list[Row]) -> Row:
    """What a table of runs shows of one run."""
    opened = [j for j in journals if j["opened"] and not j["opened"].get("child")]
    state, end = state_of(runs_dir / run["path"], opened)
    content, scored = run["content"], run["scores"] or {"step": None, "scores": []}
    config = content.get("config") or {}
    return {
        "id": run["run"],
        "name": content.get("name"),
        "project": content.get("project"),
        "recipe": config.get("recipe") if content.get("project") is None else None,
        "state": state,
        "reason": end.get("reason"),
        "created": run["created"],
        "tags": run["annotations"]["tags"],
        "step": max((journal["step"] for journal in journals), default=0),
        "steps": config.get("steps") if isinstance(config.get("steps"), int) else None,
        "seen": max((journal["seen"] for journal in journals), default=0),
        "seconds": sum(journal["time"] - journal["opened"]["time"] for journal in opened),
        "scores": scored["scores"],
        "scored_at": scored["step"],
        "best": run["best"],
        "warned": [code for code, last in run["warned"].items() if not last["over"]],
        "picture": (run["picture"] or {}).get("sha256"),
        "summary": end.get("summary"),
    }


def state_of(folder: Path, journals: list[Row]) -> tuple[str, Row]:
    """The state of the run in `folder`, one of liveness.STATES, and its last record if an end."""
    opened = [j for j in journals if j["opened"] and not j["opened"].get("child")]
    newest = max(opened, key=lambda journal: float(journal["opened"]["time"]), default=None)
    if newest is None:
        return "killed", {}
    state = liveness.state(newest["opened"], newest["end"], folder / newest["name"])
    return state, newest["end"] or {}
