"""What a run printed, and the texts that it logged."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.store import query
from ganbench.store.console import piece
from ganbench.web import respond
from ganbench.web.openapi import NUMBER, TEXT, WHOLE, array, operation, record


def console(request: Request) -> Response:
    """GET /api/runs/{run}/console?offset=N: a piece from that byte on, from the end if negative."""
    run = request.path_params["run"]
    offset = respond.whole(request, "offset", 0)
    folder = request.app.state.reader.folder(run)
    if folder is None:
        return respond.missing(request, f"run {run}")
    return respond.json(request, piece(folder.console, offset))


def texts(request: Request) -> Response:
    """GET /api/runs/{run}/texts?since=TIME: what was logged after that, the newest 1,000."""
    run, index = request.path_params["run"], request.app.state.reader.current()
    since = respond.finite(request, "since", 0.0)
    return respond.json(request, query.read_texts(index, run, since=since))


ROUTES = [Route("/api/runs/{run}/console", console), Route("/api/runs/{run}/texts", texts)]
PIECE = record(text=TEXT, rest=TEXT, start=WHOLE, offset=WHOLE, size=WHOLE)
LOGGED = record(name=TEXT, step=WHOLE, seen=WHOLE, time=NUMBER, text=TEXT)
DESCRIBED = {
    "/api/runs/{run}/console": {
        "get": operation(
            "What a run printed, from a byte on; a negative one counts from the end",
            PIECE,
            query={"offset": WHOLE},
        )
    },
    "/api/runs/{run}/texts": {
        "get": operation(
            "The newest 1,000 texts that a run logged, or those after a time",
            array(LOGGED),
            query={"since": {"type": "number"}},
        )
    },
}
