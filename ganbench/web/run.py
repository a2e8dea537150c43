"""One run: its page, its data, its curves, its pictures."""

from __future__ import annotations

import math
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ganbench.store import files, query
from ganbench.web import respond
from ganbench.web.guard import FRAMED
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
from ganbench.web.runs import SUMMARY

TABS = ("overview", "curves", "scores", "system", "config", "console", "files", "notes")
DIGEST = re.compile(r"[0-9a-f]{64}")
MOST = 4000  # points of a curve that are sent; of a longer one the extremes
DIGITS = 15  # of an index; no run has more points


def show(request: Request) -> Response:
    """GET /runs/{run}, and /runs/{run}?embed=1 for a frame in a notebook on this machine."""
    run = request.path_params["run"]
    reader = request.app.state.reader
    if reader.find(run) is None:
        return page("missing.html", status=404, run=run, reading=reader.reading)
    shown = page("run.html", run=run, tabs=TABS)
    if request.query_params.get("embed") == "1":
        shown.headers["content-security-policy"] = FRAMED
    return shown


def data(request: Request) -> Response:
    """GET /api/runs/{run}: what `ganbench runs show --json` prints, less the longest lists."""
    run, reader = request.path_params["run"], request.app.state.reader
    reader.find(run)  # it may have to be read
    found = query.show_run(reader.current(), run, pictures=False)
    return respond.json(request, found) if found else respond.missing(request, f"run {run}")


def series(request: Request) -> Response:
    """GET /api/runs/{run}/series?name=dis_loss&after=0&…: of each `name` the points since `after`.

    With `from` and `to` only those of the steps between.
    """
    run, asked = request.path_params["run"], request.query_params
    names, after = asked.getlist("name"), asked.getlist("after")
    if len(after) not in (0, len(names)):
        raise HTTPException(400, f"{len(names)} times name, {len(after)} times after")
    starts = dict(zip(names, map(whole, after or "0" * len(names)), strict=True))
    within = number("from", asked.get("from", "-inf")), number("to", asked.get("to", "inf"))
    if request.app.state.reader.find(run) is None:
        return respond.missing(request, f"run {run}")
    index = request.app.state.reader.current()
    return respond.json(request, query.read_series(index, run, starts, MOST, within))


def pictures(request: Request) -> Response:
    """GET /api/runs/{run}/pictures?after=0: what pictures there are since the record `after`."""
    run = request.path_params["run"]
    after = whole(request.query_params.get("after", "0"))
    if request.app.state.reader.find(run) is None:
        return respond.missing(request, f"run {run}")
    index = request.app.state.reader.current()
    return respond.json(request, query.read_pictures(index, run, after))


def whole(text: str) -> int:
    """An index. Raises HTTPException."""
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS:
        raise HTTPException(400, f"after={text}: expected a whole number, at least 0")
    return int(text)


def number(name: str, text: str) -> float:
    """A step, or an infinity. Raises HTTPException."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise HTTPException(400, f"{name}={text}: expected a number")
    return value


def picture(request: Request) -> Response:
    """GET /runs/{run}/media/{sha256}.webp: never changes, so browsers keep it."""
    digest = request.path_params["sha256"]
    folder = request.app.state.reader.find(request.path_params["run"])
    if folder is None or not DIGEST.fullmatch(digest):
        return respond.missing(request, "such picture")
    path = files.within(folder, f"media/{digest}.webp")
    if path is None or not path.is_file():
        return respond.missing(request, "such picture")
    headers = {
        "cache-control": "public, max-age=31536000, immutable",
        "content-encoding": "identity",  # GZipMiddleware leaves it as it is
    }
    return FileResponse(path, media_type="image/webp", headers=headers)


ROUTES = [
    Route("/runs/{run}", show),
    Route("/runs/{run}/media/{sha256}.webp", picture),
    Route("/api/runs/{run}", data),
    Route("/api/runs/{run}/series", series),
    Route("/api/runs/{run}/pictures", pictures),
]
PICTURE = record(
    name=TEXT,
    step=WHOLE,
    seen=WHOLE,
    time=NUMBER,
    sha256=TEXT,
    width=WHOLE,
    height=WHOLE,
    caption=maybe(TEXT),
)
PICTURES = record(after=WHOLE, pictures=array(PICTURE))
WARNING = record(
    code=TEXT,
    step=WHOLE,
    seen=WHOLE,
    time=NUMBER,
    message=TEXT,
    evidence=by_name(NUMBER),
    advice=array(TEXT),
    until=maybe(WHOLE),
)
RUN = {
    "allOf": [
        SUMMARY,
        record(
            config=maybe(ANYTHING),
            environment=maybe(ANYTHING),
            notes=TEXT,
            history=array(ANYTHING),
            warnings=array(WARNING),
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
        n=WHOLE,
        stored=WHOLE,
        buckets=maybe(WHOLE),
        step=NUMBERS,
        seen=NUMBERS,
        time=NUMBERS,
        value=NUMBERS,
    )
)
INDEX = {"type": "integer", "minimum": 0, "maximum": 10**DIGITS - 1}
STEPS = {"type": "number"}
ASKED = {"name": array(TEXT), "after": array(INDEX), "from": STEPS, "to": STEPS}
DESCRIBED = {
    "/api/runs/{run}": {"get": operation("One run", RUN)},
    "/api/runs/{run}/series": {
        "get": operation("Curves of a run", SERIES, query=ASKED, errors=[400])
    },
    "/api/runs/{run}/pictures": {
        "get": operation("Pictures of a run", PICTURES, query={"after": INDEX}, errors=[400])
    },
}
