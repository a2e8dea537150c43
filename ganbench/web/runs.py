"""The list of runs: its page and its data."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.store import query
from ganbench.web import respond
from ganbench.web.pages import page


def show(request: Request) -> Response:
    """GET /"""
    return page("runs.html", runs_dir=str(request.app.state.reader.runs_dir.absolute()))


def data(request: Request) -> Response:
    """GET /api/runs: what `ganbench runs list --json` prints."""
    return respond.json(request, query.list_runs(request.app.state.reader.current()))


ROUTES = [Route("/", show), Route("/api/runs", data)]
