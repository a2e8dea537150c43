"""Runs that other machines send here, frame by frame (`store/frames.py`, docs/remote.md)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.errors import InputError
from ganbench.store.frames import BATCH, Splitter
from ganbench.store.inbox import STATES
from ganbench.web import respond
from ganbench.web.openapi import BYTES, TEXT, WHOLE, array, by_name, maybe, operation, record

PATH = "/api/v1/ingest"
LIMITS = {PATH: BATCH}  # bytes of a body


async def ingest(request: Request) -> Response:
    """POST /api/v1/ingest: of each frame what became of it; 409 if other bytes are there already.

    What came before a damaged frame, or before the connection broke, is taken.
    """
    inbox, splitter = request.app.state.inbox, Splitter()
    taken: list[dict[str, Any]] = []
    try:
        async for data in request.stream():
            for frame, content in splitter.feed(data):
                taken.append(asdict(await run_in_threadpool(inbox.take, frame, content)))
        splitter.close()
    except InputError as error:
        return respond.json(request, {"error": str(error), "frames": taken}, 400)
    except ClientDisconnect:
        return respond.json(request, {"error": "cut", "frames": taken}, 400)
    conflicts = [answer["error"] for answer in taken if answer["state"] == "conflict"]
    if conflicts:
        return respond.json(request, {"error": conflicts[0], "frames": taken}, 409)
    return respond.json(request, {"frames": taken})


def offsets(request: Request) -> Response:
    """GET /api/v1/runs/{run}/offsets: how many bytes of which files are here."""
    inbox, name = request.app.state.inbox, request.path_params["run"]
    run = inbox.find(name)
    if run is None:
        return respond.missing(request, f"run {name}")
    return respond.json(request, {"run": run.id, "files": inbox.sizes(run)})


TAKEN = record(run=TEXT, file=TEXT, end=WHOLE, state={"enum": list(STATES)}, error=maybe(TEXT))
ROUTES = [
    Route(PATH, ingest, methods=["POST"]),
    Route("/api/v1/runs/{run}/offsets", offsets),
]
DESCRIBED = {
    PATH: {
        "post": operation(
            "Take pieces of runs: of each a line of JSON and then its bytes",
            record(frames=array(TAKEN)),
            body=BYTES,
            body_kind="application/octet-stream",
            errors=[409],
        )
    },
    "/api/v1/runs/{run}/offsets": {
        "get": operation(
            "How many bytes of which files of a run are here",
            record(run=TEXT, files=by_name(WHOLE)),
        )
    },
}
