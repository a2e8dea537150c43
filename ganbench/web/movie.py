"""Movies to take away: of one run, and of several side by side."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from typing import IO

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ganbench import movies
from ganbench.errors import InputError
from ganbench.store import query
from ganbench.store.folder import RunFolder

MOST = 8  # runs side by side
BLOCK = 2**18  # bytes that are sent at once
MAKERS = anyio.CapacityLimiter(2)  # movies that are made at the same time


async def of_run(request: Request) -> Response:
    """GET /runs/{run}/movie.{suffix}?name=samples&fps=8&side=480&captions=1"""
    run, suffix = request.path_params["run"], request.path_params["suffix"]
    name = request.query_params.get("name", "samples")
    return await anyio.to_thread.run_sync(
        lambda: _send(request, [run], name, f"{run}.{suffix}"), limiter=MAKERS
    )


async def side_by_side(request: Request) -> Response:
    """GET /compare/movie.{suffix}?runs=a,b&name=samples&fps=8&side=480&captions=1"""
    suffix = request.path_params["suffix"]
    runs = [run for run in request.query_params.get("runs", "").split(",") if run]
    if not 1 <= len(set(runs)) <= MOST:
        raise HTTPException(400, f"runs: expected 1 to {MOST}, separated by commas")
    name = request.query_params.get("name", "samples")
    return await anyio.to_thread.run_sync(
        lambda: _send(request, runs, name, f"side-by-side.{suffix}"), limiter=MAKERS
    )


def _send(request: Request, runs: list[str], name: str, file_name: str) -> Response:
    """The movie, made in a file without a name, which vanishes with the answer."""
    asked = request.query_params
    suffix = f".{request.path_params['suffix']}"
    fps, side = _number("fps", asked.get("fps", "8")), _number("side", asked.get("side", "480"))
    captions = asked.get("captions", "1") not in ("0", "no")
    file = tempfile.TemporaryFile()  # noqa: SIM115  # _blocks closes it
    try:
        movies.check(suffix, fps, int(side))
        shots = _shots(request, runs, name)
        movies.write(shots, file, suffix, fps=fps, side=int(side), captions=captions)
    except InputError as error:
        file.close()
        raise HTTPException(400, str(error)) from error
    except OSError as error:
        file.close()
        raise HTTPException(404, str(error)) from error
    except BaseException:
        file.close()
        raise
    size = file.tell()
    headers = {
        "content-disposition": f'attachment; filename="{file_name}"',
        "content-length": str(size),
        "cache-control": "no-cache",
        "content-encoding": "identity",  # GZipMiddleware leaves it as it is
    }
    return StreamingResponse(_blocks(file), headers=headers, media_type=movies.KINDS[suffix])


def _shots(request: Request, runs: list[str], name: str) -> list[movies.Shot]:
    """What the movie shows. Raises HTTPException if a run is not there or has no such pictures."""
    reader = request.app.state.reader
    index = reader.current()
    found = {}
    for run in runs:
        folder: RunFolder | None = reader.find(run)
        if folder is None:
            raise HTTPException(404, f"there is no run {run}")
        rows = query.read_pictures(index, run)["pictures"]
        found[run] = folder.media, [row for row in rows if row["name"] == name]
        if not found[run][1]:
            raise HTTPException(404, f"run {run} has no pictures named {name}")
    if request.url.path.startswith("/compare/"):
        return movies.side_by_side(found)
    return movies.of_run(*found[runs[0]])


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise HTTPException(400, f"{name}={text}: expected a number")
    return value


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(BLOCK):
            yield block


ROUTES = [
    Route("/runs/{run}/movie.{suffix}", of_run),
    Route("/compare/movie.{suffix}", side_by_side),
]
