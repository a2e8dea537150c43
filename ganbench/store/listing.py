"""What a table of many runs reads: rows of little weight, those that changed, small curves.

Rows are ready for JSON, with NaN and the infinities spelled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from ganbench.store import schema
from ganbench.store.index import Index
from ganbench.store.journal import spell
from ganbench.store.points import Points, extremes, latest_by_step, nan_if_none, unpack
from ganbench.store.query import journals_of, state_of, summarise

Row = dict[str, Any]
KEPT = (
    *("id", "name", "project", "recipe", "state", "reason", "created", "tags"),
    *("step", "steps", "seen", "seconds", "picture", "warned"),
)
SPARK = 40  # points of a small curve
PARTS = 16  # chunks of a long curve that a small one is made of
SYSTEM = "system/"


def changes(index: Index, since: int = 0) -> Row:
    """The rows of the runs that changed after the edition `since`, the newest first.

    {"edition": pass it as `since` the next time, "count": runs in all (who knows of another number
    has to ask for all), "running": ids, "runs": rows}. A process that dies changes nothing in the
    index: a row that says "running" and is not in "running" is out of date, the run was killed.
    """
    table = schema.runs.c
    with index.engine.connect() as connection:
        newest, count = connection.execute(
            select(func.max(table.edition), func.count()).select_from(schema.runs)
        ).one()
        edition = newest or 0
        changed = select(table.run).where(table.edition > since)
        rows = _rows(index, connection, connection.scalars(changed).all() if since > 0 else None)
        running = _running(index, connection)
    return {"edition": edition, "count": count, "running": running, "runs": rows}


def rows(index: Index, runs: Collection[str]) -> list[Row]:
    """The rows of some runs, the newest first; those that are not there are left out."""
    with index.engine.connect() as connection:
        return _rows(index, connection, runs)


def sparklines(index: Index, runs: Collection[str], name: str) -> dict[str, Row]:
    """Of each run that has the series `name`, at most `SPARK` points: {"step": …, "value": …}.

    The extremes of what is read: all of a short curve, `PARTS` stretches of a long one.
    """
    with index.engine.connect() as connection:
        table = schema.series.c
        query = select(table.id, table.run, table.n).where(table.run.in_(runs), table.name == name)
        found = connection.execute(query).all()
        short = [row.id for row in found if row.n <= PARTS * schema.CHUNK]
        blobs = _overviews(connection, schema.chunks.c.series.in_(short))
        for row in found:
            if row.id not in blobs:
                every = -(-row.n // (PARTS * schema.CHUNK))
                part = schema.chunks.c.part
                blobs |= _overviews(
                    connection, schema.chunks.c.series == row.id, part % every == every - 1
                )
    return {row.run: _small(blobs[row.id]) for row in found if row.id in blobs}


def score_lines(index: Index, runs: Collection[str], score: str) -> dict[str, Row]:
    """As `sparklines`, of a score over training: "measure extractor n", as in `best`."""
    measure, _, rest = score.partition(" ")
    extractor, _, n = rest.rpartition(" ")
    if not n.isdecimal():
        return {}
    table = schema.scores.c
    query = select(table.run, table.step, table.score).where(
        table.run.in_(runs),
        table.measure == measure,
        table.extractor == extractor,
        table.n_fake == int(n),
    )
    found: dict[str, list[tuple[float, float]]] = {}
    with index.engine.connect() as connection:
        for run, step, content in connection.execute(query.order_by(table.step)):
            value = content["value"]
            found.setdefault(run, []).append((step, nan_if_none(value and float(value))))
    lines = {}
    for run, pairs in found.items():
        step, value = np.array(pairs, np.float64).T
        lines[run] = _small([np.stack([step, step, step, value])])
    return lines


def _running(index: Index, connection: Connection) -> list[str]:
    """The runs that have not ended and whose process lives."""
    table = schema.runs.c
    query = select(table.run, table.path).where(table.ended.is_(False)).order_by(table.run)
    paths = {run: index.runs_dir / path for run, path in connection.execute(query)}
    journals = journals_of(connection, list(paths))
    return [
        run for run, path in paths.items() if state_of(path, journals.get(run, []))[0] == "running"
    ]


def _rows(index: Index, connection: Connection, runs: Collection[str] | None) -> list[Row]:
    if runs is not None and not runs:
        return []
    table = schema.runs
    kept = [column for column in table.c if column.name != "scores"]  # they are heavy
    query = select(*kept).order_by(table.c.created.desc(), table.c.run)
    found = connection.execute(query if runs is None else query.where(table.c.run.in_(runs)))
    journals, series = journals_of(connection, runs), _series(connection, runs)
    made = []
    for run in found.mappings().all():
        row = summarise(index.runs_dir, {**run, "scores": None}, journals.get(run["run"], []))
        made.append(
            {
                **{key: row[key] for key in KEPT},
                "config": run["content"].get("config") or {},
                "best": row["best"],
                "last": series.get(run["run"], {}),
            }
        )
    return made


def _series(connection: Connection, runs: Collection[str] | None) -> dict[str, Row]:
    """Of each run its series, less the system's: [last, lowest, highest], spelled."""
    table = schema.series.c
    query = select(table.run, table.name, table.last, table.low, table.high).order_by(table.name)
    found: dict[str, Row] = {}
    for run, name, *values in connection.execute(
        query if runs is None else query.where(table.run.in_(runs))
    ):
        if not name.startswith(SYSTEM):
            found.setdefault(run, {})[name] = [spell(nan_if_none(value)) for value in values]
    return found


def _overviews(connection: Connection, *conditions: Any) -> dict[int, list[Points]]:
    chunk = schema.chunks.c
    query = select(chunk.series, chunk.overview).where(*conditions)
    found: dict[int, list[Points]] = {}
    for series, overview in connection.execute(query.order_by(chunk.series, chunk.part)):
        found.setdefault(series, []).append(unpack(overview))
    return found


def _small(parts: Sequence[Points]) -> Row:
    points = extremes(latest_by_step(np.concatenate(parts, axis=1)), SPARK // 2)
    return {"step": points[0].tolist(), "value": points[3].tolist()}
