"""The index as a file of SQLite: inside the runs dir, or in the user's cache."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, MetaData, QueuePool, event

from ganbench.errors import StoreError, explain
from ganbench.store.database import Database, Unavailable, engine
from ganbench.store.folder import alone

REMOTE = ("nfs", "cifs", "smb", "lustre", "gpfs", "fuse.sshfs", "9p", "ceph", "glusterfs")
PATIENCE = 30  # seconds that a writer waits for its turn


class SQLite(Database):
    """The file that holds the index of `runs_dir`; made if there is none."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._path = location(runs_dir)
        self.place = str(self._path)
        self.reader = _engine(self._path)
        self.writer = self.reader.execution_options(write=True)
        self._open(anew=False)

    def replaced(self) -> bool:
        """Whether somebody deleted the file, or its place is another one now."""
        try:
            same = self._path.stat().st_ino == self._number
        except OSError:
            return True
        return not same or location(self._runs_dir) != self._path

    def empty(self) -> None:
        """Begins with a new file, whatever is in the old one; who reads that goes on."""
        self.reader.dispose()
        self._open(anew=True)

    def _open(self, *, anew: bool) -> None:
        """One process at a time: a file is never seen half made."""
        with alone(self._path.parent):
            try:
                self._make(anew)
            except Unavailable as error:
                self.close()
                code = getattr(error.__cause__, "sqlite_errorname", "")
                damaged = code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT"))
                if not (damaged or self.replaced()):  # damaged, or deleted this very moment
                    raise
                self._make(damaged)

    def _make(self, anew: bool) -> None:
        try:
            if anew:
                self._path.unlink(missing_ok=True)
            if not self._path.exists():
                for left in ("-wal", "-shm"):  # of a file that was deleted while it was open
                    self._path.with_name(self._path.name + left).unlink(missing_ok=True)
                self._path.touch()
            self._number = self._path.stat().st_ino
        except OSError as error:
            raise StoreError(explain(error, self._path)) from error
        self._prepare()

    def _clear(self, connection: Connection) -> None:
        old = MetaData()
        old.reflect(connection, only=lambda name, _: name.startswith("gb_"))
        old.drop_all(connection)


def location(runs_dir: Path) -> Path:
    """Where the index of `runs_dir` lies: inside, or in the user's cache if that cannot be.

    SQLite's write-ahead log needs a local disk, and some run folders are read-only.
    """
    if runs_dir.is_dir() and os.access(runs_dir, os.W_OK) and not _is_remote(runs_dir):
        return runs_dir / ".index.sqlite"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ganbench"
    name = hashlib.sha256(str(runs_dir.resolve()).encode()).hexdigest()[:16]
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(explain(error, cache)) from error
    return cache / f"index-{name}.sqlite"


def _engine(path: Path) -> Engine:
    """Its transactions are SQLite's own: `writer.begin()` takes the write lock at once.

    One that starts by reading and then writes can fail without waiting for its turn. A connection
    never makes a file: that would not know of the others.
    """
    address = f"{path.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, PATIENCE, isolation_level=None, check_same_thread=False, uri=True
        )

    made = engine("sqlite://", str(path), creator=connect, poolclass=QueuePool)

    @event.listens_for(made, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return made


def _is_remote(path: Path) -> bool:
    """Whether `path` lies on a network file system."""
    target = path.resolve()
    mounts = [
        part for part in psutil.disk_partitions(all=True) if target.is_relative_to(part.mountpoint)
    ]
    if not mounts:
        return False
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype.startswith(REMOTE)
