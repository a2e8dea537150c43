"""The index on each database that it can be on."""

import pytest

from ganbench.store.index import Index


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request):
    """None for a file of SQLite, or the URL of a PostgreSQL."""
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("postgres_server").url


@pytest.fixture
def open_index(database):
    """A function that opens the index of a runs dir; all are closed afterwards."""
    opened = []

    def open_(runs_dir):
        opened.append(Index(runs_dir, database))
        return opened[-1]

    yield open_
    for index in opened:
        index.close()


def drop_schemas(url):
    """Removes all indexes from a PostgreSQL, as somebody might."""
    import psycopg

    with psycopg.connect(url) as connection:
        names = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gb\\_%'"
        for (name,) in connection.execute(names).fetchall():
            connection.execute(f'DROP SCHEMA "{name}" CASCADE')
