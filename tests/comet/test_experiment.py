"""Scripts that were written for Comet: all of it arrives in the run folder, and nothing raises."""

import csv
import io
import json
import subprocess
import sys
import wave

import numpy as np
import pytest
from PIL import Image

import ganbench.comet as comet_ml
from ganbench.errors import InputError, StoreError
from ganbench.track import quiet
from tests.track.reading import read, stored


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.setattr(quiet, "_said", set())
    monkeypatch.setenv("GANBENCH_RUNS", str(tmp_path))
    monkeypatch.delenv("COMET_PROJECT_NAME", raising=False)


@pytest.fixture
def experiment():
    made = comet_ml.Experiment("the-key", "my project", "me", log_code=False)
    yield made
    made._run.finish(summary=False)


def pictures(experiment, tmp_path):
    experiment.flush()
    return stored(experiment._run.folder.media, read(tmp_path, experiment.id))


def files(experiment):
    where = experiment._run.folder.files
    return {str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()}


def test_importing_it_is_cheap():
    code = "import sys, ganbench.comet; print({'torch', 'sqlalchemy', 'comet_ml'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_run_and_its_end(tmp_path, capsys):
    experiment = comet_ml.Experiment(api_key="s3cret-key")
    experiment.set_name("a name")
    experiment.add_tags(["x", "y"])
    assert experiment.add_tag("x") is True
    with pytest.raises(KeyError), experiment:
        raise KeyError
    shown = read(tmp_path)
    assert (shown["project"], shown["name"], shown["tags"]) == ("general", "a name", ["x", "y"])
    assert (shown["state"], shown["reason"]) == ("failed", "KeyError: ")
    assert (experiment.get_tags(), experiment.get_name()) == (["x", "y"], "a name")
    assert experiment.url in capsys.readouterr().out
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"s3cret-key" not in path.read_bytes(), path
    experiment = comet_ml.Experiment(log_code=False)
    experiment.end()
    assert read(tmp_path)["state"] == "finished"
    assert not experiment.alive


def test_a_context_ends_with_an_exception(experiment, tmp_path):
    with pytest.raises(KeyError), experiment.train():
        raise KeyError
    assert experiment.context is None
    experiment.log_metric("x", 1)
    assert "x" in read(tmp_path)["points"]


def test_epochs_are_a_curve_of_their_own(experiment, tmp_path):
    for epoch in range(2):
        for batch in range(3):
            experiment.log_metric("loss", batch, step=3 * epoch + batch, epoch=epoch)
        experiment.log_epoch_end(epoch)
    series = read(tmp_path, series=["epoch", "loss"])["series"]
    assert series["epoch"]["value"] == [0, 1]
    assert series["epoch"]["step"] == [0, 3]
    assert series["loss"]["step"] == [*range(6)]


def test_files_of_one_series_are_a_movie(experiment, tmp_path):
    """The tutorial writes output/…/500.png, and gives log_image the path alone."""
    for folder, step in (("mnist-normal", 0), ("mnist-normal", 500), (".", 500)):
        path = tmp_path / folder / f"{'' if folder != '.' else 'walk_00'}{step}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4), step % 251).save(path)
        experiment.log_image(str(path))
    experiment.set_step(7)
    experiment.log_image(path)
    experiment.log_image(path)
    found = pictures(experiment, tmp_path)
    assert found.keys() == {
        *(("mnist-normal", step) for step in (0, 500)),
        *(("walk", 500), ("walk", 7), ("walk_00500", 7)),
    }
    assert found["mnist-normal", 500][0, 0, 0] == 500 % 251
    captions = {p["name"]: p["caption"] for p in read(tmp_path)["pictures"]}
    assert captions["mnist-normal"] == "500.png"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b/samples_0500.png", ("samples", 500)),
        ("a/b/img7.png", ("img", 7)),
        ("a/b/12.png", ("b", 12)),
        ("a/epoch_3-step_4.jpg", ("epoch_3-step", 4)),
        ("a/mnist-28x28.png", ("mnist-28x28", None)),
        ("a/grid.png", ("grid", None)),
    ],
)
def test_series_of_files(name, expected):
    assert comet_ml.image.series(name) == expected


def test_how_arrays_are_read(experiment, tmp_path):
    channels_first = np.zeros((3, 3, 3), np.uint8)
    channels_first[0] = 200
    experiment.log_image(channels_first, name="first", step=1, image_channels="first")
    experiment.log_image([[0, 5], [10, 20]], name="range", step=1, image_minmax=(0, 10))
    experiment.log_image(np.arange(6.0) / 5, name="flat", step=1, image_shape=(3, 2))
    experiment.log_image([[0, 255]], name="large", step=1, image_scale=2.0)
    experiment.log_image(Image.new("L", (1, 1), 9), name="pil", step=1)
    experiment.log_image(io.BytesIO(png(8)), name="file", step=1)
    experiment.log_image([[1]], step=1)
    experiment.log_image([[2]], step=1)
    found = pictures(experiment, tmp_path)
    assert found["first", 1][0, 0].tolist() == [200, 0, 0]
    assert found["range", 1][:, :, 0].tolist() == [[0, 128], [255, 255]]
    assert found["flat", 1].shape == (2, 3, 3)
    assert found["large", 1][:, :, 0].tolist() == [[0, 0, 255, 255]] * 2
    assert [found[name, 1][0, 0, 0] for name in ("pil", "file", "image", "image (2)")] == [
        *(9, 8, 1, 2)
    ]


def test_colours_are_matplotlibs(experiment, tmp_path):
    matplotlib = pytest.importorskip("matplotlib", reason="Matplotlib is in the dev extra")
    experiment.log_image([[0.0, 1.0]], name="map", step=1, image_colormap="viridis")
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    experiment.log_figure("figure", figure, step=2)
    experiment.log_image(figure, name="as image", step=2)
    found = pictures(experiment, tmp_path)
    expected = matplotlib.colormaps["viridis"]([0, 255], bytes=True)[:, :3]
    assert found["map", 1][0].tolist() == expected.tolist()
    assert (found["figure", 2] == found["as image", 2]).all()


def png(value):
    buffer = io.BytesIO()
    Image.new("L", (2, 2), value).save(buffer, "PNG")
    return buffer.getvalue()


def test_charts_are_plotlys(experiment):
    """Plotly reads them; their numbers are those of NumPy and scikit-learn."""
    from plotly.io import from_json
    from sklearn.metrics import confusion_matrix

    random = np.random.default_rng(0)
    values = np.append(random.normal(size=500), np.nan)
    truth, told = random.integers(0, 4, 50), random.integers(0, 4, 50)
    experiment.log_histogram_3d(values, name="weights", step=3)
    experiment.log_curve("roc", [0, 0.5, 1], [0, 0.8, 1], step=3)
    experiment.log_confusion_matrix(truth, np.eye(4)[told], labels=list("abcd"), step=3)
    experiment.log_confusion_matrix(matrix=[[1, 2], [3, 4]], file_name="other.json", step=3)
    where = experiment._run.folder.files / "figures"

    def chart(name):
        return from_json((where / f"{name}-3.plotly.json").read_text())

    counts, edges = np.histogram(values[:-1], 64)
    bars = chart("weights").data[0]
    assert list(bars.y) == counts.tolist()
    assert np.allclose(bars.x, (edges[1:] + edges[:-1]) / 2)
    assert list(chart("roc").data[0].y) == [0, 0.8, 1]
    matrix = chart("confusion-matrix")
    assert np.array_equal(matrix.data[0].z, confusion_matrix(truth, told))
    assert list(matrix.data[0].x) == list("abcd")
    assert matrix.layout.yaxis.title.text == "Actual Category"
    assert np.array_equal(chart("other").data[0].z, [[1, 2], [3, 4]])


def test_files_are_kept_and_none_is_lost(experiment, tmp_path, monkeypatch):
    source = tmp_path / "weights" / "deep" / "w.bin"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"first")
    said = experiment.log_asset(str(source))
    assert said["assetId"] == "w.bin"
    source.write_bytes(b"second")
    assert experiment.log_asset(source)["assetId"] == "w-2.bin"
    experiment.log_asset(io.StringIO("text"), file_name="deep/open.txt")
    experiment.log_asset_data({"a": [1, float("nan")]}, name="d.json")
    experiment.log_asset_data("old", name="o.txt")
    experiment.log_asset_data("new", name="o.txt", overwrite=True)
    experiment.log_asset_folder(str(tmp_path / "weights"), recursive=True)
    experiment.log_model("gen", str(source))
    experiment.log_model("all", str(tmp_path / "weights"), prepend_folder_name=False)
    experiment.log_code(code="x = 1", code_name="c.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(source), raising=False)
    experiment.log_code()
    experiment.log_html("<b>1</b>")
    experiment.log_html_url("http://x/?a&b", "<there>")
    experiment.set_model_graph("a graph")
    experiment.log_video(io.BytesIO(b"film"), name="walk.gif")
    assert files(experiment) == {
        *("w.bin", "w-2.bin", "deep/open.txt", "d.json", "o.txt", "weights/deep/w.bin"),
        *("models/gen/w.bin", "models/all/deep/w.bin", "code/c.py", "code/w.bin"),
        *("page.html", "model-graph.txt", "videos/walk.gif"),
    }
    where = experiment._run.folder.files
    assert (where / "w.bin").read_bytes() == b"first"
    assert (where / "o.txt").read_text() == "new"
    page = '<b>1</b><p><a href="http://x/?a&amp;b">&lt;there&gt;</a></p>\n'
    assert (where / "page.html").read_text() == page
    experiment.log_html("<i>2</i>", clear=True)
    assert (where / "page.html").read_text() == "<i>2</i>"


def test_names_do_not_lead_out(experiment, tmp_path, capsys):
    experiment.log_asset_data("x", name="../../out.txt")
    experiment.log_asset_data("x", name="/etc/out.txt")
    experiment.log_curve("../../../up", [1], [1])
    assert files(experiment) == {"etc/out.txt"}
    assert "leads out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "headers", "expected"),
    [
        ([[1, 2], [3, 4]], ["a", "b"], [["a", "b"], ["1", "2"], ["3", "4"]]),
        ([[1, "x,y"]], False, [["1", "x,y"]]),
        ([[1, 2]], True, [["column_1", "column_2"], ["1", "2"]]),
        ([1, 2], False, [["1", "2"]]),
        (np.eye(2, dtype=int), False, [["1", "0"], ["0", "1"]]),
        ({"a": [1, 2], "b": [3, 4]}, False, [["a", "b"], ["1", "3"], ["2", "4"]]),
        ([{"a": 1}, {"b": 2}], False, [["a", "b"], ["1", ""], ["", "2"]]),
    ],
)
def test_tables(experiment, data, headers, expected):
    experiment.log_table("t.csv", data, headers=headers)
    with open(experiment._run.folder.files / "t.csv", newline="") as file:
        assert list(csv.reader(file)) == expected


def test_data_frames_are_tables(experiment):
    pandas = pytest.importorskip("pandas", reason="pandas comes with the dev extra")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    experiment.log_table("t.tsv", frame)
    experiment.log_table("t.json", frame)
    where = experiment._run.folder.files
    assert pandas.read_csv(where / "t.tsv", sep="\t").equals(frame)
    assert json.loads((where / "t.json").read_text()) == frame.to_dict("records")


def test_sound(experiment):
    experiment.log_audio(np.array([0.0, 0.5, -2.0]), sample_rate=8000, file_name="beep")
    with wave.open(str(experiment._run.folder.files / "audio/beep.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [0, 16384, -32767]


def test_texts_at_one_step_are_all_kept(experiment, tmp_path):
    for text in ("one", "two"):
        experiment.log_text(text, step=3)
    assert [(t["step"], t["text"]) for t in read(tmp_path)["said"]] == [(3, "one"), (3, "two")]


def test_old_and_unknown_names_are_said_once(experiment, tmp_path, capsys):
    for _ in range(2):
        experiment.log_multiple_params({"lr": 1})
        experiment.log_multiple_metrics({"a": 1}, step=5)
        experiment.log_step(6)
        experiment.log_embedding([1], labels=[2])
        experiment.log_metric("b", 1, colour="red")
        experiment.log_metric("c", "word")
        experiment.log_metric()
        experiment.log_image(tmp_path / "nowhere.png")
        experiment.log_confusion_matrix([1, 2], [1])
    said = capsys.readouterr().err
    for words in (
        "log_multiple_params() is called log_parameters()",
        "log_step() is called set_step()",
        "Experiment.log_embedding is not supported",
        "log_metric(colour=…) is not supported",
        "c is no number",
        "log_metric(): ",
        "nowhere.png",
        "2 true classes, but 1",
    ):
        assert said.count(words) == 1, words
    shown = read(tmp_path, series=["a", "b"])
    assert shown["config"] == {"lr": 1}
    assert (shown["series"]["a"]["step"], shown["series"]["b"]["step"]) == ([5], [6])
    assert not hasattr(experiment, "_private")


def test_disabled_writes_nothing(tmp_path):
    experiment = comet_ml.Experiment(disabled=True)
    with experiment.train():
        experiment.log_metric("x", 1)
        experiment.log_image([[1]], name="p")
        experiment.log_asset_data("x", name="y")
        experiment.log_text("t")
    assert (experiment.url, experiment.disabled, experiment.alive) == (None, True, False)
    experiment.end()
    assert not list(tmp_path.iterdir())


def test_going_on_with_an_experiment(tmp_path):
    first = comet_ml.Experiment(project_name="p", experiment_key="k" * 32)
    first.log_metric("x", 1)
    first.log_metric("x", 2)
    first.end()
    again = comet_ml.ExistingExperiment(previous_experiment=first.get_key())
    again.log_metric("x", 3)
    again.end()
    offline = comet_ml.ExistingOfflineExperiment(
        offline_directory=str(tmp_path), experiment_key="k" * 32
    )
    offline.log_metric("x", 4)
    offline.end()
    shown = read(tmp_path, series=["x"])
    assert shown["processes"] == 3
    assert shown["series"]["x"]["value"] == [1, 2, 3, 4]
    assert shown["series"]["x"]["step"] == [0, 1, 2, 3]
    with pytest.raises(StoreError, match="no run 'gone'"):
        comet_ml.ExistingExperiment(experiment_key="gone")
    with pytest.raises(InputError, match="experiment_key"):
        comet_ml.ExistingExperiment()


def test_start(tmp_path, monkeypatch):
    monkeypatch.setenv("COMET_PROJECT_NAME", "by environment")
    comet_ml.login(api_key="x")
    config = comet_ml.ExperimentConfig(name="n", tags=["t"], log_code=False)
    first = comet_ml.start(experiment_config=config)
    assert comet_ml.start() is first
    assert comet_ml.get_running_experiment() is comet_ml.get_global_experiment() is first
    other = comet_ml.start(mode="create", project_name="q", online=False)
    assert other.id != first.id
    other.end()
    assert comet_ml.get_running_experiment() is None
    first.end()
    again = comet_ml.start(experiment_key=first.id, mode="get")
    assert again.id == first.id
    again.end()
    shown = read(tmp_path, first.id)
    assert (shown["project"], shown["name"], shown["tags"]) == ("by environment", "n", ["t"])
    with pytest.raises(InputError, match="no run 'gone'"):
        comet_ml.start(experiment_key="gone", mode="get")
    with pytest.raises(InputError, match="mode 'x'"):
        comet_ml.start(mode="x")
    new = comet_ml.start(experiment_key="newkey")
    assert new.id == "newkey"
    new.end()
