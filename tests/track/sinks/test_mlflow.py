"""MLflow: its client finds what was logged in a local SQLite store."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganbench as gb
from tests.track.sinks.conftest import PICTURES, expected

mlflow = pytest.importorskip("mlflow")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
]
LARGEST = 1.7976931348623157e308  # what MLflow makes of infinity


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A store for the tests: to make one takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'shared.db'}"
    client = mlflow.MlflowClient(tracking_uri=uri)
    client.create_experiment("all of them", artifact_location=(folder / "files").as_uri())
    return uri


@pytest.fixture
def store(shared, monkeypatch):
    """That store, named as people name theirs."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "all of them")
    return shared


def read(run, uri):
    """The client, and what there is of the run."""
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiments = [e.experiment_id for e in client.search_experiments()]
    (found,) = client.search_runs(experiments, f"tags.`ganbench.run` = '{run.id}'")
    return client, found


def history(client, found, name):
    points = client.get_metric_history(found.info.run_id, name)
    return sorted((point.step, point.value) for point in points)


def files(client, found, folder):
    paths = [file.path for file in client.list_artifacts(found.info.run_id, folder)]
    root = Path(found.info.artifact_uri.removeprefix("file://"))
    return {path: root / path for path in paths}


def test_everything_arrives(logged, store):
    run = logged("mlflow")
    client, found = read(run, store)
    told = expected()
    told["odd name ___"] = told.pop("odd name (β)")
    assert found.data.metrics.keys() == told.keys()
    for name, points in told.items():
        kept = [(s, math.copysign(LARGEST, v) if math.isinf(v) else v) for s, v in points]
        np.testing.assert_array_equal(history(client, found, name), kept)
    images = files(client, found, "images")
    for step, pixels in PICTURES.items():
        (path,) = (
            p for name, p in images.items() if f"+step+{step}+" in name and p.suffix == ".png"
        )
        assert path.name.startswith("samples+")
        np.testing.assert_array_equal(np.asarray(Image.open(path)), pixels)
    texts = {name: path.read_text() for name, path in files(client, found, "texts").items()}
    captions = {f"texts/samples caption-{step}.txt": f"at {step}" for step in PICTURES}
    assert texts == {"texts/said-3.txt": "hello", **captions}


def test_what_is_known_of_the_run(logged, store):
    run = logged("mlflow", state="diverged")
    client, found = read(run, store)
    assert client.get_experiment(found.info.experiment_id).name == "all of them"
    assert (found.info.run_name, found.info.status) == ("second name", "FAILED")
    params = {"lr": "0.001", "net.k": "3", "net.act": "null", "late.x": "[1,2]"}
    assert found.data.params == params
    tags = {
        "a": "true",
        "b": "true",
        "changed.lr": "0.5",  # MLflow lets no parameter change
        "mlflow.note.content": "a *note*",
        "state": "diverged",
    }
    assert tags.items() <= found.data.tags.items()
    assert not (run.folder.path / "sinks/mlflow").exists()


def test_a_resumed_run_is_the_same_run(logged, store):
    run = logged("mlflow", state="killed")
    assert read(run, store)[1].info.status == "KILLED"
    more = gb.Run.resume(run.id, runs_dir=run.folder.path.parent)
    more.log({"loss": 0.125})
    more.finish(summary=False)
    client, found = read(run, store)
    assert history(client, found, "loss")[-1] == (11, 0.125)
    assert found.info.status == "FINISHED"


def test_without_a_store_there_is_one_in_the_run_folder(tmp_path):
    with gb.Run("my GAN", runs_dir=tmp_path, sinks=["mlflow"]) as run:
        run.log({"x": 1}, step=4)
        run.log_image("p", np.zeros((2, 2)), 4)
    where = run.folder.path / "sinks/mlflow"
    client, found = read(run, f"sqlite:///{where / 'mlflow.db'}")
    assert client.get_experiment(found.info.experiment_id).name == "my GAN"
    assert history(client, found, "x") == [(4, 1)]
    assert all(path.is_relative_to(where) for path in files(client, found, "images").values())


def test_many_numbers_and_parameters_go_in_batches(tmp_path, store, monkeypatch, capsys):
    """MLflow refuses more than 1,000 numbers and 100 parameters at once."""
    sent, real = [], mlflow.MlflowClient.log_batch

    def log_batch(self, run_id, metrics=(), params=(), tags=(), **rest):
        sent.append((len(metrics), len(params), len(tags)))
        return real(self, run_id, metrics, params, tags, **rest)

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", log_batch)
    config = {f"p{i}": i for i in range(250)} | {"long": "x" * 7000}
    run = gb.Run("my GAN", config=config, runs_dir=tmp_path, sinks=["mlflow"])
    for step in range(700):
        run.log({f"m{i}": step for i in range(7)}, step=step)
    run.finish(summary=False)
    client, found = read(run, store)
    assert [step for step, _ in history(client, found, "m6")] == list(range(700))
    assert found.data.params["p249"] == "249"
    assert found.data.params["long"] == "x" * 6000
    assert "mlflow gets the first 6,000 characters of long" in capsys.readouterr().err
    metrics, params, _ = map(max, zip(*sent, strict=True))
    assert (metrics, params) == (1000, 100)
    assert len(sent) < 30


def test_any_name_is_taken(tmp_path, store, capsys):
    names = ["a/../b", "/c", "d//e", "..", "é/ü", "x" * 300, "a:b"]
    with gb.Run(runs_dir=tmp_path, sinks=["mlflow"]) as run:
        for name in names:
            run.log({name: 1.0})
            run.log_image(name, np.zeros((2, 2, 3), np.uint8))
            run.log_text("t", name=name)
    assert capsys.readouterr().err == ""
    client, found = read(run, store)
    assert sorted(found.data.metrics) == sorted(["a/b", "c", "d/e", "_", "_/_", "x" * 250, "a_b"])
    assert len(files(client, found, "images")) == 2 * len(names)
