"""The files of a run folder: to be looked through, shown, and taken away.

Whatever lies there was written by others. A file is sent as a download, and never as a page of this
site: HTML and SVG are shown in a sandbox, where no script runs and nothing is loaded.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ganbench.store import files
from ganbench.web import respond
from ganbench.web.openapi import ANYTHING, FLAG, NUMBER, TEXT, WHOLE, array, operation, record

SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'"
)


def listing(request: Request) -> Response:
    """GET /api/runs/{run}/files?folder=checkpoints&find=…&offset=200"""
    run, asked = request.path_params["run"], request.query_params
    name = asked.get("folder", "").strip("/")
    offset = max(respond.whole(request, "offset", 0), 0)
    folder = request.app.state.reader.folder(run)
    found = files.listing(folder, name, asked.get("find", ""), offset) if folder else None
    return respond.json(request, found) if found else respond.missing(request, "such folder")


def preview(request: Request) -> Response:
    """GET /api/runs/{run}/preview/{path}"""
    folder = request.app.state.reader.folder(request.path_params["run"])
    path = files.within(folder, request.path_params["path"]) if folder else None
    if path is None or not path.is_file():
        return respond.missing(request, "such file")
    return respond.json(request, files.preview(path))


def download(request: Request) -> Response:
    """GET /runs/{run}/files/{path}: as a download; with ?show, HTML and SVG in a sandbox."""
    folder = request.app.state.reader.folder(request.path_params["run"])
    path = files.within(folder, request.path_params["path"]) if folder else None
    if path is None or not path.is_file():
        return respond.missing(request, "such file")
    suffix = path.suffix.lower()
    kind, how = files.IMAGES.get(suffix, "application/octet-stream"), "attachment"
    if "show" in request.query_params and suffix in files.PAGES:
        kind, how = files.PAGES[suffix], "inline"
    return FileResponse(
        path,
        media_type=kind,
        filename=path.name,
        content_disposition_type=how,
        headers={"content-security-policy": SANDBOX, "cache-control": "no-cache"},
    )


ROUTES = [
    Route("/runs/{run}/files/{path:path}", download),
    Route("/api/runs/{run}/files", listing),
    Route("/api/runs/{run}/preview/{path:path}", preview),
]
ENTRY = record(name=TEXT, folder=FLAG, files=WHOLE, bytes=WHOLE, time=NUMBER, outside=FLAG)
LISTING = record(files=WHOLE, bytes=WHOLE, n=WHOLE, offset=WHOLE, entries=array(ENTRY))
SHOWN = record(kind=TEXT, bytes=WHOLE, cut=FLAG)
DESCRIBED = {
    "/api/runs/{run}/files": {
        "get": operation(
            "A folder of a run folder, 200 entries at a time",
            LISTING,
            query={"folder": TEXT, "find": TEXT, "offset": WHOLE},
        )
    },
    "/api/runs/{run}/preview/{path:path}": {
        "get": operation("What can be shown of a file", {"allOf": [ANYTHING, SHOWN]})
    },
}
