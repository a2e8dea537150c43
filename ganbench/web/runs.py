"""The table of runs: its page, its rows, its small curves."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.store import listing, query
from ganbench.store.liveness import STATES
from ganbench.web import respond
from ganbench.web.openapi import (
    ANYTHING,
    NUMBER,
    TEXT,
    WHOLE,
    array,
    by_name,
    maybe,
    operation,
    record,
)
from ganbench.web.pages import page

SPARKS = 200  # runs whose small curves are sent at once


def show(request: Request) -> Response:
    """GET /"""
    return page("runs.html", runs_dir=str(request.app.state.reader.runs_dir.absolute()))


def data(request: Request) -> Response:
    """GET /api/runs: what `ganbench runs list --json` prints."""
    return respond.json(request, query.list_runs(request.app.state.reader.current()))


def table(request: Request) -> Response:
    """GET /api/table?since=EDITION: the rows that changed, and how far the index is."""
    reader = request.app.state.reader
    since = respond.whole(request, "since", 0)
    found = listing.changes(reader.current(), max(since, 0))
    told = {"progress": reader.progress, "problems": reader.problems}
    return respond.json(request, {**found, **told}, spelled=True)


def sparklines(request: Request) -> Response:
    """GET /api/sparklines?runs=a,b&series=NAME, or &score=MEASURE EXTRACTOR N."""
    asked = request.query_params
    index, runs = request.app.state.reader.current(), names(asked.get("runs", ""))
    if len(runs) > SPARKS:
        return respond.json(request, {"error": f"at most {SPARKS} runs at once"}, 400)
    if "score" in asked:
        return respond.json(request, listing.score_lines(index, runs, asked["score"]))
    return respond.json(request, listing.sparklines(index, runs, asked.get("series", "")))


def names(text: str) -> list[str]:
    """ "a,b" as a list, each once."""
    return [name for name in dict.fromkeys(text.split(",")) if name]


KNOWN: dict[str, Any] = {
    "id": TEXT,
    "name": maybe(TEXT),
    "project": maybe(TEXT),
    "recipe": maybe(TEXT),
    "state": {"enum": list(STATES)},
    "reason": maybe(TEXT),
    "created": TEXT,
    "tags": array(TEXT),
    "step": WHOLE,
    "steps": maybe(WHOLE),
    "seen": WHOLE,
    "seconds": NUMBER,
    "warned": array(TEXT),
}
"""What is said of a run wherever it is named."""
SUMMARY = record(
    **KNOWN,
    scores=array(ANYTHING),
    scored_at=maybe(WHOLE),
    best=ANYTHING,
    picture=maybe(TEXT),
    summary=maybe(ANYTHING),
)
ROW = record(
    **KNOWN,
    picture=maybe(TEXT),
    config=ANYTHING,
    best=ANYTHING,
    last=by_name(array(NUMBER)),
)
TABLE = record(
    edition=WHOLE,
    count=WHOLE,
    running=array(TEXT),
    runs=array(ROW),
    progress=maybe(NUMBER),
    problems=array(TEXT),
)
LINES = by_name(record(step=array(NUMBER), value=array(NUMBER)))
ROUTES = [
    Route("/", show),
    Route("/api/runs", data),
    Route("/api/table", table),
    Route("/api/sparklines", sparklines),
]
DESCRIBED = {
    "/api/runs": {"get": operation("All runs, the newest first", array(SUMMARY))},
    "/api/table": {
        "get": operation("Rows that changed", TABLE, query={"since": WHOLE}, errors=[400])
    },
    "/api/sparklines": {
        "get": operation(
            "Small curves of some runs",
            LINES,
            query={"runs": TEXT, "series": TEXT, "score": TEXT},
            errors=[400],
        )
    },
}
