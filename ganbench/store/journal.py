"""The journal of one process: a file of JSON lines that only grows.

Each record is one line and one `os.write`, so what was acknowledged outlives the process, however
it ends. The first record is `open`, the last, if there was time for one, is `end`. Named values are
rows, `[columns id, step, seen, elapsed, values…]`, whose names a `columns` record gives before.
NaN and the infinities are spelled "NaN", "Infinity" and "-Infinity", as strings, because JSON has
no other way. `docs/run-folder.md` lists the records.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import psutil

from ganbench.errors import StoreError, explain
from ganbench.store.liveness import boot
from ganbench.store.records import HEAD, is_sound

FORMAT = 1
PART = 2**22  # bytes of a journal that are read at a time


class Journal:
    """Appends records to a new file `events-<host>-<pid>.jsonl` in `folder`. Thread-safe.

    A `child` is a forked process that helps; it does not decide what becomes of the run. `opened`,
    Unix seconds, is when it counts as opened, for what happened at another time; by default now.
    """

    def __init__(
        self, folder: Path, *, step: int, child: bool = False, opened: float | None = None
    ) -> None:
        host, pid = socket.gethostname(), os.getpid()
        self._lock = threading.Lock()
        self._columns: dict[tuple[str, ...], int] = {}
        self._torn = False
        self.path, self._file = _create(folder, f"events-{host}-{pid}")
        self.opened = time.time() if opened is None else opened
        self.write(
            "open",
            time=round(self.opened, 6),
            format=FORMAT,
            host=host,
            boot=boot(),
            pid=pid,
            started=psutil.Process().create_time(),
            step=step,
            child=child,
        )

    def write(self, kind: str, **fields: Any) -> None:
        """One record, of now unless `fields` have a `time`.

        When this returns the record is safe from the death of the process.

        Raises StoreError if it could not be written whole.
        """
        record = {"kind": kind, "time": round(time.time(), 6), **fields}
        with self._lock:
            self._append(orjson.dumps(spell(record), option=orjson.OPT_SERIALIZE_NUMPY))

    def row(
        self, step: int, seen: int, values: Mapping[str, float], at: float | None = None
    ) -> None:
        """One row of named values at `step`, of now or of the time `at`.

        Raises StoreError like `write`.
        """
        names = tuple(values)
        elapsed = round((time.time() if at is None else at) - self.opened, 6)
        with self._lock:
            if names not in self._columns:
                number = len(self._columns)
                declared = {"kind": "columns", "id": number, "names": [*HEAD, *names]}
                self._append(orjson.dumps(declared))
                self._columns[names] = number
            row = [self._columns[names], step, seen, elapsed, *map(spell, values.values())]
            self._append(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY))

    def close(self) -> None:
        """No more records."""
        os.close(self._file)

    def _append(self, line: bytes) -> None:
        line = (b"\n" if self._torn else b"") + line + b"\n"
        try:
            self._torn = os.write(self._file, line) != len(line)
        except OSError as error:
            raise StoreError(explain(error, self.path)) from error
        if self._torn:
            raise StoreError(f"{self.path}: the disk is full; the last record was cut")


def spell(value: Any) -> Any:
    """`value` with NaN and the infinities as strings, in mappings and sequences too."""
    if isinstance(value, Mapping):
        return {key: spell(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [spell(item) for item in value]
    if isinstance(value, str) or value is None or not hasattr(value, "__float__"):
        return value
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def unspell(value: float | str) -> float:
    """A number as `spell` wrote it."""
    return float(value)


def read(path: Path, offset: int = 0, most: int = -1) -> tuple[list[Any], int, int]:
    """The records from byte `offset` on, the offset after them, and how many lines were damaged.

    Reads about `most` bytes, to the end of a line; −1 is all.

    A last line without its end is not yet a record: it is read the next time.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(most)
        if most > 0 and len(data) == most:
            data += file.readline()
    end = data.rfind(b"\n") + 1
    records, damaged = [], 0
    for line in data[:end].splitlines():
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            damaged += 1
            continue
        if is_sound(record):
            records.append(record)
        else:
            damaged += 1
    return records, offset + end, damaged


def reached(folder: Path) -> tuple[int, int]:
    """The last step that the journals in `folder` tell of, −1 if none, and the images seen then."""
    step, seen = -1, 0
    for path in journals(folder):
        offset, more = 0, True
        while more:
            records, end, _ = read(path, offset, PART)
            for record in records:
                match record:
                    case [_, at, used, *_]:
                        step, seen = max(step, at), max(seen, used)
                    case {"kind": "open" | "end"}:
                        pass
                    case {"step": at, "seen": used}:
                        step, seen = max(step, at), max(seen, used)
            offset, more = end, end > offset
    return step, seen


def journals(folder: Path) -> Iterator[Path]:
    """The journals of a run folder."""
    return folder.glob("events-*.jsonl")


def _create(folder: Path, stem: str) -> tuple[Path, int]:
    """A file that did not exist: pids repeat, in containers even the first ones."""
    for attempt in range(10_000):
        path = folder / (f"{stem}-{attempt}.jsonl" if attempt else f"{stem}.jsonl")
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(explain(error, path)) from error
    raise StoreError(f"{folder} holds 10,000 journals of this process")
