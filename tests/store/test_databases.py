"""One index, two databases: the same answers from both, and manners on a server of others."""

import math
import sys

import numpy as np
import orjson
import pytest

from ganbench.errors import InputError, StoreError
from ganbench.store import folder, listing, postgres, query, schema
from ganbench.store.database import Unavailable
from ganbench.store.index import Index
from ganbench.store.journal import Journal, spell
from tests.store.conftest import drop_schemas
from tests.store.test_index import answers, new_run, score

ODD = "NUL \0 and DLE \x10 and \x100, 🐈‍⬛, Ünïcode, 'quotes\", %s %(x)s :name \\"
HUGE = 2**62


def write_odd_run(runs_dir):
    """Whatever a run may hold that one of the databases could take for something else."""
    content = {"config": {ODD: [ODD, None, "NaN"]}, "name": ODD, "project": ODD, "tags": [ODD]}
    run = folder.create(runs_dir, "odd", {**content, "notes": ODD, "environment": {"a": ODD}})
    log = Journal(run.path, step=0)
    for name in ("b", "B", "a", "A", "_", "é", ODD):  # no locale's order is that of code points
        log.row(HUGE, HUGE, {name: 1.0})
        log.write("text", name=name, step=HUGE, seen=HUGE, text=ODD)
        sha256 = f"{ord(name[0]):064x}"
        fields = {"step": HUGE, "seen": HUGE, "sha256": sha256, "width": 2**40, "height": 1}
        log.write("media", name=name, caption=ODD, **fields)
    for value in (math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, -0.0, 0.1):
        log.row(-HUGE, 0, {"value": value})
    log.write("config", values={"late": {"nan": math.nan, "huge": HUGE, ODD: ODD}})
    log.write("scores", step=HUGE, seen=0, scores=[score(ODD, math.nan), score("kid", math.inf)])
    log.write("end", state="failed", step=HUGE, seen=HUGE, reason=ODD, summary={"nan": math.nan})
    return run


def everything(index):
    """All that there is to ask, as the page's JSON."""
    index.refresh()
    assert index.problems == []
    found = []
    for run in query.list_runs(index):
        name = run["id"]
        shown = query.show_run(index, name)
        parts = {"from": (1, None), "within": (0, 40), "all": (0, None)}
        series = [
            query.read_series(index, name, dict.fromkeys(shown["points"], start), most)
            for start, most in parts.values()
        ]
        at = query.folder_of(index, name)
        rest = [query.read_texts(index, name), query.read_texts(index, name, 2)]
        rest += [listing.sparklines(index, [name], series) for series in shown["points"]]
        rest += [listing.score_lines(index, [name], score) for score in run["best"]]
        found.append([run, shown, query.pulse(index, name), series, str(at), *rest])
    changes = listing.changes(index)
    assert changes.pop("edition") > 0  # of its own in each
    found.append([changes, listing.rows(index, [run["id"] for run in changes["runs"]])])
    return orjson.loads(orjson.dumps(spell(found)))


def test_both_answer_the_same(tmp_path, postgres_server):
    write_odd_run(tmp_path)
    for i in range(3):
        _, log = new_run(tmp_path / "deep" / "er" if i else tmp_path)
        for step in range(100):
            log.row(step, step, {"x": math.sin(step * (i + 1)), "y": float(i)})
    file, server = Index(tmp_path), Index(tmp_path, postgres_server.url)
    told = everything(file)
    assert len(told) == 5
    assert everything(server) == told
    assert told[-2][1]["config"][ODD] == [ODD, None, "NaN"]
    assert told[-2][1]["pictures"][-1]["caption"] == ODD
    assert list(told[-2][1]["points"]) == sorted(told[-2][1]["points"])
    assert ODD in told[-2][1]["points"]
    file.close()
    server.close()


@pytest.fixture
def schemas(postgres_server):
    """A function that counts the schemas of indexes; there are none at first."""
    import psycopg

    drop_schemas(postgres_server.url)

    def count():
        with psycopg.connect(postgres_server.url) as connection:
            query = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'gb\\_%'"
            return connection.execute(query).fetchone()[0]

    return count


def test_folders_share_a_database_without_seeing_each_other(tmp_path, postgres_server, schemas):
    indexes = [Index(tmp_path / name, postgres_server.url) for name in ("one", "two")]
    runs = [new_run(tmp_path / name)[0] for name in ("one", "two")]
    for index, run in zip(indexes, runs, strict=True):
        index.refresh()
        assert [row["id"] for row in query.list_runs(index)] == [run.id]
    assert schemas() == 2
    (tmp_path / "link").symlink_to(tmp_path / "one")
    again = Index(tmp_path / "link", postgres_server.url)
    assert schemas() == 2  # the same folder by another name
    for index in (*indexes, again):
        index.close()


def test_tables_of_others_are_left_alone(tmp_path, postgres_server, schemas, monkeypatch):
    """Optuna and MLflow keep theirs in `public`; so might somebody who calls them as we do."""
    import psycopg

    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS studies, alembic_version, gb_runs")
        for name in ("studies", "alembic_version", "gb_runs"):
            connection.execute(f"CREATE TABLE {name} (x integer)")
            connection.execute(f"INSERT INTO {name} VALUES (1)")
        new_run(tmp_path)
        for version in ("one", "another"):
            monkeypatch.setattr(schema, "VERSION", version)
            index = Index(tmp_path, postgres_server.url)
            index.rebuild()
            assert len(query.list_runs(index)) == 1
            index.close()
        for name in ("studies", "alembic_version", "gb_runs"):
            assert connection.execute(f"SELECT x FROM {name}").fetchall() == [(1,)]
            connection.execute(f"DROP TABLE {name}")


def test_people_can_see_whose_a_schema_is(tmp_path, postgres_server, schemas):
    import psycopg

    Index(tmp_path, postgres_server.url).close()
    with psycopg.connect(postgres_server.url) as connection:
        query = "SELECT obj_description(oid) FROM pg_namespace WHERE nspname LIKE 'gb\\_%'"
        (told,) = connection.execute(query).fetchone()
    assert str(tmp_path) in told


def test_a_folder_with_any_name(tmp_path, open_index):
    runs_dir = tmp_path / 'it\'s 100 % "odd": a?b#c \\ 🐈'
    run, _ = new_run(runs_dir)
    index = open_index(runs_dir)
    index.refresh()
    assert [row["id"] for row in query.list_runs(index)] == [run.id]


def test_the_driver_is_chosen_and_other_urls_are_refused():
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        assert postgres.parse(f"{scheme}://u@h/d").drivername == "postgresql+psycopg"
    for bad in ("mysql://u:geheim@h/d", "runs.db", "postgresql://u:geheim@h:port/d", "sqlite://"):
        with pytest.raises(InputError, match="expected postgresql://user@host/database") as error:
            postgres.parse(bad)
        assert "geheim" not in str(error.value)


def test_without_the_driver_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"ganbench\[postgres\]"):
        Index(tmp_path, "postgresql://u@h/d")


def test_what_cannot_be_reached_is_one_line_without_the_password(tmp_path, postgres_server):
    pytest.importorskip("psycopg")
    wrong = postgres_server.url.replace(":geheim@", ":falsch@")
    nowhere = "postgresql://u:falsch@127.0.0.1:1/d?sslpassword=falsch"
    absent = postgres_server.url.replace("/postgres?", "/nothing?")
    reasons = {wrong: "password authentication failed", nowhere: "refused", absent: "not exist"}
    for url, reason in reasons.items():
        with pytest.raises(Unavailable, match=reason) as error:
            Index(tmp_path, url)
        assert "\n" not in str(error.value)
        assert not {"falsch", "geheim"} & set(str(error.value).replace(":", " ").split())
        assert "falsch" not in str(error.value)
        assert "***" in str(error.value)


def test_a_database_that_lacks_letters_is_refused(tmp_path, postgres_server):
    import psycopg

    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        options = "ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
        connection.execute(f"CREATE DATABASE latin {options}")
    with pytest.raises(StoreError, match=r"LATIN1.*createdb --encoding UTF8"):
        Index(tmp_path, postgres_server.url.replace("/postgres?", "/latin?"))


def test_a_server_that_was_started_again_is_found_again(tmp_path, postgres_server):
    run, log = new_run(tmp_path)
    index = Index(tmp_path, postgres_server.url)
    index.refresh()
    postgres_server.stop()
    try:
        with pytest.raises(Unavailable):
            index.refresh()
        with pytest.raises(Unavailable):
            query.list_runs(index)
    finally:
        postgres_server.start()
    log.row(1, 1, {"x": 1.0})
    index.refresh()
    assert query.read_series(index, run.id, {"x": 0})["x"]["value"] == [1.0]
    index.close()


def test_an_answer_of_several_queries_is_of_one_moment(tmp_path, open_index):
    """While a run is written to, no summary tells of more pictures than the list holds."""
    run, log = new_run(tmp_path)
    index, other = open_index(tmp_path), open_index(tmp_path)
    index.refresh()
    with other.engine.connect() as connection:
        before = connection.execute(schema.series.select()).all()
        log.row(1, 1, {"x": 1.0})
        index.refresh()
        assert connection.execute(schema.series.select()).all() == before == []
    assert query.show_run(other, run.id)["points"] == {"x": 1}


def test_a_record_that_the_database_refuses_costs_its_run_not_the_others(tmp_path, open_index):
    """A name that no PostgreSQL index takes (2,700 bytes); SQLite has no such limit."""
    _, bad = new_run(tmp_path)
    name = np.random.default_rng(0).bytes(5000).hex()
    bad.write("text", name=name, step=1, seen=1, text="x")
    good, log = new_run(tmp_path)
    log.row(1, 1, {"x": 1.0})
    index = open_index(tmp_path)
    index.refresh()
    assert query.show_run(index, good.id)["points"] == {"x": 1}
    assert len(index.problems) == (0 if index.place.endswith(".sqlite") else 1)
    assert len(answers(index)) == 2 - len(index.problems)
