"""What the page and the command line read: plain dicts and lists, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from ganbench.store import liveness, schema
from ganbench.store.index import Index
from ganbench.store.ingest import Points, unpack

Row = dict[str, Any]


def list_runs(index: Index) -> list[Row]:
    """All runs, the newest first: id, recipe, state, step, steps, scores, picture and times."""
    with index.engine.connect() as connection:
        runs = connection.execute(select(schema.runs).order_by(schema.runs.c.created.desc()))
        journals = _by_run(connection, schema.journals)
        scores = _by_run(connection, schema.scores)
        pictures = _by_run(connection, schema.media)
        return [
            _summary(
                index.runs_dir,
                run["content"],
                journals.get(run["run"], []),
                scores.get(run["run"], []),
                pictures.get(run["run"], []),
            )
            for run in runs.mappings()
        ]


def show_run(index: Index, run: str) -> Row | None:
    """One run: its summary, and config, environment, all scores, pictures and series sizes."""
    with index.engine.connect() as connection:
        query = select(schema.runs.c.content).where(schema.runs.c.run == run)
        content = connection.scalar(query)
        if content is None:
            return None
        journals = _by_run(connection, schema.journals, run).get(run, [])
        scores = _by_run(connection, schema.scores, run).get(run, [])
        scores.sort(key=lambda row: (int(row["step"]), int(row["rank"])))
        pictures = _by_run(connection, schema.media, run).get(run, [])
        table = schema.series.c
        query = select(table.name, table.n).where(table.run == run).order_by(table.name)
        sizes = {row.name: row.n for row in connection.execute(query)}
    return {
        **_summary(index.runs_dir, content, journals, scores, pictures),
        **{key: content.get(key) for key in ("config", "environment", "command", "tags")},
        "history": [{"step": s["step"], "seen": s["seen"], **s["score"]} for s in scores],
        "pictures": [
            {key: picture[key] for key in ("name", "step", "seen", "sha256", "width", "height")}
            for picture in sorted(pictures, key=lambda picture: int(picture["step"]))
        ],
        "points": sizes,
        "damaged": sum(journal["damaged"] for journal in journals),
        "processes": len(journals),
    }


def pulse(index: Index, run: str) -> Row | None:
    """How far a run has come: state, step, and counts of points, pictures and scores."""
    shown = show_run(index, run)
    if shown is None:
        return None
    kept = ("state", "reason", "step", "steps", "seen", "seconds", "points")
    counts = {"pictures": len(shown["pictures"]), "scores": len(shown["history"])}
    return {key: shown[key] for key in kept} | counts


def read_series(
    index: Index, run: str, after: Mapping[str, int], most: int | None = None
) -> dict[str, Row]:
    """The points of the series named in `after`, each from its given index on.

    Each series is {"n": points in all, "thinned": …, "step": […], "seen": […], "time": […],
    "value": […]}, by step; where a resumed run repeated a step, the later point. The system's are
    by time. Of more than `most` points, the smallest and the largest of each of `most`/2 equal
    parts are given.
    """
    result = {}
    with index.engine.connect() as connection:
        for name, start in after.items():
            points = _points(connection, run, name, start)
            stored = points.shape[1]
            if not name.startswith("system/"):
                points = latest_by_step(points)
            thinned = most is not None and points.shape[1] > most
            if most is not None and thinned:
                points = extremes(points, most // 2)
            step, seen, when, value = points
            result[name] = {
                "n": start + stored,
                "thinned": thinned,
                "step": step.astype(np.int64).tolist(),
                "seen": seen.astype(np.int64).tolist(),
                "time": when.tolist(),
                "value": value.tolist(),
            }
    return result


def latest_by_step(points: Points) -> Points:
    """4×n points with steps ascending and each step once: the one with the latest time."""
    ordered = points[:, np.lexsort((points[2], points[0]))]
    return ordered[:, np.append(np.diff(ordered[0]) > 0, True)[: ordered.shape[1]]]


def extremes(points: Points, parts: int) -> Points:
    """The smallest and the largest value of each of `parts` equal parts; NaN counts as largest."""
    kept = []
    for part in np.array_split(np.arange(points.shape[1]), parts):
        values = points[3, part]
        finite = np.where(np.isnan(values), np.inf, values)
        kept += sorted({part[finite.argmin()], part[finite.argmax()]})
    return points[:, kept]


def _points(connection: Connection, run: str, name: str, start: int) -> Points:
    series, chunk = schema.series.c, schema.chunks.c
    query = (
        select(chunk.part, chunk.points)
        .join(schema.series, series.id == chunk.series)
        .where(series.run == run, series.name == name, chunk.part >= start // schema.CHUNK)
        .order_by(chunk.part)
    )
    found = connection.execute(query).all()
    if not found:
        return np.empty((4, 0))
    joined = np.concatenate([unpack(blob) for _, blob in found], axis=1)
    return joined[:, start - found[0][0] * schema.CHUNK :]


def _by_run(connection: Connection, table: Any, run: str | None = None) -> dict[str, list[Row]]:
    query = select(table) if run is None else select(table).where(table.c.run == run)
    grouped: dict[str, list[Row]] = {}
    for row in connection.execute(query).mappings():
        grouped.setdefault(row["run"], []).append(dict(row))
    return grouped


def _summary(
    runs_dir: Path, content: Row, journals: list[Row], scores: list[Row], pictures: list[Row]
) -> Row:
    """What a table of runs shows of one run."""
    opened = [journal for journal in journals if journal["opened"]]
    newest = max(opened, key=lambda journal: float(journal["opened"]["time"]), default=None)
    state, reason = "killed", None
    if newest is not None:
        path = runs_dir / content["id"] / newest["name"]
        state = liveness.state(newest["opened"], newest["end"], path)
        reason = (newest["end"] or {}).get("reason")
    last = max((score["step"] for score in scores), default=None)
    picture = max(pictures, key=lambda row: int(row["step"]), default=None)
    config = content["config"]
    return {
        "id": content["id"],
        "recipe": config["recipe"],
        "state": state,
        "reason": reason,
        "created": content["created"],
        "step": max((journal["step"] for journal in journals), default=0),
        "steps": config["steps"],
        "seen": max((journal["seen"] for journal in journals), default=0),
        "seconds": sum(journal["time"] - journal["opened"]["time"] for journal in opened),
        "scores": [
            row["score"]
            for row in sorted(scores, key=lambda row: int(row["rank"]))
            if row["step"] == last
        ],
        "scored_at": last,
        "picture": picture and picture["sha256"],
        "summary": ((newest or {}).get("end") or {}).get("summary"),
    }
