"""`ganbench import` as a script uses it."""

import json

import pytest

from ganbench.cli import main


def message(name, value, step):
    metric = {"metricName": name, "metricValue": value, "step": step, "epoch": None}
    payload = {"local_timestamp": 1.7e12 + step, "metric": metric}
    return json.dumps({"type": "metric_msg", "payload": payload})


@pytest.fixture
def experiment(tmp_path):
    """An unpacked offline experiment, whose third message is damaged."""
    folder = tmp_path / "experiment"
    folder.mkdir()
    lines = [message("loss", 1.5, 0), message("loss", "NaN", 1), "{dam\x1b[31maged"]
    (folder / "messages.json").write_text("\n".join(lines))
    about = {"offline_id": "abc", "project_name": "gan", "start_time": 1.7e12, "stop_time": 1.8e12}
    (folder / "experiment.json").write_text(json.dumps(about))
    return folder


def run(capsys, *words):
    capsys.readouterr()
    status = main([str(word) for word in words])
    return status, capsys.readouterr()


def test_it_says_what_came_where(capsys, experiment, tmp_path):
    runs_dir = tmp_path / "runs"
    status, said = run(capsys, "import", "comet", experiment, "--runs-dir", runs_dir)
    (folder,) = runs_dir.glob("*-gan")
    assert status == 0
    assert f"abc (gan) → {folder.name}: finished, 2 points\n" in said.out
    assert f"http://127.0.0.1:8642/runs/{folder.name}" in said.out
    assert "lost: messages.json line 3" in said.err
    assert "\x1b" not in said.err


def test_a_second_time(capsys, experiment, tmp_path):
    words = ("import", "comet", experiment, "--runs-dir", tmp_path / "runs")
    run(capsys, *words)
    (folder,) = (tmp_path / "runs").glob("*-gan")
    status, said = run(capsys, *words)
    assert status == 0
    assert f"already imported as {folder.name}; --again imports it anew" in said.out
    with (experiment / "messages.json").open("a") as file:
        file.write("\n" + message("loss", 2, 2))
    assert "when there was less of it" in run(capsys, *words)[1].out
    assert run(capsys, *words, "--again")[0] == 0
    assert len(list((tmp_path / "runs").glob("*-gan"))) == 2


def test_the_imported_run_is_shown(capsys, experiment, tmp_path):
    run(capsys, "import", "comet", experiment, "--runs-dir", tmp_path / "runs")
    status, said = run(capsys, "runs", "show", "latest", "--runs-dir", tmp_path / "runs")
    assert status == 0
    assert "loss" in said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("comet",), "which one"),
        (("comet", "nowhere.zip"), "No such file"),
        (("tensorboard", "nowhere"), "no such folder|not installed"),
        (("wandb", "nowhere"), "holds no runs|not installed"),
        (("mlflow", "sqlite:///nowhere.db"), "is not there"),
        (("trackio", "--folder", "nowhere"), "holds no projects"),
    ],
)
def test_errors_say_what_is_wrong(capsys, tmp_path, monkeypatch, words, hint):
    monkeypatch.chdir(tmp_path)
    status, said = run(capsys, "import", *words)
    assert status == 1
    assert any(part in said.err for part in hint.split("|"))
    assert said.err.startswith("ganbench: ")
    assert "Traceback" not in said.err
