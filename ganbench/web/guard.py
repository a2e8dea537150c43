"""Who may come in, and who may write.

Without tokens the server is for this machine alone: a request must name one of its own hosts, which
keeps other sites from reading it through a rebound domain name. With tokens the token decides: one
reads, one also writes. Whatever writes must not come from another site's page, either way.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganbench.web import respond

COOKIE = "ganbench-token"
SAFE = ("GET", "HEAD", "OPTIONS")
BODY = 2 * 2**20  # bytes of a request's body, where `limits` say nothing else
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
# Pages of this machine, a notebook's, may show it in a frame: the policy's last part is about that.
FRAMED = HEADERS["content-security-policy"] + " http://localhost:* http://127.0.0.1:*"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Tokens:
    """What opens the server: `write` reads and writes, `read` only reads."""

    write: str | None = None
    read: str | None = None

    def __bool__(self) -> bool:
        return bool(self.write or self.read)

    def may_write(self, given: str) -> bool | None:
        """Whether the bearer of `given` may write; None if it opens nothing.

        Takes as long whatever is given.
        """
        write = self.write is not None and _same(given, self.write)
        read = self.read is not None and _same(given, self.read)
        return True if write else False if read else None


class HeadersMiddleware:
    """Adds the security headers to every answer, and lets static files be kept.

    An answer that brings a content-security-policy of its own keeps it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/static/"):
                    headers["cache-control"] = FOREVER
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class GuardMiddleware:
    """Refuses who may not come in (400, 401), and writes of who may not write (403)."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], tokens: Tokens) -> None:
        self.app = app
        self.hosts = hosts
        self.tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)
        asked = request.query_params.get("token", "")
        if refusal is None and asked and request.method in SAFE:
            if not _of_api(scope):  # out of the address bar, the history and the screenshots
                refusal = RedirectResponse(_without_token(request), 303)
            send = _with_cookie(send, asked, secure=request.url.scheme == "https")
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        if self.tokens:
            may_write = self.tokens.may_write(_given(request))
            if may_write is None:
                return refuse(request, 401, "a token is needed: open the page with ?token=…")
        else:
            may_write = True
            if _host(request.headers.get("host", "")) not in self.hosts:
                return refuse(request, 400, "this server does not answer to that Host")
        if request.method in SAFE:
            return None
        if not may_write:
            return refuse(request, 403, "this token only reads")
        if not _from_here(request):
            return refuse(request, 403, "a page of another site must not write here")
        return None


class LimitMiddleware:
    """Refuses bodies of more than `BODY` bytes (413), or of what `limits` say for their path.

    What comes without a content-length is counted while it comes.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        most = self.limits.get(scope["path"], BODY)
        length = request.headers.get("content-length", "0")
        got, answered = 0, False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            if length.isdecimal() and int(length) > most:
                raise _TooLargeError
            await self.app(scope, counted, noted)
        except _TooLargeError:
            if not answered:
                words = f"the body is too large: at most {most:,} bytes are taken"
                await refuse(request, 413, words)(scope, receive, send)


class _TooLargeError(Exception):
    pass


def refuse(request: Request, status: int, message: str) -> Response:
    """An error: JSON below /api, else text."""
    if _of_api(request.scope):
        return respond.json(request, {"error": message}, status)
    return PlainTextResponse(f"ganbench: {message}\n", status)


def _of_api(scope: Scope) -> bool:
    return bool(scope["path"].startswith("/api/"))


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _given(request: Request) -> str:
    """The token that a request brings: in its address, its header, or its cookie."""
    asked = request.query_params.get("token", "")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        bearer = ""
    return asked or bearer.strip() or request.cookies.get(COOKIE, "")


def _host(header: str) -> str:
    """The name in a Host header, without port and brackets."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _from_here(request: Request) -> bool:
    """Whether no page of another origin sent this: browsers say so, programs say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _without_token(request: Request) -> str:
    """The path and query of a request, less its token."""
    rest = [pair for pair in request.query_params.multi_items() if pair[0] != "token"]
    path = "/" + request.url.path.lstrip("/")  # never //another.host
    return f"{path}?{urlencode(rest)}" if rest else path


def _with_cookie(send: Send, token: str, *, secure: bool) -> Send:
    words = f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/" + "; Secure" * secure

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", words)
        await send(message)

    return send_with_cookie
