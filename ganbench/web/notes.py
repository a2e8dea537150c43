"""Notes and tags of a run: all that the page writes of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.errors import InputError
from ganbench.store import annotations as stored
from ganbench.store.folder import RunFolder
from ganbench.web import respond
from ganbench.web.markdown import render
from ganbench.web.openapi import TEXT, array, operation, record

KNOWN: dict[str, type[Any]] = {"notes": str, "add": list, "remove": list, "edition": str}


def show(request: Request) -> Response:
    """GET /api/runs/{run}/annotations: from the folder itself, so newer than the index."""
    run = request.path_params["run"]
    folder = request.app.state.reader.folder(run)
    if folder is None:
        return respond.missing(request, f"run {run}")
    return respond.json(request, _told(stored.read(folder, folder.read())))


async def change(request: Request) -> Response:
    """POST /api/runs/{run}/annotations

    {"notes": …, "add": [tags], "remove": [tags], "edition": of the notes that were changed}; 409
    with the notes as they are if these are others by now.
    """
    run, body = request.path_params["run"], await _body(request)
    return await run_in_threadpool(_change, request, run, body)


async def preview(request: Request) -> Response:
    """POST /api/markdown: {"notes": …} as HTML."""
    body = await _body(request)
    html = await run_in_threadpool(render, body.get("notes", "")[: stored.LARGEST])
    return respond.json(request, {"html": html})


def _change(request: Request, run: str, body: Mapping[str, Any]) -> Response:
    folder: RunFolder | None = request.app.state.reader.folder(run)
    if folder is None:
        return respond.missing(request, f"run {run}")
    wanted = {name: body[name] for name in ("add", "remove", "notes") if name in body}
    try:
        now = stored.change(folder, **wanted, since=body.get("edition"))
    except stored.NotesChangedError as error:
        told = _told(stored.read(folder, folder.read()))
        return respond.json(request, {"error": str(error), **told}, 409)
    except InputError as error:
        return respond.json(request, {"error": str(error)}, 400)
    return respond.json(request, _told(now))


def _told(now: Mapping[str, Any]) -> dict[str, Any]:
    notes = now["notes"]
    return {**now, "html": render(notes), "edition": stored.edition(notes)}


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises HTTPException if it is another."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"expected a JSON object: {error}") from error
    if not isinstance(body, dict):
        raise HTTPException(400, f"expected a JSON object, got {body!r:.40}")
    for name, value in body.items():
        if name not in KNOWN:
            raise HTTPException(400, f"unknown field {name!r:.60}; there are {', '.join(KNOWN)}")
        if not isinstance(value, KNOWN[name]):
            raise HTTPException(
                400, f"{name}: expected a {KNOWN[name].__name__}, got {value!r:.60}"
            )
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise HTTPException(400, f"{name}: expected a list of texts")
    return body


ROUTES = [
    Route("/api/runs/{run}/annotations", show, methods=["GET"]),
    Route("/api/runs/{run}/annotations", change, methods=["POST"]),
    Route("/api/markdown", preview, methods=["POST"]),
]
NOW = record(tags=array(TEXT), notes=TEXT, html=TEXT, edition=TEXT)
TAG = {"type": "string", "minLength": 1, "maxLength": stored.LONGEST}
NOTES = {"type": "string", "maxLength": stored.LARGEST}
CHANGE = {
    "type": "object",
    "properties": {"notes": NOTES, "add": array(TAG), "remove": array(TEXT), "edition": TEXT},
    "additionalProperties": False,
}
DESCRIBED = {
    "/api/runs/{run}/annotations": {
        "get": operation("Tags and notes of a run", NOW),
        "post": operation("Changes tags and notes of a run", NOW, body=CHANGE, errors=[409]),
    },
    "/api/markdown": {
        "post": operation("Markdown as harmless HTML", record(html=TEXT), body=record(notes=NOTES))
    },
}
