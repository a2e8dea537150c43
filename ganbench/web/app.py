"""The page's application: the routes, and who may come in. It only reads, and only the store."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganbench.errors import StoreError
from ganbench.web import compare, live, respond, run, runs
from ganbench.web.pages import STATIC, edition
from ganbench.web.reader import Reader

COOKIE = "ganbench-token"
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
FOREVER = "public, max-age=31536000, immutable"


def build(runs_dir: Path, hosts: Sequence[str], token: str | None = None) -> Starlette:
    """The application for one runs dir.

    Requests must name one of `hosts`, which keeps other sites from reading it through a rebound
    domain name; with a `token` they must bring that instead.
    """
    reader = Reader(runs_dir)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        reader.close()

    routes = [
        *runs.ROUTES,
        *run.ROUTES,
        *live.ROUTES,
        *compare.ROUTES,
        Route("/plotly.js", plotly),
        Mount(f"/static/{edition()}", StaticFiles(directory=STATIC)),
    ]
    guard = (
        Middleware(TokenMiddleware, token=token)
        if token
        else Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    )
    app = Starlette(
        routes=routes,
        middleware=[Middleware(HeadersMiddleware), guard, Middleware(GZipMiddleware)],
        exception_handlers={StoreError: _store_error},
        lifespan=lifespan,
    )
    app.state.reader = reader
    app.state.stopping = lambda: False  # the server says when the open streams should end
    return app


def plotly(request: Request) -> Response:
    """GET /plotly.js: from the installed package, which is not imported for it."""
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "package_data" / "plotly.min.js"
    return FileResponse(path, headers={"cache-control": "public, max-age=86400"})


async def _store_error(request: Request, error: Exception) -> Response:
    return respond.json(request, {"error": str(error)}, 503)


class HeadersMiddleware:
    """Adds the security headers to every answer, and lets static files be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith("/static/"):
                    headers["cache-control"] = FOREVER
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class TokenMiddleware:
    """Lets in who brings the token: once as ?token=…, then as a cookie, or as a bearer token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        asked = request.query_params.get("token", "")
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = (asked, bearer, request.cookies.get(COOKIE, ""))
        if not any(hmac.compare_digest(word.encode(), self.token) for word in given):
            refusal = PlainTextResponse("ganbench: open the page with ?token=…\n", 401)
            await refusal(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if asked and message["type"] == "http.response.start":
                cookie = f"{COOKIE}={asked}; HttpOnly; SameSite=Strict; Path=/"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, send_with_cookie)
