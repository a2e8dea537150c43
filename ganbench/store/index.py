"""The index: an SQL database that whoever reads brings up to date, and that anyone may delete.

It answers in milliseconds what would take a walk through all journals, and holds nothing that the
run folders do not. Each refresh reads what the journals have grown by, in one transaction, so two
readers at once do not disturb each other, and a trainer never waits for any.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, inspect, select

from ganbench.errors import StoreError, explain
from ganbench.store import schema
from ganbench.store.folder import RunFolder, all_runs
from ganbench.store.ingest import ingest
from ganbench.store.journal import PART, journals

PER_RUN = (
    schema.series,
    schema.runs,
    schema.journals,
    schema.media,
    schema.texts,
    schema.scores,
)
REMOTE = ("nfs", "cifs", "smb", "lustre", "gpfs", "fuse.sshfs", "9p", "ceph", "glusterfs")


class Index:
    """The index of one runs dir, opened for reading. `refresh` brings it up to date."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self.path = location(runs_dir)
        self.engine = _open(self.path)
        self.problems: list[str] = []
        self._writer = self.engine.execution_options(write=True)

    def refresh(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Reads what is new in the run folders; `progress(done, total)` counts bytes of journals.

        A run that cannot be read keeps what is known of it, and `problems` says why.
        """
        problems = []
        found = {run.id: run for run in all_runs(self.runs_dir)}
        grown, gone = self._changes(found)
        for run in gone:
            with self._writer.begin() as connection:
                _forget(connection, run)
        done, total = 0, sum(size for _, size in grown)
        for folder, size in grown:
            try:
                for part in self._read(folder):
                    if progress is not None:
                        progress(min(done + part, total), total)
            except (StoreError, OSError) as error:
                problems.append(str(error))
            done += size
        self.problems = problems

    def _read(self, folder: RunFolder) -> Iterator[int]:
        """All that is new in one run, part by part; yields about how many bytes were read."""
        path = str(folder.path.relative_to(self.runs_dir))
        part, more = 0, True
        while more:
            yield part
            with self._writer.begin() as connection:
                more = not ingest(connection, folder, path)
            part += PART

    def _changes(
        self, found: Mapping[str, RunFolder]
    ) -> tuple[list[tuple[RunFolder, int]], set[str]]:
        """The runs in which there is something new, with its bytes, and those that are gone."""
        with self.engine.connect() as connection:
            table = schema.runs.c
            rows = connection.execute(select(table.run, table.path, table.ended, table.mtime))
            known = {row.run: row for row in rows}
            table = schema.journals.c
            sizes = connection.execute(select(table.run, table.name, table.offset))
            offsets = {(run, name): offset for run, name, offset in sizes}
        gone = set(known) - set(found)
        grown = []
        for run in found.values():
            row = known.get(run.id)
            if row is not None and row.path != str(run.path.relative_to(self.runs_dir)):
                gone.add(run.id)  # moved
                row = None
            try:
                same = row is not None and run.path.stat().st_mtime == row.mtime
                if same and row is not None and row.ended:
                    continue
                size = _unread(run, {} if row is None else offsets)
            except OSError:  # removed while we looked
                continue
            if size or not same:
                grown.append((run, size))
        return grown, gone

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Forgets everything and reads all run folders again; returns their number."""
        with self._writer.begin() as connection:
            schema.metadata.drop_all(connection)
            _create(connection)
        self.refresh(progress)
        return len(all_runs(self.runs_dir))

    def close(self) -> None:
        """Releases the database."""
        self.engine.dispose()


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


def _open(path: Path) -> Engine:
    """The engine; its `begin()` takes SQLite's write lock at once, `connect()` only reads.

    A transaction that starts by reading and then writes can fail without waiting for its turn.
    """
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 30, "isolation_level": None}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    with engine.execution_options(write=True).begin() as connection:
        if _version(connection) != schema.VERSION:
            schema.metadata.drop_all(connection)
            _create(connection)
    return engine


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(schema.meta.name):
        return None
    query = select(schema.meta.c.value).where(schema.meta.c.key == "version")
    version: str | None = connection.scalar(query)
    return version


def _create(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    connection.execute(insert(schema.meta).values(key="version", value=schema.VERSION))


def _unread(run: RunFolder, offsets: Mapping[tuple[str, str], int]) -> int:
    """Bytes of the run's journals beyond `offsets`."""
    sizes = {path.name: path.stat().st_size for path in journals(run.path)}
    return sum(max(size - offsets.get((run.id, name), 0), 0) for name, size in sizes.items())


def _forget(connection: Connection, run: str) -> None:
    ids = select(schema.series.c.id).where(schema.series.c.run == run)
    connection.execute(delete(schema.chunks).where(schema.chunks.c.series.in_(ids)))
    for table in PER_RUN:
        connection.execute(delete(table).where(table.c.run == run))


def _is_remote(path: Path) -> bool:
    """Whether `path` lies on a network file system."""
    target = path.resolve()
    mounts = [
        part for part in psutil.disk_partitions(all=True) if target.is_relative_to(part.mountpoint)
    ]
    if not mounts:
        return False
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype.startswith(REMOTE)
