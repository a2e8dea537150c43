"""The database of an index, whichever it is: its engines, its tables, its errors in words."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, inspect, select
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, IntegrityError

from ganbench.errors import StoreError
from ganbench.store import schema

ADVICE = {
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_BUSY": "another process does not stop writing to it",
    "SQLITE_CORRUPT": "it is damaged; ganbench reindex makes it anew",
    "SQLITE_NOTADB": "it is damaged; ganbench reindex makes it anew",
}
LIMIT = "54"  # the class of PostgreSQL's errors about values that are too large


class Unavailable(StoreError):
    """The database is out of reach, full, locked or damaged: no run is to blame."""


class Database:
    """An open database with the tables of this version.

    `reader` is for queries: what one of its connections sees does not change between two of them.
    `writer` is for changes, of which one process makes some at a time; the others wait. Both raise
    StoreError where SQLAlchemy would raise an error of its own. `place` says where it is.
    """

    place: str
    reader: Engine
    writer: Engine

    def replaced(self) -> bool:
        """Whether it has to be opened again, because it was deleted or belongs elsewhere now."""
        return False

    def empty(self) -> None:
        """Forgets all runs."""
        with self.writer.begin() as connection:
            for table in schema.metadata.sorted_tables:
                if table is not schema.meta:
                    connection.execute(delete(table))

    def close(self) -> None:
        """Ends its connections."""
        self.reader.dispose()

    def _prepare(self) -> None:
        """Makes the tables, unless they are there and of this version."""
        with self.reader.connect() as connection:
            if self._version(connection) == schema.VERSION:
                return
        with self.writer.begin() as connection:
            if self._version(connection) != schema.VERSION:  # nobody was quicker
                self._clear(connection)
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.meta).values(key="version", value=schema.VERSION))

    def _version(self, connection: Connection) -> str | None:
        names = connection.get_execution_options().get("schema_translate_map", {})
        if not inspect(connection).has_table(schema.meta.name, schema=names.get(None)):
            return None
        query = select(schema.meta.c.value).where(schema.meta.c.key == "version")
        version: str | None = connection.scalar(query)
        return version

    def _clear(self, connection: Connection) -> None:
        """Removes what another version of ganbench has made."""
        raise NotImplementedError


def engine(url: str | Any, place: str, **options: Any) -> Engine:
    """An engine whose errors are StoreErrors that begin with `place` and hold no password."""
    made = create_engine(
        url,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        **options,
    )

    @event.listens_for(made, "handle_error")
    def convert(context: ExceptionContext) -> StoreError | None:
        if context.sqlalchemy_exception is None:  # not the database's
            return None
        original = context.original_exception
        told = " ".join(str(original).split())
        told = ADVICE.get(getattr(original, "sqlite_errorname", ""), told)
        state = getattr(original, "sqlstate", None) or ""
        of_a_run = isinstance(context.sqlalchemy_exception, (DataError, IntegrityError))
        of_a_run = of_a_run or state.startswith(LIMIT)
        return (StoreError if of_a_run else Unavailable)(f"{place}: {told}")

    return made
