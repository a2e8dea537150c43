"""What crosses the wire when a run is sent to a server: pieces of the files of its folder.

A frame is a line of JSON, `{"run": …, "file": …, "offset": …, "size": …}`, and then `size` bytes:
those of the run's file from the offset on. A request is any number of frames, one after the other.

Journals and the console grow, so a piece of them is all that there is to say. The other files are
whole or not there: their frames say `total` and `sha256` too, and as `was` the sha256 of what they
take the place of. `age` is the seconds since the file was changed last; ages cross from one clock
to another, times do not. docs/remote.md says the rest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from ganbench.errors import InputError

LINE = 4096  # bytes of a frame's line
PIECE = 8 * 2**20  # bytes of a frame
BATCH = 64 * 2**20  # bytes of a request
FRAMES = 4096  # frames of a request
LARGEST = 2**40  # bytes of a file
LONGEST = 1000  # bytes of its name

RUN = re.compile(r"(?!latest$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
GROWING = re.compile(r"events-[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.jsonl|console\.log")
WHOLE = re.compile(
    r"run\.json|annotations\.json|media/[0-9a-f]{64}\.webp"
    r"|files(/[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*){1,10}"
)
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Frame:
    """`size` bytes of a run's file from `offset` on; with `total` and `sha256`, of a whole one."""

    run: str
    file: str
    offset: int
    size: int
    total: int | None = None
    sha256: str | None = None
    was: str | None = None
    age: float = 0.0

    def encode(self) -> bytes:
        """The line."""
        return orjson.dumps({k: v for k, v in asdict(self).items() if v is not None}) + b"\n"


def decode(line: bytes) -> Frame:
    """The frame of a line. Raises InputError if it is none, saying why."""
    try:
        fields = orjson.loads(line)
        frame = Frame(**fields)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise InputError(f"{_short(line)} is not the line of a frame: {error}") from None
    _check(frame, fields)
    return frame


def grows(file: str) -> bool:
    """Whether a file of a run folder only grows: its journals and its console."""
    return GROWING.fullmatch(file) is not None


def sendable(file: str) -> bool:
    """Whether a file has a place on a server: no checkpoints, nothing hidden, nothing strange."""
    try:
        known = GROWING.fullmatch(file) or WHOLE.fullmatch(file)
        return known is not None and len(file.encode()) <= LONGEST
    except UnicodeEncodeError:  # a name that is no text
        return False


class Splitter:
    """Makes frames of the bytes of a request as they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._frame: Frame | None = None
        self._count = 0

    def feed(self, data: bytes) -> Iterator[tuple[Frame, bytes]]:
        """The frames that `data` completes. Raises InputError where there is no frame."""
        self._buffer += data
        while True:
            if self._frame is None:
                end = self._buffer.find(b"\n", 0, LINE)
                if end < 0:
                    if len(self._buffer) >= LINE:
                        raise InputError(f"the line of a frame has at most {LINE:,} bytes")
                    return
                self._frame = decode(self._take(end + 1))
                self._count += 1
                if self._count > FRAMES:
                    raise InputError(f"at most {FRAMES:,} frames are taken in one request")
            if len(self._buffer) < self._frame.size:
                return
            frame, self._frame = self._frame, None
            yield frame, self._take(frame.size)

    def close(self) -> None:
        """No more bytes. Raises InputError if the last frame was cut."""
        if self._frame is not None or self._buffer:
            raise InputError("the last frame was cut")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _check(frame: Frame, fields: dict[str, Any]) -> None:
    whole = any(value is not None for value in (frame.total, frame.sha256, frame.was))
    known = isinstance(frame.file, str) and sendable(frame.file)
    problems = {
        "run: expected an id": isinstance(frame.run, str) and RUN.fullmatch(frame.run),
        "file: no such file can be sent": known,
        "offset: expected 0 or more": _is_size(frame.offset, LARGEST),
        f"size: expected 0 to {PIECE:,}": _is_size(frame.size, PIECE),
        "age: expected seconds": _is_age(frame.age),
    }
    if known and grows(frame.file):
        problems["total, sha256, was: this file only grows"] = not whole
    elif known:
        digest = _is_digest(frame.sha256)
        problems["sha256: expected that of the whole file"] = digest
        problems["total: expected the whole file's size"] = _is_size(frame.total, LARGEST)
        problems["was: expected a sha256"] = frame.was is None or _is_digest(frame.was)
        if digest and frame.file.startswith("media/"):
            problems["file: a picture's name is the sha256 of its content"] = (
                frame.file == f"media/{frame.sha256}.webp"
            )
    for problem, fine in problems.items():
        if not fine:
            name = problem.partition(":")[0].partition(",")[0]
            raise InputError(f"{problem}, got {_short(fields.get(name))}")
    if frame.total is not None and frame.offset + frame.size > frame.total:
        raise InputError(f"{frame.file}: a piece beyond its total of {frame.total:,} bytes")


def _is_size(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def _is_age(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value < 1e10


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) < 100 else f"{words[:100]}…"
