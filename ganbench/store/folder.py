"""The run folder, the only truth about a run: `<runs dir>/<id>/`.

run.json                    what was run: config, environment, command, tags
annotations.json            tags and notes, once somebody has changed them
events-<host>-<pid>.jsonl   what happened, one journal a process (`store/journal.py`)
media/<sha256>.webp         pictures, by the hash of their content
checkpoints/<step>/         safetensors files and state.json
console.log                 what the process printed
files/                      whatever else was logged
sinks/                      what goes to other trackers
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ganbench.errors import InputError, StoreError, explain
from ganbench.store.journal import spell

FORMAT = 1
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without the look-alikes 0 o 1 i l
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
DEPTH = 4  # folders between the runs dir and a run


@dataclass(frozen=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def id(self) -> str:
        """The run's identifier."""
        return self.path.name

    @property
    def media(self) -> Path:
        """Where the pictures are."""
        return self.path / "media"

    @property
    def console(self) -> Path:
        """What the run's processes printed."""
        return self.path / "console.log"

    @property
    def files(self) -> Path:
        """Where other files that were logged are."""
        return self.path / "files"

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints are."""
        return self.path / "checkpoints"

    def read(self) -> dict[str, Any]:
        """The content of run.json. Raises StoreError if it is missing, damaged or newer than us."""
        path = self.path / "run.json"
        try:
            content = orjson.loads(path.read_bytes())
        except OSError as error:
            raise StoreError(explain(error, path)) from error
        except orjson.JSONDecodeError as error:
            raise StoreError(f"{path} is damaged: {error}") from error
        found = content.get("format") if isinstance(content, dict) else None
        if found != FORMAT:
            raise StoreError(f"{path}: format {found}, this ganbench reads format {FORMAT}")
        return dict(content)


def create(
    runs_dir: Path, stem: str, content: Mapping[str, Any], id: str | None = None
) -> RunFolder:
    """A new run folder with `content` in its run.json; `stem` becomes part of its id.

    `id` is the whole id, if somebody chose one. Raises InputError if it is none or there is such a
    run, StoreError if the folder cannot be made.
    """
    if id is not None and (not IDENTIFIER.fullmatch(id) or id == "latest"):
        raise InputError(f"run id {id!r}: expected letters, digits, - and _, at most 100")
    if id is not None and exists(runs_dir, id):
        raise InputError(f"{runs_dir} has a run {id} already")
    stem = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40] or "run"
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(6))
            path = runs_dir / (id or f"{code}-{stem}")
            try:
                path.mkdir()
                break
            except FileExistsError:
                if id is not None:
                    raise
        folder = RunFolder(path)
        folder.media.mkdir()
        folder.checkpoints.mkdir()
    except OSError as error:
        raise StoreError(explain(error, runs_dir)) from error
    head = {"format": FORMAT, "id": path.name, "created": datetime.now(UTC).isoformat()}
    replace_file(path / "run.json", dumps({**head, **content}))
    return folder


def find(runs_dir: Path, name: str) -> RunFolder:
    """The run called `name`: an id, a prefix of exactly one id, or "latest".

    Raises StoreError if there is none or more than one, naming the candidates.
    """
    runs = all_runs(runs_dir)
    if not runs:
        raise StoreError(f"{runs_dir} holds no runs; start one with: ganbench train mnist")
    if name == "latest":
        return max(runs, key=lambda run: str(run.read()["created"]))
    matches = [run for run in runs if run.id == name] or [
        run for run in runs if run.id.startswith(name)
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        ids = ", ".join(run.id for run in matches[:5])
        raise StoreError(f"run {name!r} is ambiguous in {runs_dir}: {ids}")
    ids = ", ".join(run.id for run in runs[:5]) + (", …" if len(runs) > 5 else "")
    raise StoreError(f"no run {name!r} in {runs_dir}; there are {ids}")


def exists(runs_dir: Path, id: str) -> bool:
    """Whether there is a run with exactly this id."""
    return any(run.id == id for run in all_runs(runs_dir))


def all_runs(runs_dir: Path) -> list[RunFolder]:
    """Every folder below `runs_dir` that holds a run.json, by name; of equal names the first."""
    try:
        found = sorted(_below(runs_dir, DEPTH), key=lambda run: (run.id, run.path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(explain(error, runs_dir)) from error
    return list({run.id: run for run in reversed(found)}.values())[::-1]


def _below(folder: Path, depth: int) -> Iterator[RunFolder]:
    """The runs in `folder`, and in its subfolders that are neither runs nor studies."""
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    for name in names:
        path = folder / name
        if os.path.exists(f"{path}/run.json"):
            yield RunFolder(path)
        elif depth > 1 and not os.path.exists(f"{path}/study.json"):  # it holds many pictures
            try:
                yield from _below(path, depth - 1)
            except OSError:  # a folder that we may not read is not ours
                continue


def delete(run: RunFolder) -> None:
    """Removes the folder: first run.json, so that half a deletion is no run."""
    try:
        (run.path / "run.json").unlink()
        shutil.rmtree(run.path)
    except OSError as error:
        raise StoreError(explain(error, run.path)) from error


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all, and outlives a power cut."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(explain(error, path)) from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps others who ask for it out, where the file system can; the lock dies with its process.

    Raises StoreError if there is no such folder.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(explain(error, folder)) from error
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Makes renames in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def dumps(content: Mapping[str, Any]) -> bytes:
    """Indented JSON, with the project's spelling of NaN."""
    return orjson.dumps(spell(content), option=orjson.OPT_INDENT_2) + b"\n"
