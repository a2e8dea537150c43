"""Answers."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ganbench.store.journal import spell


def json(request: Request, value: Any, status: int = 200, *, spelled: bool = False) -> Response:
    """`value` as JSON, with NaN as "NaN"; 304 if the browser has it already.

    `spelled` says that there is no NaN in it, which saves a walk through a large one.
    """
    body = orjson.dumps(value if spelled else spell(value))
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if status == 200 and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")


def missing(request: Request, what: str) -> Response:
    """404, in words."""
    return json(request, {"error": f"there is no {what}"}, 404)


def whole(request: Request, name: str, default: int) -> int:
    """The whole number that a query gives. Raises HTTPException for something else."""
    try:
        return int(request.query_params.get(name, default))
    except ValueError:
        raise HTTPException(400, f"{name}: expected a whole number") from None


def finite(request: Request, name: str, default: float) -> float:
    """The finite number that a query gives. Raises HTTPException for something else."""
    try:
        value = float(request.query_params.get(name, default))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise HTTPException(400, f"{name}: expected a number")
    return value
