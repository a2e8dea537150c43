"""Server-sent events: how far a run has come, each time that it has come further."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ganbench.errors import StoreError
from ganbench.store import query
from ganbench.web.openapi import ANYTHING, operation

EVERY = 1.0  # seconds between looks
QUIET = 15  # looks without news after which a comment keeps the connection open


async def follow(request: Request) -> Response:
    """GET /api/runs/{run}/live: state, step and counts; the page then asks for what is new.

    First comes the server's clock, by which the page knows how long ago something was.
    """
    stream = _pulses(request.app.state, request.path_params["run"])
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _pulses(state: State, run: str) -> AsyncIterator[bytes]:
    yield b"event: clock\ndata: %.3f\n\n" % time.time()
    last, silent = b"", 0
    while not state.stopping():
        try:
            pulse = await run_in_threadpool(lambda: query.pulse(state.reader.current(), run))
            now = orjson.dumps(pulse)
        except StoreError:  # the page keeps what it shows; the index may be back at the next look
            now = last
        silent += 1
        if now != last:
            yield b"data: " + now + b"\n\n"
            last, silent = now, 0
        elif silent > QUIET:
            yield b": still here\n\n"
            silent = 0
        await asyncio.sleep(EVERY)


ROUTES = [Route("/api/runs/{run}/live", follow)]
DESCRIBED = {
    "/api/runs/{run}/live": {
        "get": operation(
            "How far a run has come, each time that it has come further",
            ANYTHING,
            kind="text/event-stream",
        )
    }
}
