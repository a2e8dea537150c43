"""One run: its page, its data, its curves, its pictures."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ganbench.store import files, query
from ganbench.web import respond
from ganbench.web.guard import FRAMED
from ganbench.web.openapi import (
    ANYTHING,
    FLAG,
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
from ganbench.web.runs import SUMMARY

TABS = ("overview", "curves", "scores", "system", "config", "console", "files", "notes")
DIGEST = re.compile(r"[0-9a-f]{64}")
MOST = 4000  # points of a curve that are sent; of a longer one the extremes


def show(request: Request) -> Response:
    """GET /runs/{run}, and /runs/{run}?embed=1 for a frame in a notebook on this machine."""
    run = request.path_params["run"]
    found = query.show_run(request.app.state.reader.current(), run)
    if found is None:
        return page("missing.html", status=404, run=run)
    shown = page("run.html", run=run, tabs=TABS)
    if request.query_params.get("embed") == "1":
        shown.headers["content-security-policy"] = FRAMED
    return shown


def data(request: Request) -> Response:
    """GET /api/runs/{run}: what `ganbench runs show --json` prints, less the checkpoints."""
    run = request.path_params["run"]
    found = query.show_run(request.app.state.reader.current(), run)
    return respond.json(request, found) if found else respond.missing(request, f"run {run}")


def series(request: Request) -> Response:
    """GET /api/runs/{run}/series?dis_loss=0&…: points from an index on, by the series' name."""
    try:
        after = {name: max(int(start), 0) for name, start in request.query_params.items()}
    except ValueError:
        return respond.json(request, {"error": "expected ?name=index&…"}, 400)
    index = request.app.state.reader.current()
    found = query.read_series(index, request.path_params["run"], after, most=MOST)
    return respond.json(request, found)


def picture(request: Request) -> Response:
    """GET /runs/{run}/media/{sha256}.webp: never changes, so browsers keep it."""
    digest = request.path_params["sha256"]
    folder = request.app.state.reader.find(request.path_params["run"])
    if folder is None or not DIGEST.fullmatch(digest):
        return respond.missing(request, "such picture")
    path = files.within(folder, f"media/{digest}.webp")
    if path is None or not path.is_file():
        return respond.missing(request, "such picture")
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return FileResponse(path, media_type="image/webp", headers=headers)


ROUTES = [
    Route("/runs/{run}", show),
    Route("/runs/{run}/media/{sha256}.webp", picture),
    Route("/api/runs/{run}", data),
    Route("/api/runs/{run}/series", series),
]
PICTURE = record(name=TEXT, step=WHOLE, seen=WHOLE, sha256=TEXT, width=WHOLE, height=WHOLE)
RUN = {
    "allOf": [
        SUMMARY,
        record(
            config=maybe(ANYTHING),
            environment=maybe(ANYTHING),
            notes=TEXT,
            history=array(ANYTHING),
            pictures=array(PICTURE),
            points=by_name(WHOLE),
            texts=WHOLE,
            damaged=WHOLE,
            processes=WHOLE,
        ),
    ]
}
NUMBERS = array(NUMBER)
SERIES = by_name(
    record(
        n=WHOLE, stored=WHOLE, thinned=FLAG, step=NUMBERS, seen=NUMBERS, time=NUMBERS, value=NUMBERS
    )
)
FROM = {
    "name": "from",
    "in": "query",
    "description": "By the name of a series, the index from which on its points are wanted.",
    "schema": by_name(WHOLE),
    "style": "form",
    "explode": True,
}
DESCRIBED = {
    "/api/runs/{run}": {"get": operation("One run", RUN)},
    "/api/runs/{run}/series": {
        "get": operation("Curves of a run", SERIES, parameters=[FROM], errors=[400])
    },
}
