"""Runs of another tracker into a folder of runs, each whole or not at all, and once."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ganbench.errors import InputError, StoreError, explain
from ganbench.imports.foreign import Foreign, Read
from ganbench.imports.writer import Done, Writer
from ganbench.store import folder
from ganbench.store.folder import RunFolder

STAGING = ".import-"


@dataclass(frozen=True)
class Going:
    """A run is being read: `read` of `run.size` is behind us."""

    run: Foreign
    done: Done
    read: int


@dataclass(frozen=True)
class Imported:
    """A run is there."""

    run: Foreign
    folder: RunFolder
    done: Done


@dataclass(frozen=True)
class Skipped:
    """A run was there already, as `id`; `grown` if its source has more by now."""

    run: Foreign
    id: str
    grown: bool


@dataclass(frozen=True)
class Failed:
    """A run could not be imported."""

    run: Foreign
    why: str


def bring(
    runs: Iterable[Foreign], runs_dir: Path, *, again: bool = False
) -> Iterator[Going | Imported | Skipped | Failed]:
    """Imports `runs`, and says what becomes of each; those that are there only if `again`.

    Raises StoreError if nothing can be written. A run whose source is beyond reading fails, and
    leaves nothing; the others go on.
    """
    known = {} if again else imported(runs_dir)
    with _staging(runs_dir) as staging:
        for run in runs:
            found = known.get((run.tool, run.key))
            if found is not None:
                yield Skipped(run, found[0], found[1] != run.fingerprint)
                continue
            try:
                yield from _bring(run, runs_dir, staging)
            except StoreError:
                raise
            except Exception as error:  # a stranger's data may be anything
                said = str(error) if isinstance(error, (InputError, OSError)) else repr(error)
                yield Failed(run, said)


def imported(runs_dir: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Of the runs that were imported, by tool and key: our id, and their fingerprint then."""
    known = {}
    for run in folder.all_runs(runs_dir):
        with suppress(StoreError, KeyError, TypeError):
            source = run.read()["imported"]
            known[source["tool"], source["run"]] = run.id, source["fingerprint"]
    return known


def _bring(run: Foreign, runs_dir: Path, staging: Path) -> Iterator[Going | Imported]:
    writer = Writer(run, staging)
    try:
        for event in run.read():
            if isinstance(event, Read):
                yield Going(run, writer.done, event.done)
            else:
                writer.take(event)
        writer.finish()
        target = runs_dir / writer.folder.id
        _move(writer.folder.path, target)
    except BaseException:
        writer.abandon()
        raise
    yield Imported(run, RunFolder(target), writer.done)


def _move(path: Path, target: Path) -> None:
    try:
        path.rename(target)
        folder.sync_folder(target.parent)
    except OSError as error:
        raise StoreError(explain(error, target)) from error


@contextmanager
def _staging(runs_dir: Path) -> Iterator[Path]:
    """A hidden folder below `runs_dir`, removed at the end, and those of imports that were killed.

    It is locked while its process lives, so that nobody else removes it.
    """
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        for path in runs_dir.glob(f"{STAGING}*"):
            _remove(path)
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=runs_dir))
        handle = os.open(staging, os.O_RDONLY)
    except OSError as error:
        raise StoreError(explain(error, runs_dir)) from error
    try:
        with suppress(OSError):  # not every file system can
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield staging
    finally:
        os.close(handle)
        shutil.rmtree(staging, ignore_errors=True)


def _remove(path: Path) -> None:
    """Unless somebody holds its lock."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(handle)
