"""Several runs side by side, and over many runs what mattered: /compare?runs=a,b or ?project=x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.store import comparison, listing, query
from ganbench.store.importance import importance
from ganbench.store.index import Index
from ganbench.web import respond
from ganbench.web.openapi import (
    ANYTHING,
    NUMBER,
    TEXT,
    WHOLE,
    array,
    maybe,
    operation,
    record,
)
from ganbench.web.pages import page
from ganbench.web.runs import ROW, names

SIDE = 12  # runs in the columns of a table
MOST = 2000  # runs in one comparison
SCORE = ("value", "interval", "baseline", "n_real", "n_fake", "fingerprint")
RANGE = {"last": 0, "low": 1, "high": 2}
Row = dict[str, Any]


def show(request: Request) -> Response:
    """GET /compare?runs=a,b,…"""
    return page("compare.html")


def data(request: Request) -> Response:
    """GET /api/compare?runs=a,b,… or ?project=x: rows of all, and the first `SIDE` in detail."""
    reader = request.app.state.reader
    index = reader.current()
    rows, missing = _asked(request, index)
    beside = [query.show_run(index, row["id"]) for row in rows[:SIDE]]
    shown = [run for run in beside if run is not None]
    found = {
        "runs": rows,
        "missing": missing,
        "problems": [p for p in reader.problems if p.partition(":")[0] in _all(rows, missing)],
        "beside": [run["id"] for run in shown],
        "parameters": _lines([run["config"] for run in shown]),
        "environment": _lines([run["environment"] for run in shown]),
        "scores": [_slim(row) for row in comparison.scores([run["scores"] for run in shown])],
        "scored_at": [run["scored_at"] for run in shown],
    }
    return respond.json(request, found)


def what_mattered(request: Request) -> Response:
    """GET /api/importance?runs=…|project=…&target=…: store.importance of the runs' parameters.

    A target is "best:MEASURE EXTRACTOR N", or "last:SERIES", "low:SERIES", "high:SERIES".
    """
    target = request.query_params.get("target", "")
    rows, _ = _asked(request, request.app.state.reader.current())
    configs = [dict(comparison.flatten(row["config"])) for row in rows]
    return respond.json(request, _importance(orjson.dumps([configs, targets_of(rows, target)])))


def targets_of(rows: Sequence[Mapping[str, Any]], target: str) -> list[float | str | None]:
    """Each run's value of a target, spelled; None if it has none.

    Also if it was scored by another protocol than most: such values cannot be compared.
    """
    kind, _, name = target.partition(":")
    if kind in RANGE:
        return [row["last"][name][RANGE[kind]] if name in row["last"] else None for row in rows]
    if kind != "best":
        return [None] * len(rows)
    found = [row["best"].get(name) for row in rows]
    prints = [best["fingerprint"] for best in found if best and best["fingerprint"] is not None]
    common = max(dict.fromkeys(prints), key=prints.count, default=None)
    return [best["value"] if best and best["fingerprint"] == common else None for best in found]


@lru_cache(maxsize=32)
def _importance(asked: bytes) -> Row:
    configs, target = orjson.loads(asked)
    return importance(configs, [None if value is None else float(value) for value in target])


def _asked(request: Request, index: Index) -> tuple[list[Row], list[str]]:
    """The rows of the runs that are asked for, and the ids that are not there."""
    project = request.query_params.get("project")
    if project is not None:
        rows = listing.changes(index)["runs"]
        return [row for row in rows if project in (row["project"], row["recipe"])][:MOST], []
    asked = names(request.query_params.get("runs", ""))[:MOST]
    found = {row["id"]: row for row in listing.rows(index, asked)}
    return [found[run] for run in asked if run in found], [run for run in asked if run not in found]


def _all(rows: list[Row], missing: list[str]) -> set[str]:
    return {*missing, *(row["id"] for row in rows)}


def _lines(configs: list[Any]) -> list[Row]:
    different = comparison.differences(configs)
    return [
        {"name": name, "values": values, "differs": name in different}
        for name, values in comparison.side_by_side(configs).items()
    ]


def _slim(row: Row) -> Row:
    """Without the protocols and the jackknife's values, which are long."""
    scores = [score and {key: score.get(key) for key in SCORE} for score in row["scores"]]
    return {**row, "scores": scores}


VALUES = array(record(name=TEXT, values=array({}), differs={"type": "boolean"}))
COMPARED = record(
    runs=array(ROW),
    missing=array(TEXT),
    problems=array(TEXT),
    beside=array(TEXT),
    parameters=VALUES,
    environment=VALUES,
    scores=array(ANYTHING),
    scored_at=array(maybe(WHOLE)),
)
MATTERED = record(
    runs=WHOLE,
    left_out=WHOLE,
    r2=maybe(NUMBER),
    chance=maybe(NUMBER),
    parameters=array(record(names=array(TEXT), importance=NUMBER, rho=maybe(NUMBER))),
    same=array(TEXT),
    skipped=array(TEXT),
    problem=maybe(TEXT),
)
WHICH = {"runs": TEXT, "project": TEXT}
ROUTES = [
    Route("/compare", show),
    Route("/api/compare", data),
    Route("/api/importance", what_mattered),
]
DESCRIBED = {
    "/api/compare": {"get": operation("Runs side by side", COMPARED, query=WHICH)},
    "/api/importance": {
        "get": operation("Which parameters mattered", MATTERED, query={**WHICH, "target": TEXT})
    },
}
