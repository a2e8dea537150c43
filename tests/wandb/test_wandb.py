"""Scripts that were written for W&B: all of it arrives in the run folder, and nothing raises."""

import argparse
import csv
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import ganbench.wandb as wandb
from ganbench.errors import InputError
from ganbench.track import quiet
from tests.track.reading import read, stored


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.setattr(quiet, "_said", set())
    monkeypatch.setattr(wandb, "_current", [])
    monkeypatch.setenv("GANBENCH_RUNS", str(tmp_path))
    for name in ("MODE", "PROJECT", "NAME", "RUN_ID"):
        monkeypatch.delenv(f"WANDB_{name}", raising=False)


@pytest.fixture
def run():
    made = wandb.init(project="p")
    yield made
    made._run.finish(summary=False)


def pictures(run, tmp_path):
    run._run.flush()
    return stored(run._run.folder.media, read(tmp_path, run.id))


def files(run):
    where = run._run.folder.files
    return {str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()}


def test_importing_it_is_cheap():
    code = "import sys, ganbench.wandb; print({'torch', 'sqlalchemy', 'wandb'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "by environment")
    config = argparse.Namespace(lr=1, secret=2, more=3)
    with wandb.init(
        name="n", notes="*n*", tags=["t"], config=config, config_exclude_keys=["secret"],
        group="g", job_type="train",
    ) as run:  # fmt: skip
        run.summary["best"] = 3
        run.name = "better"
        run.tags += ("u",)
        run.notes = "other"
        assert wandb.summary["best"] == 3
        run.log({"loss": 2})
        assert run.summary.loss == 2
        assert run.config.as_dict() == {"lr": 1, "more": 3}
        with pytest.raises(AttributeError, match="lr, more"):
            _ = run.config.nothing
    shown = read(tmp_path)
    assert (shown["project"], shown["name"]) == ("by environment", "better")
    assert (shown["tags"], shown["notes"]) == (["t", "u"], "other")
    assert shown["config"] == {
        "lr": 1,
        "more": 3,
        "summary": {"best": 3},
        "wandb": {"group": "g", "job_type": "train"},
    }
    assert shown["state"] == "finished"


@pytest.mark.parametrize(("code", "state"), [(None, "finished"), (0, "finished"), (3, "failed")])
def test_how_it_ends(tmp_path, code, state):
    wandb.init(project="p")
    wandb.finish(code)
    assert read(tmp_path)["state"] == state
    assert wandb.run is None


def test_images_and_galleries(run, tmp_path):
    wandb.log({"one": wandb.Image(np.full((2, 3), 7, np.uint8), caption="seven")})
    wandb.log({"batch": wandb.Image(torch.ones(4, 1, 5, 5)), "pil": Image.new("L", (2, 2), 5)})
    wandb.log({"many": [wandb.Image(np.zeros((2, 2)), caption=c) for c in "ab"], "n": {"x": 1}})
    wandb.log({"sizes": [wandb.Image(np.ones((2, 2))), wandb.Image(np.ones((4, 3)))]})
    found = pictures(run, tmp_path)
    assert (found["one", 0] == 7).all()
    assert found["batch", 1].shape == (16, 16, 3)
    assert (found["pil", 1] == 5).all()
    assert found["many", 2].shape == (6, 10, 3)
    assert found["sizes", 3].shape == (8, 12, 3)
    assert found["sizes", 3][2:6, 7:10, 0].min() == 255
    captions = {p["name"]: p["caption"] for p in read(tmp_path)["pictures"]}
    assert (captions["one"], captions["many"]) == ("seven", "a, b")


def test_figures_histograms_films_tables_pages(run, tmp_path):
    from matplotlib.figure import Figure
    from plotly.io import from_json

    figure = Figure()
    figure.subplots().plot([1, 2])
    counts, edges = np.histogram([1, 2, 2, 5], 3)
    table = wandb.Table(columns=["id", "image"], data=[[1, wandb.Image(np.ones((2, 2)))]])
    table.add_data(2, wandb.Image(np.zeros((2, 2)), caption="two"))
    (tmp_path / "film.mp4").write_bytes(b"film")
    frames = np.zeros((2, 3, 1, 4, 6), np.uint8)
    frames[:, 1] = 255
    frames[:, 2] = 128
    wandb.log(
        {
            "figure": figure,
            "given": wandb.Histogram(np_histogram=(counts, edges)),
            "counted": wandb.Histogram([1, 2, 2, 5], num_bins=3),
            "weights": torch.arange(10.0),
            "film": wandb.Video(str(tmp_path / "film.mp4")),
            "walk": wandb.Video(frames, fps=10),
            "table": table,
            "page": wandb.Html("<b>x</b>"),
            "said": "a text",
        },
        step=4,
    )
    found = pictures(run, tmp_path)
    assert found.keys() == {("figure", 4), ("table", 4)}
    assert files(run) == {
        *(f"figures/{name}-4.plotly.json" for name in ("given", "counted", "weights")),
        *("videos/film-4.mp4", "videos/walk-4.gif", "tables/table-4.csv", "html/page-4.html"),
    }
    where = run._run.folder.files
    charts = [
        from_json((where / f"figures/{name}-4.plotly.json").read_text()).data[0]
        for name in ("given", "counted")
    ]
    assert [list(chart.y) for chart in charts] == [counts.tolist()] * 2
    with Image.open(where / "videos/walk-4.gif") as film:
        assert film.n_frames == 3
        assert film.info["duration"] == 100
        film.seek(1)
        assert film.convert("L").getpixel((4, 4)) == 255
    with open(where / "tables/table-4.csv", newline="") as file:
        assert list(csv.reader(file)) == [["id", "image"], ["1", "image"], ["2", "two"]]
    assert [(t["name"], t["step"], t["text"]) for t in read(tmp_path)["said"]] == [
        ("said", 4, "a text")
    ]


def test_watch_sees_gradients_and_weights(run):
    from plotly.io import from_json

    net = torch.nn.Linear(3, 2, bias=False)
    wandb.watch([net, torch.nn.Linear(1, 1)], log="all", log_freq=2)
    gradients = []
    for step in range(4):
        loss = (net(torch.full((1, 3), float(step + 1))) ** 2).sum()
        net.zero_grad()
        loss.backward()
        gradients.append(net.weight.grad.numpy().copy())
        wandb.log({"loss": loss}, commit=True)
    names = {
        f"figures/{kind}/weight-{step}" for kind in ("gradients", "parameters") for step in (0, 2)
    }
    assert files(run) == {f"{name}.plotly.json" for name in names}
    path = run._run.folder.files / "figures/gradients/weight-2.plotly.json"
    counts, _ = np.histogram(gradients[2], 64)
    assert list(from_json(path.read_text()).data[0].y) == counts.tolist()
    wandb.unwatch()
    net(torch.ones(1, 3)).sum().backward()
    assert len(files(run)) == 4


def test_save_and_alert(run, tmp_path, capsys):
    source = tmp_path / "source" / "deep"
    source.mkdir(parents=True)
    (source / "a.txt").write_text("a")
    assert wandb.save(str(source / "*.txt")) == ["a.txt"]
    assert wandb.save(str(source / "*.txt"), base_path=str(tmp_path / "source")) == ["deep/a.txt"]
    assert files(run) == {"a.txt", "deep/a.txt"}
    wandb.alert("Collapse", "all are 7")
    assert "Collapse: all are 7" in capsys.readouterr().err
    assert read(tmp_path)["said"][0]["text"] == "**Collapse**\n\nall are 7"


def test_what_is_wrong_or_unknown_is_said_once(run, tmp_path, capsys):
    wandb.log({"x": 1}, step=3)
    for _ in range(2):
        wandb.log({"x": 2}, step=1)
        wandb.log({"image": wandb.Image(str(tmp_path / "nowhere.png")), "y": 1}, step=3)
        wandb.log({"bad": wandb.Histogram(), "list": ["a"], "y": 2}, step=3)
        wandb.log("no mapping", step=3)
        wandb.log({"sound": wandb.Audio([1]), "none": None}, step=3)
        run.log_artifact("x")
        run.log({"y": 3}, step=3, sync=True)
        wandb.mark_preempting()
    said = capsys.readouterr().err
    for words in (
        "step 1 is before step 3",
        "nowhere.png",
        "Histogram: expected",
        "list is no number",
        "wandb.Audio is not supported",
        "wandb.Run.log_artifact is not supported",
        "log(sync=…) is not supported",
        "wandb.mark_preempting is not supported",
    ):
        assert said.count(words) == 1, words
    series = read(tmp_path, series=["x", "y"])["series"]
    assert (series["x"]["value"], series["y"]["value"]) == ([1], [3])


def test_what_needs_a_server_is_refused():
    for name in ("sweep", "agent", "Api", "use_artifact"):
        with pytest.raises(AttributeError, match="needs W&B's server"):
            getattr(wandb, name)
    with pytest.raises(InputError, match=r"wandb.init\(\) first"):
        wandb.log({"x": 1})
    assert wandb.run is None
    assert wandb.login(key="k") is True


def test_disabled_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    with wandb.init(project="p", config={"a": 1}) as run:
        wandb.log({"x": 1, "p": wandb.Image(np.zeros((2, 2))), "t": wandb.Table(data=[[1]])})
        wandb.config.b = 2
        wandb.watch(torch.nn.Linear(1, 1))
        assert (run.url, run.dir, run.step, wandb.config.b) == (None, "", 1, 2)
    assert not list(tmp_path.iterdir())


def test_going_on(tmp_path):
    for resume, value in (("never", 1), ("allow", 2), (None, 3), ("must", 4)):
        run = wandb.init(project="p", id="mine", resume=resume, config={f"by {value}": value})
        wandb.log({"x": value})
        assert run.resumed is (value > 1)
        wandb.finish()
    shown = read(tmp_path, series=["x"])
    assert shown["series"]["x"]["step"] == [0, 1, 2, 3]
    assert shown["config"] == {f"by {value}": value for value in (1, 2, 3, 4)}
    assert shown["processes"] == 4
    for resume, id in (("never", "mine"), ("must", "gone"), ("sometimes", "mine")):
        with pytest.raises(InputError, match="resume"):
            wandb.init(id=id, resume=resume)


def test_one_run_at_a_time(tmp_path):
    first = wandb.init(project="p")
    assert wandb.init(project="q") is first
    second = wandb.init(project="q", reinit=True)
    assert second is not first
    assert read(tmp_path, first.id)["state"] == "finished"
    third = wandb.init(project="r", reinit="create_new", dir=str(tmp_path / "elsewhere"))
    assert read(tmp_path, second.id)["state"] == "running"
    assert (tmp_path / "elsewhere" / third.id).is_dir()
    second.finish()
    third.finish()
