"""The index as a schema of a PostgreSQL server, one for each runs dir of each machine.

A schema of our own touches nothing of what others (Optuna, MLflow) keep in the same database.
"""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError

from ganbench.errors import InputError, StoreError
from ganbench.store.database import Database, engine

DRIVER = "postgresql+psycopg"
SECRET = ("password", "sslpassword")  # what a URL may hold after its question mark
CONNECT = {"connect_timeout": "5", "application_name": "ganbench", "client_encoding": "utf8"}
PATIENCE = "30s"  # that a writer waits for its turn


class PostgreSQL(Database):
    """The index of `runs_dir` in the database at `url`, postgresql://user@host/database.

    Raises InputError for another URL and without the driver, StoreError if the server refuses.
    """

    def __init__(self, runs_dir: Path, url: str) -> None:
        address = parse(url)
        self.place = _without_secrets(address)
        self._folder = f"{runs_dir.resolve()} on {socket.gethostname()}"
        digest = hashlib.sha256(self._folder.encode()).digest()
        self._schema = f"gb_{digest.hex()[:16]}"
        lock = int.from_bytes(digest[:8], signed=True)
        _require_driver()
        made = engine(
            address,
            self.place,
            connect_args={k: v for k, v in CONNECT.items() if k not in address.query},
            pool_pre_ping=True,  # the server may have been started again
            execution_options={"schema_translate_map": {None: self._schema}},
        )
        self.reader = made.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        # READ COMMITTED: a snapshot would be taken before the lock is ours.
        self.writer = made.execution_options(isolation_level="READ COMMITTED", write=True)

        @event.listens_for(made, "begin")
        def begin(connection: Connection) -> None:
            if connection.get_execution_options().get("write", False):
                timeout = f"set_config('lock_timeout', '{PATIENCE}', true)"
                connection.exec_driver_sql(f"SELECT {timeout}, pg_advisory_xact_lock({lock})")

        try:
            self._require_unicode()
            self._prepare()
        except StoreError:
            self.close()
            raise

    def _require_unicode(self) -> None:
        with self.reader.connect() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise StoreError(
                f"{self.place} is in {encoding}, which lacks most letters; make a database with: "
                "createdb --encoding UTF8 --template template0"
            )

    def _clear(self, connection: Connection) -> None:
        connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{self._schema}" CASCADE')
        connection.exec_driver_sql(f'CREATE SCHEMA "{self._schema}"')
        words = f"ganbench: index of {self._folder}".replace("'", "''").replace(":", "\\:")
        connection.execute(text(f"COMMENT ON SCHEMA \"{self._schema}\" IS '{words}'"))


def parse(url: str) -> URL:
    """The URL, with the driver that we use. Raises InputError, without what may be secret."""
    expected = "expected postgresql://user@host/database"
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise InputError(f"the URL of the index cannot be read: {expected}") from None
    if made.drivername not in ("postgresql", "postgres", DRIVER):
        raise InputError(f"the URL of the index begins with {made.drivername}: {expected}")
    return made.set(drivername=DRIVER)


def _without_secrets(url: URL) -> str:
    hidden = {name: "***" for name in SECRET if name in url.query}
    shown = url.set(drivername="postgresql").update_query_dict(hidden)
    return shown.render_as_string(hide_password=True)


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise InputError(
            "an index on PostgreSQL needs psycopg: pip install 'ganbench[postgres]'"
        ) from error
