"""The list of runs: its page and its data."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.store import query
from ganbench.store.liveness import STATES
from ganbench.web import respond
from ganbench.web.openapi import ANYTHING, NUMBER, TEXT, WHOLE, array, maybe, operation, record
from ganbench.web.pages import page


def show(request: Request) -> Response:
    """GET /"""
    return page("runs.html", runs_dir=str(request.app.state.reader.runs_dir.absolute()))


def data(request: Request) -> Response:
    """GET /api/runs: what `ganbench runs list --json` prints."""
    return respond.json(request, query.list_runs(request.app.state.reader.current()))


SUMMARY = record(
    id=TEXT,
    name=maybe(TEXT),
    project=maybe(TEXT),
    recipe=maybe(TEXT),
    state={"enum": list(STATES)},
    reason=maybe(TEXT),
    created=TEXT,
    tags=array(TEXT),
    step=WHOLE,
    steps=maybe(WHOLE),
    seen=WHOLE,
    seconds=NUMBER,
    scores=array(ANYTHING),
    scored_at=maybe(WHOLE),
    best=ANYTHING,
    picture=maybe(TEXT),
    summary=maybe(ANYTHING),
)
ROUTES = [Route("/", show), Route("/api/runs", data)]
DESCRIBED = {"/api/runs": {"get": operation("All runs, the newest first", array(SUMMARY))}}
