"""The points of a series: chunks of float64 4×n (rows: step, seen, time, value) in the index.

A chunk carries an overview, the extremes of its parts, so that a curve of a million points is
drawn from a few hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, delete, insert, select, update

from ganbench.store import schema

Points = NDArray[np.float64]


def append(connection: Connection, run: str, name: str, points: Points) -> None:
    """Adds 4×n points to a series: fills its last chunk, then begins new ones."""
    if not points.shape[1]:
        return
    table, chunk = schema.series, schema.chunks
    query = select(table).where(table.c.run == run, table.c.name == name)
    found = connection.execute(query).mappings().one_or_none()
    told = _told(points, found)
    if found is None:
        new = insert(table).values(run=run, name=name, n=0, **told).returning(table.c.id)
        number, n = connection.execute(new).scalar_one(), 0
    else:
        number, n = found["id"], found["n"]
    part = n // schema.CHUNK
    if n % schema.CHUNK:
        here = (chunk.c.series == number) & (chunk.c.part == part)
        old: bytes = connection.execute(select(chunk.c.points).where(here)).scalar_one()
        points = np.concatenate((unpack(old), points), axis=1)
        connection.execute(delete(chunk).where(here))
        n -= n % schema.CHUNK
    pieces = [
        _chunk(number, part + start // schema.CHUNK, points[:, start : start + schema.CHUNK])
        for start in range(0, points.shape[1], schema.CHUNK)
    ]
    connection.execute(insert(chunk), pieces)
    grown = update(table).where(table.c.id == number)
    connection.execute(grown.values(n=n + points.shape[1], **told))


def load(
    connection: Connection, run: str, name: str, start: int, within: tuple[float, float], most: int
) -> tuple[Points, int, int, int | None]:
    """The points from index `start` on whose steps are in `within`; about `most` may be enough.

    Returns the points or, where there are far more than `most` and their steps only rise, their
    overviews; from which index on the next ones will be; how many points they stand for; and the
    buckets of the overviews, None for the points themselves.
    """
    series, chunk = schema.series.c, schema.chunks.c
    query = (
        select(chunk.part, chunk.n, chunk.first, chunk.last, chunk.rising)
        .join(schema.series, series.id == chunk.series)
        .where(series.run == run, series.name == name, chunk.part >= start // schema.CHUNK)
        .order_by(chunk.part)
    )
    chunks = connection.execute(query).all()
    if not chunks:
        return np.empty((4, 0)), start, 0, None
    end = chunks[-1].part * schema.CHUNK + chunks[-1].n
    rising = all(c.rising for c in chunks) and all(a.last < b.first for a, b in pairwise(chunks))
    wanted = [c for c in chunks if c.last >= within[0] and c.first <= within[1]]
    if not wanted:
        return np.empty((4, 0)), end, 0, None
    brief = rising and len(wanted) * 2 * schema.BUCKETS >= most
    first, last = wanted[0].part, wanted[-1].part

    def read(column: Column[bytes], low: int, high: int) -> list[Points]:
        rows = query.with_only_columns(column).where(chunk.part >= low, chunk.part <= high)
        return [unpack(blob) for blob in connection.scalars(rows)]

    if not brief:
        points = np.concatenate(read(chunk.points, first, last), axis=1)
        points = _inside(points[:, max(start - first * schema.CHUNK, 0) :], within)
        return points, end, points.shape[1], None
    # The chunks at both ends may lie partly outside.
    head = read(chunk.points, first, first)[0][:, max(start - first * schema.CHUNK, 0) :]
    ends = [_inside(head, within), _inside(read(chunk.points, last, last)[0], within)]
    stored = sum(c.n for c in wanted[1:-1]) + sum(points.shape[1] for points in ends)
    a, b = (extremes(points, schema.BUCKETS) for points in ends)
    points = np.concatenate([a, *read(chunk.overview, first + 1, last - 1), b], axis=1)
    return points, end, stored, len(wanted) * schema.BUCKETS


EVERYWHERE = (-np.inf, np.inf)


def _inside(points: Points, within: tuple[float, float]) -> Points:
    if within == EVERYWHERE:
        return points
    return points[:, (points[0] >= within[0]) & (points[0] <= within[1])]


def latest_by_step(points: Points) -> Points:
    """4×n points with steps ascending and each step once: the one with the latest time."""
    if (np.diff(points[0]) > 0).all():
        return points
    ordered = points[:, np.lexsort((points[2], points[0]))]
    return ordered[:, np.append(np.diff(ordered[0]) > 0, True)[: ordered.shape[1]]]


def extremes(points: Points, parts: int) -> Points:
    """The smallest and the largest finite value of each of `parts` equal parts.

    A part that holds NaN, ∞ or −∞ keeps the first of each as well.
    """
    n, values = points.shape[1], points[3]
    if n <= 2 * parts:
        return points
    starts = np.arange(parts) * n // parts
    bucket = np.repeat(np.arange(parts), np.diff(np.append(starts, n)))
    finite = np.isfinite(values)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), starts)[bucket]
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), starts)[bucket]
    kept = np.zeros(n, bool)
    odd = (np.isnan(values), values == np.inf, values == -np.inf)
    for wanted in (values == low, values == high, *odd):
        hits = np.flatnonzero(wanted)
        kept[hits[np.unique(bucket[hits], return_index=True)[1]]] = True
    return points[:, kept]


def unpack(blob: bytes) -> Points:
    """The points of a chunk: float64 4×n, rows step, seen, time, value."""
    return np.frombuffer(blob, np.float64).reshape(4, -1)


def _told(points: Points, before: Mapping[Any, Any] | None) -> dict[str, float | None]:
    """The value at the largest step, and the range of the finite ones, with those `before`."""
    at = np.lexsort((points[2], points[0]))[-1]
    step, last = float(points[0, at]), float(points[3, at])
    finite = points[3][np.isfinite(points[3])]
    lows, highs = ([float(finite.min())], [float(finite.max())]) if len(finite) else ([], [])
    if before is not None:
        if before["step"] > step:
            step, last = before["step"], nan_if_none(before["last"])
        lows += [before["low"]] * (before["low"] is not None)
        highs += [before["high"]] * (before["high"] is not None)
    return {
        "step": step,
        "last": None if np.isnan(last) else last,
        "low": min(lows, default=None),
        "high": max(highs, default=None),
    }


def nan_if_none(value: float | None) -> float:
    """A number as the index holds it: NaN is NULL there."""
    return np.nan if value is None else value


def _chunk(series: int, part: int, points: Points) -> dict[str, Any]:
    steps = points[0]
    return {
        "series": series,
        "part": part,
        "n": points.shape[1],
        "first": float(steps.min()),
        "last": float(steps.max()),
        "rising": bool((np.diff(steps) > 0).all()),
        "overview": np.ascontiguousarray(extremes(points, schema.BUCKETS)).tobytes(),
        "points": np.ascontiguousarray(points).tobytes(),
    }
