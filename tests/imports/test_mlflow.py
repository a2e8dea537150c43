import json
import sqlite3

import numpy as np
import pytest

from ganbench.errors import InputError
from ganbench.imports import mlflow
from ganbench.imports.bring import Imported, Skipped
from tests.imports.agree import curves_agree, grids_agree
from tests.imports.truth import CONFIG

pytest.importorskip("mlflow", reason="MLflow is not installed")
pytestmark = [
    # its engine keeps connections to SQLite, which end with the process
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]


@pytest.fixture(scope="module")
def source(produce):
    return produce("mlflow", "mlflow")


@pytest.fixture(scope="module")
def url(source):
    return f"sqlite:///{source / 'mlflow.db'}"


def test_everything_of_a_run(brought, source, url):
    all_ = brought(mlflow.runs(url))
    run = all_.called("first <b>try</b>")
    curves_agree(all_, run, source)
    grids_agree(all_, run, "samples/grid")
    assert run["project"] == "gan"
    assert (run["state"], run["notes"]) == ("finished", "some *notes*")
    assert set(run["tags"]) == {"one", "colour=<i>red</i>"}
    assert run["config"] == CONFIG
    assert all_.series(run, "stepless")["step"] == [0, 1, 2]
    assert all_.series(run, "stepless")["value"] == [3, 1, 2]
    assert all_.files(run) == {"deep/notes.txt"}
    failed = all_.called("failed")
    assert (failed["state"], failed["project"]) == ("failed", "other")


def test_one_experiment(brought, url):
    assert brought(mlflow.runs(url, "other")).only()["name"] == "failed"
    with pytest.raises(InputError, match=r"there are: .*'gan'"):
        list(mlflow.runs(url, "gam"))


def test_a_folder(brought, produce):
    source = produce("mlflow", "mlflow_folder")
    all_ = brought(mlflow.runs(str(source / "mlruns")))
    run = all_.only()
    curves_agree(all_, run, source)
    grids_agree(all_, run, "samples/grid")
    assert run["config"] == CONFIG


def test_importing_again_is_skipped(brought, source, url):
    brought(mlflow.runs(url))
    again = brought(mlflow.runs(str(source / "mlflow.db")))
    assert len(again.of(Skipped)) == 2
    assert not again.of(Imported)


def test_a_missing_picture_is_counted(brought, source, url):
    picture = next(source.glob("artifacts/*/artifacts/images/*+step+5+*.png"))
    content = picture.read_bytes()
    try:
        picture.write_bytes(content[:60])
        all_ = brought(mlflow.runs(url, "gan"))
    finally:
        picture.write_bytes(content)
    assert set(all_.pictures(all_.only(), "samples/grid")) == {0, 10, 15}
    assert any("step 5" in what for what in all_.notes(all_.only())["losses"])


def test_what_is_not_there_is_not_made(tmp_path):
    for url in (f"sqlite:///{tmp_path / 'nowhere.db'}", str(tmp_path), f"{tmp_path}/nowhere"):
        with pytest.raises(InputError):
            list(mlflow.runs(url))
    assert not list(tmp_path.iterdir())


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('ours')")
    database.close()
    with pytest.raises(InputError, match=r"other\.db"):
        list(mlflow.runs(f"sqlite:///{path}"))


def test_names_of_images_as_older_versions_wrote_them():
    uuid = "9d6c9f6f-e46b-4dec-8a0e-41124a1fe538"
    for separator in "+%":
        s = separator
        name = f"images/a~b{s}step{s}7{s}timestamp{s}1700000000123{s}{uuid}"
        found = mlflow.IMAGE.fullmatch(f"{name}.png")
        assert (found["key"], found["step"], found["time"]) == ("a~b", "7", "1700000000123")
        assert found["small"] is None
        assert mlflow.IMAGE.fullmatch(f"{name}{s}compressed.webp")["small"]
    assert mlflow.IMAGE.fullmatch("images/mine.png") is None


def test_passwords_are_not_kept():
    assert mlflow._public("postgresql://me:secret@host/db") == "postgresql://me:…@host/db"
    assert json.dumps(mlflow._public("sqlite:///a.db")) == '"sqlite:///a.db"'
    assert np.isinf(mlflow._value(-1.7976931348623157e308))
