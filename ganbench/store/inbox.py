"""Runs that are sent here: takes frames, and writes them where they belong.

Whatever is sent twice, out of order or by two senders at once, a file is always a beginning of
what it is at its sender's: pieces are appended where they fit, and compared where they are there.
Files that are whole grow aside, in `.incoming/`, until their sha256 is right.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from ganbench.errors import StoreError, explain
from ganbench.store import folder
from ganbench.store.annotations import LARGEST
from ganbench.store.folder import RunFolder, all_runs, alone
from ganbench.store.frames import RUN, Frame, grows, sendable

ASIDE = ".incoming"
PATIENCE = 86400.0  # seconds that a part of a file waits for the rest
READ = 16 * 2**20  # bytes of a JSON file that are read here
STATES = ("taken", "kept", "gap", "unknown", "conflict", "refused")
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.EILSEQ)


@dataclass(frozen=True)
class Taken:
    """What became of a frame: the server has `end` bytes of the file from its beginning on.

    "taken": these bytes are there. "kept": the server's file is newer and stays. "gap": the bytes
    before are missing; go on from `end`. "unknown": there is no such run; begin with its run.json.
    "conflict": other bytes are there already. "refused": the file can never be taken. `error` says
    why, in words.
    """

    run: str
    file: str
    end: int
    state: str = "taken"
    error: str | None = None


class Inbox:
    """Takes what is sent to one runs dir."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self._known: dict[str, RunFolder] = {}

    def take(self, frame: Frame, content: bytes) -> Taken:
        """Writes one frame. Raises StoreError if the disk refuses; what was written stands."""
        try:
            run = self.find(frame.run)
            if run is None:
                if frame.file != "run.json":
                    return _answer(frame, 0, "unknown", "its run.json must come first")
                return _begin(RunFolder(self.runs_dir / frame.run), frame, content)
            with alone(run.path):
                return _take(run, frame, content)
        except OSError as error:
            if error.errno in IN_THE_WAY:
                return _answer(frame, 0, "refused", "another file is in its way, or its name is")
            raise StoreError(explain(error, self.runs_dir / frame.run / frame.file)) from error

    def find(self, run: str) -> RunFolder | None:
        """The run with exactly this id, wherever it lies below the runs dir."""
        if not RUN.fullmatch(run):
            return None
        for found in (RunFolder(self.runs_dir / run), self._known.get(run)):
            if found is not None and (found.path / "run.json").is_file():
                return found
        self._known = {found.id: found for found in all_runs(self.runs_dir)}
        return self._known.get(run)

    def sizes(self, run: RunFolder) -> dict[str, int]:
        """The files of a run that could have been sent, and how many bytes of them are here."""
        found = {}
        for where, folders, names in os.walk(run.path):
            folders[:] = [name for name in folders if name != "checkpoints" and name[0] != "."]
            for name in names:
                path = Path(where, name)
                file = path.relative_to(run.path).as_posix()
                if sendable(file) and not path.is_symlink():
                    with suppress(OSError):
                        found[file] = path.stat().st_size
        return found


def _answer(frame: Frame, end: int, state: str = "taken", error: str | None = None) -> Taken:
    return Taken(frame.run, frame.file, end, state, error)


def _begin(run: RunFolder, frame: Frame, content: bytes) -> Taken:
    """Takes a piece of the run.json of a run that is not here yet."""
    run.path.mkdir(parents=True, exist_ok=True)
    with alone(run.path):
        taken = _take(run, frame, content)
        if (run.path / "run.json").exists():
            run.media.mkdir(exist_ok=True)
            run.checkpoints.mkdir(exist_ok=True)
    with suppress(OSError):  # it was refused
        run.path.rmdir()
    return taken


def _take(run: RunFolder, frame: Frame, content: bytes) -> Taken:
    path = run.path / frame.file
    if not path.parent.resolve().is_relative_to(run.path.resolve()) or path.is_symlink():
        return _answer(frame, 0, "refused", "a link is in its place")
    if not grows(frame.file):
        return _take_whole(run, path, frame, content)
    end, same = _append(path, frame.offset, content, create=frame.offset == 0)
    if not same:
        return _answer(frame, end, "conflict", f"{frame.file} has other bytes here; they stay")
    if end < frame.offset:
        return _answer(frame, end, "gap", f"bytes {end:,} to {frame.offset:,} are missing")
    if content:
        _set_age(path, frame.age)
    return _answer(frame, end)


def _append(path: Path, offset: int, content: bytes, *, create: bool) -> tuple[int, bool]:
    """How long the file at `path` is then, and whether it has `content` at `offset`, if so long.

    Bytes that are there already are compared; those beyond are appended, if none is missing.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, flags | (os.O_CREAT if create else 0), 0o644)
    except FileNotFoundError:
        return 0, True
    try:
        end = os.fstat(handle).st_size
        if offset > end:
            return end, True
        there = os.pread(handle, len(content), offset)
        if there != content[: len(there)]:
            return end, False
        rest = memoryview(content)[len(there) :]
        while rest:
            written = os.write(handle, rest)
            rest, end = rest[written:], end + written
        return end, True
    finally:
        os.close(handle)


def _take_whole(run: RunFolder, path: Path, frame: Frame, content: bytes) -> Taken:
    assert frame.total is not None
    if _is_there(path, frame):
        return _answer(frame, frame.total)
    if path.exists():
        if frame.file == "run.json":
            return _answer(frame, 0, "conflict", "there is another run of this id")
        newer = time.time() - frame.age >= path.stat().st_mtime
        if not newer and _digest(path) != frame.was:
            return _answer(frame, frame.total, "kept", "the server's is newer, and stays")
    aside = run.path / ASIDE / str(frame.sha256)
    aside.parent.mkdir(exist_ok=True)
    begins = frame.offset == 0 and (frame.size > 0 or frame.total == 0)  # else it only asks
    end, same = _append(aside, frame.offset, content, create=begins)
    if end < frame.total and same:
        state = "taken" if end >= frame.offset + frame.size else "gap"
        return _answer(frame, end, state, None if state == "taken" else "bytes are missing")
    problem = None
    if not same or end > frame.total or _digest(aside) != frame.sha256:
        state, problem = "gap", "its content is not what its sha256 says; send it again"
    elif words := _problem(frame.file, aside):
        state, problem = "refused", words
    if problem is None:
        _set_age(aside, frame.age)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(path)
    else:
        aside.unlink(missing_ok=True)
    _sweep(aside.parent)
    return _answer(frame, frame.total) if problem is None else _answer(frame, 0, state, problem)


def _sweep(folder: Path) -> None:
    """Removes what nobody has sent the rest of, and the folder if nothing is left in it."""
    with suppress(OSError):
        for path in folder.iterdir():
            if time.time() - path.stat().st_mtime > PATIENCE:
                path.unlink()
        folder.rmdir()


def _is_there(path: Path, frame: Frame) -> bool:
    """Whether the whole file is here as its sender has it; a picture's name says so."""
    try:
        if not path.is_file() or path.stat().st_size != frame.total:
            return False
    except FileNotFoundError:
        return False
    return frame.file.startswith("media/") or _digest(path) == frame.sha256


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _set_age(path: Path, age: float) -> None:
    when = time.time() - age
    os.utime(path, (when, when))


def _problem(file: str, path: Path) -> str | None:
    """What is wrong with a file that we read ourselves; None if nothing is."""
    check = {"run.json": _problem_of_run, "annotations.json": _problem_of_annotations}.get(file)
    if check is None:
        return None
    if path.stat().st_size > READ:
        return f"{file} of more than {READ:,} bytes"
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        return f"{file} is no JSON: {error}"
    return check(content) if isinstance(content, dict) else f"{file}: expected an object"


def _problem_of_run(content: dict[str, Any]) -> str | None:
    if content.get("format") != folder.FORMAT:
        return f"run.json: format {content.get('format')}, this server takes {folder.FORMAT}"
    try:
        datetime.fromisoformat(content["created"])
    except (KeyError, TypeError, ValueError):
        return f"run.json: created {content.get('created')!r}, expected a time"
    if not isinstance(content.get("config"), dict):
        return "run.json: config: expected an object"
    return _problem_of_annotations(content)


def _problem_of_annotations(content: dict[str, Any]) -> str | None:
    tags, notes = content.get("tags", []), content.get("notes", "")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return "tags: expected a list of words"
    if not isinstance(notes, str) or len(notes) > LARGEST:
        return f"notes: expected a text of at most {LARGEST:,} characters"
    return None
