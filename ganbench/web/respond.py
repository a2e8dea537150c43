"""Answers."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ganbench.store.journal import spell


def json(request: Request, value: Any, status: int = 200) -> Response:
    """`value` as JSON, with NaN as "NaN"; 304 if the browser has it already."""
    body = orjson.dumps(spell(value))
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if status == 200 and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")


def missing(request: Request, what: str) -> Response:
    """404, in words."""
    return json(request, {"error": f"there is no {what}"}, 404)
