"""A server of ganbench, as its clients see it: where it is, what it has, what it takes."""

from __future__ import annotations

import http.client
import ipaddress
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import orjson

from ganbench.errors import InputError, StoreError
from ganbench.store.frames import Frame
from ganbench.store.inbox import Taken

PATIENCE = 10.0  # seconds that a server may keep silent
Piece = tuple[Frame, bytes]


class LinkError(StoreError):
    """Nothing could be sent; `final` if trying again would not help."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


class Link:
    """The server at `url`, such as https://gan.example.org, opened with a token that writes.

    Raises InputError for an address that is none.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment or parts.username:
            raise InputError(f"server {url!r}: expected an address like https://gan.example.org")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        # A redirect would carry the token elsewhere; a proxy does not know our own machine.
        direct = [urllib.request.ProxyHandler({})] if _is_loopback(str(parts.hostname)) else []
        self._opener = urllib.request.build_opener(_NoRedirect, *direct)

    def address(self, run: str) -> str:
        """Where the server shows a run."""
        return f"{self.url}/runs/{run}"

    def sizes(self, run: str) -> dict[str, int]:
        """How many bytes of which files of a run the server has. Raises LinkError."""
        status, answer = self._ask(f"/api/v1/runs/{run}/offsets")
        if status == 404:
            return {}
        if status != 200 or not isinstance(answer.get("files"), dict):
            raise self._error(status, answer)
        return {str(name): int(size) for name, size in answer["files"].items()}

    def send(self, pieces: Iterable[Piece]) -> list[Taken]:
        """What became of each piece. Raises LinkError if that is not known of all."""
        body = b"".join(frame.encode() + content for frame, content in pieces)
        status, answer = self._ask("/api/v1/ingest", body)
        if status not in (200, 409) or not isinstance(answer.get("frames"), list):
            raise self._error(status, answer)
        return [Taken(**taken) for taken in answer["frames"]]

    def _ask(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        headers = {**self._headers, "content-type": "application/octet-stream"}
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            try:
                with self._opener.open(request, timeout=PATIENCE) as answer:
                    status, content = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    status, content = error.code, error.read()
                if 300 <= status < 400:
                    where = error.headers.get("location")
                    content = orjson.dumps({"error": f"it says that it is at {where}"})
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise LinkError(f"{self.url} does not answer: {reason}", final=False) from None
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:
            found = None
        return status, found if isinstance(found, dict) else {}

    def _error(self, status: int, answer: dict[str, Any]) -> LinkError:
        said = answer.get("error") or "that is no answer of ganbench"
        hint = {401: "; set GANBENCH_TOKEN", 403: "; it needs the token that writes"}
        final = 300 <= status < 500 and status not in (408, 425, 429)
        return LinkError(f"{self.url}: {status}: {said}{hint.get(status, '')}", final=final)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
