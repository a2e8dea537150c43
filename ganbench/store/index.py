"""The index: an SQL database that whoever reads brings up to date, and that anyone may delete.

It answers in milliseconds what would take a walk through all journals, and holds nothing that the
run folders do not. Each refresh reads what the journals have grown by, a part in one transaction,
so two readers at once do not disturb each other, and a trainer never waits for any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, delete, select

from ganbench.errors import StoreError
from ganbench.store import schema
from ganbench.store.database import Unavailable
from ganbench.store.folder import RunFolder, all_runs
from ganbench.store.ingest import ingest
from ganbench.store.journal import PART, journals
from ganbench.store.postgres import PostgreSQL
from ganbench.store.sqlite import SQLite

PER_RUN = (
    schema.series,
    schema.runs,
    schema.journals,
    schema.media,
    schema.texts,
    schema.scores,
)


class Index:
    """The index of one runs dir, opened for reading. `refresh` brings it up to date.

    It is a file of SQLite, or lies on the PostgreSQL server at `url`.
    """

    def __init__(self, runs_dir: Path, url: str | None = None) -> None:
        self.runs_dir = runs_dir
        self._database = PostgreSQL(runs_dir, url) if url else SQLite(runs_dir)
        self.engine = self._database.reader
        self.problems: list[str] = []

    @property
    def place(self) -> str:
        """The file, or the address without its password."""
        return self._database.place

    def refresh(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Reads what is new in the run folders; `progress(done, total)` counts bytes of journals.

        A run that cannot be read keeps what is known of it, and `problems` says why. Raises
        StoreError if the folders cannot be listed or the database is not to be had.
        """
        problems = []
        found = {run.id: run for run in all_runs(self.runs_dir)}
        grown, gone = self._changes(found)
        for run in gone:
            with self._database.writer.begin() as connection:
                _forget(connection, run)
        done, total = 0, sum(size for _, size in grown)
        for folder, size in grown:
            try:
                for part in self._read(folder):
                    if progress is not None:
                        progress(min(done + part, total), total)
            except Unavailable:
                raise
            except Exception as error:  # whatever is in this folder, the others are read
                told = str(error) if isinstance(error, StoreError) else repr(error)
                told = f"{folder.id}: {told}"  # whose name need not be Unicode
                problems.append(told.encode(errors="backslashreplace").decode())
            done += size
        self.problems = problems

    def _read(self, folder: RunFolder) -> Iterator[int]:
        """All that is new in one run, part by part; yields about how many bytes were read."""
        path = str(folder.path.relative_to(self.runs_dir))
        part, more = 0, True
        while more:
            yield part
            with self._database.writer.begin() as connection:
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
        self._database.empty()
        self.refresh(progress)
        return len(all_runs(self.runs_dir))

    def replaced(self) -> bool:
        """Whether the database was deleted, so that the index has to be opened again."""
        return self._database.replaced()

    def close(self) -> None:
        """Releases the database."""
        self._database.close()


def _unread(run: RunFolder, offsets: Mapping[tuple[str, str], int]) -> int:
    """Bytes of the run's journals beyond `offsets`."""
    sizes = {path.name: path.stat().st_size for path in journals(run.path)}
    return sum(max(size - offsets.get((run.id, name), 0), 0) for name, size in sizes.items())


def _forget(connection: Connection, run: str) -> None:
    ids = select(schema.series.c.id).where(schema.series.c.run == run)
    connection.execute(delete(schema.chunks).where(schema.chunks.c.series.in_(ids)))
    for table in PER_RUN:
        connection.execute(delete(table).where(table.c.run == run))
