"""The page's application: the routes, and the guard before them. It knows only the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ganbench.errors import StoreError
from ganbench.store.inbox import Inbox
from ganbench.web import (
    compare,
    console,
    files,
    ingest,
    judge,
    live,
    movie,
    notes,
    openapi,
    respond,
    run,
    runs,
)
from ganbench.web.guard import GuardMiddleware, HeadersMiddleware, LimitMiddleware, Tokens, refuse
from ganbench.web.pages import STATIC, edition
from ganbench.web.reader import Reader

LOOPBACK = ("127.0.0.1", "::1")
MODULES: tuple[Any, ...] = (  # each has ROUTES, and DESCRIBED for those below /api
    runs,
    run,
    console,
    files,
    notes,
    live,
    movie,
    compare,
    judge,
    ingest,
    openapi,
)


def build(
    runs_dir: Path,
    hosts: Sequence[str],
    token: str | None = None,
    read_token: str | None = None,
    index: str | None = None,
) -> Starlette:
    """The application for one runs dir.

    Requests must name one of `hosts`, which keeps other sites from reading it through a rebound
    domain name; with tokens they must bring one instead: `token` reads and writes, `read_token`
    only reads. `index` is the URL of a PostgreSQL database for the index, in place of a file.
    """
    reader = Reader(runs_dir, index)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        reader.close()

    routes = [
        *(route for module in MODULES for route in module.ROUTES),
        Route("/plotly.js", plotly),
        Mount(f"/static/{edition()}", StaticFiles(directory=STATIC)),
    ]
    guard = [
        Middleware(HeadersMiddleware),
        Middleware(GuardMiddleware, hosts=tuple(hosts), tokens=Tokens(token, read_token)),
        Middleware(LimitMiddleware, limits=ingest.LIMITS),
        Middleware(GZipMiddleware),
    ]
    app = Starlette(
        routes=routes,
        middleware=guard,
        exception_handlers={StoreError: _store_error, HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.state.reader = reader
    app.state.inbox = Inbox(runs_dir)
    app.state.description = openapi.describe(
        {path: made for part in MODULES for path, made in getattr(part, "DESCRIBED", {}).items()}
    )
    app.state.stopping = lambda: False  # the server says when the open streams should end
    return app


def plotly(request: Request) -> Response:
    """GET /plotly.js: from the installed package, which is not imported for it."""
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "package_data" / "plotly.min.js"
    headers = {"cache-control": "public, max-age=86400"}
    if request.client is not None and request.client.host in LOOPBACK:
        headers["content-encoding"] = "identity"  # packing it would take longer than sending it
    return FileResponse(path, headers=headers)


async def _store_error(request: Request, error: Exception) -> Response:
    return respond.json(request, {"error": str(error)}, 503)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal = refuse(request, error.status_code, error.detail)
    refusal.headers.update(error.headers or {})
    return refusal
