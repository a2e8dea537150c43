"""Other people's loops: everything arrives, nothing raises, whatever the process does."""

import math
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

import ganbench as gb
from ganbench.errors import InputError, StoreError
from ganbench.track import quiet
from tests.track.reading import read, stored


@pytest.fixture(autouse=True)
def _fresh_warnings(monkeypatch):
    monkeypatch.setattr(quiet, "_said", set())


@pytest.fixture
def run(tmp_path):
    made = gb.Run("my GAN", config={"lr": 1e-3, "net": {"k": 3}}, tags=["a"], runs_dir=tmp_path)
    yield made
    made.finish(summary=False)


def test_everything_arrives(tmp_path, capsys):
    run = gb.Run("my GAN", config={"lr": 1e-3, "net": {"k": 3}}, tags=["a"], runs_dir=tmp_path)
    with run.train():
        run.log({"loss": np.float32(0.5), "bad": math.nan})
        run.log({"loss": 0.25, "bad": math.inf}, seen=64)
    run.log({"acc": True}, step=10)
    run.log_text("hello **world**")
    run.log_config({"late": {"x": (1, 2)}})
    run.add_tags("b", "a")
    run.note("a *note*")
    run.log_file(b"content", "deep/name.txt")
    print("printed line")
    run.finish()
    shown = read(tmp_path, run.id, ["train_loss", "train_bad", "acc"])
    assert shown["state"] == "finished"
    assert shown["series"]["train_loss"]["value"] == [0.5, 0.25]
    assert shown["series"]["train_loss"]["step"] == [0, 1]
    assert shown["series"]["train_loss"]["seen"] == [0, 64]
    assert math.isnan(shown["series"]["train_bad"]["value"][0])
    assert shown["series"]["acc"]["step"] == [10]
    assert [(t["name"], t["step"], t["text"]) for t in shown["said"]] == [
        ("text", 10, "hello **world**")
    ]
    assert shown["config"] == {"lr": 1e-3, "net": {"k": 3}, "late": {"x": [1, 2]}}
    assert (shown["tags"], shown["notes"]) == (["a", "b"], "a *note*")
    assert (run.folder.files / "deep/name.txt").read_bytes() == b"content"
    assert "printed line" in run.folder.console.read_text()
    printed = capsys.readouterr().out
    assert run.url in printed
    assert "finished at step 10" in printed
    assert "train_loss" in printed


def test_contexts_nest_and_end_with_an_exception(run, tmp_path):
    def fails():
        with run.train(), run.context("inner"):
            run.log({"x": 1})
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    run.log({"x": 2})
    assert set(read(tmp_path)["points"]) >= {"train_inner_x", "x"}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.full((2, 3), 7, np.uint8), 7),
        (np.full((2, 3, 1), 0.5), 128),
        (np.full((2, 3, 4), -1.0), 255),
        (np.full((2, 3, 3), 200.0), 200),
        (np.ones((2, 3), bool), 255),
        (np.full((2, 3), 300), 255),
        (np.dstack([np.zeros((2, 3, 3), np.uint8), np.full((2, 3), 51, np.uint8)]), 204),
        (Image.new("L", (3, 2), 9), 9),
    ],
)
def test_images_of_any_kind(run, tmp_path, image, expected):
    run.log_image("x", image, 4)
    run.flush()
    picture = stored(run.folder.media, read(tmp_path))["x", 4]
    assert picture.shape == (2, 3, 3)
    assert (picture == expected).all()


def test_an_image_may_change_once_it_is_logged(run, tmp_path):
    array = np.zeros((4, 4), np.uint8)
    for step in range(50):
        array[:] = step
        run.log_image("x", array, step)
    path = tmp_path / "x.png"
    Image.new("L", (4, 4), 77).save(path)
    run.log_image("x", str(path), 99)
    path.unlink()
    run.flush()
    pictures = stored(run.folder.media, read(tmp_path))
    assert [int(pictures["x", step][0, 0, 0]) for step in (*range(50), 99)] == [*range(50), 77]


def test_an_image_may_be_made_later(run, tmp_path):
    threads = []

    def draw():
        threads.append(threading.current_thread())
        return np.full((2, 3, 3), 5, np.uint8)

    run.log_image("x", draw, 1)
    run.log_images("x", [draw, draw], 2)
    run.flush()
    pictures = stored(run.folder.media, read(tmp_path))
    assert (pictures["x", 1] == 5).all()
    assert pictures["x", 2].shape == (6, 12, 3)
    assert threading.current_thread() not in threads


def test_a_grid(run, tmp_path):
    run.log_images("samples", np.arange(4).reshape(4, 1, 1, 1) * np.ones((4, 1, 5, 5)) / 3, 1)
    run.log_images("list", [np.zeros((3, 3)), np.ones((3, 3))], 1, columns=2)
    run.flush()
    pictures = stored(run.folder.media, read(tmp_path))
    assert pictures["samples", 1].shape == (16, 16, 3)
    assert pictures["samples", 1][[3, 3, 10, 10], [3, 10, 3, 10], 0].tolist() == [0, 85, 170, 255]
    assert pictures["list", 1].shape == (7, 12, 3)


def test_figures(run, tmp_path):
    import plotly.graph_objects as go

    run.log_figure("curve", go.Figure(go.Scatter(y=[1, 2])), 3)
    assert (run.folder.files / "figures/curve-3.plotly.json").read_bytes().startswith(b"{")
    run.log_figure("nothing", object())


def test_nothing_raises_and_each_thing_is_said_once(run, tmp_path, capsys):
    for _ in range(3):
        run.log({"x": "word", "y": 1})
        run.log("no mapping")
        run.log({"y": 1}, step="three")
        run.log_image("p", tmp_path / "nowhere.png")
        run.log_image("p", np.zeros((2, 2, 2, 2)))
        run.log_images("p", [])
        run.log_figure("p", 3)
        run.log_file(b"", "../../escaped")
        run.add_tags("")
    run.flush()
    said = capsys.readouterr().err
    for words in ("x is no number", "nowhere.png", "2×2×2×2", "leads out", "tag ''"):
        assert said.count(words) == 1
    assert read(tmp_path)["points"] == {"y": 3}
    assert not list(tmp_path.parent.glob("escaped*"))
    run.finish(summary=False)
    run.log({"y": 2})
    assert "has been finished" in capsys.readouterr().err


def test_a_full_disk_does_not_stop_the_loop(run, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    for _ in range(3):
        run.log({"x": 1})
    monkeypatch.undo()
    assert capsys.readouterr().err.count("the disk is full") == 1
    run.log({"x": 2})
    run.finish(summary=False)
    assert read(run.folder.path.parent, run.id)["points"] == {"x": 1}


def test_what_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        gb.Run(runs_dir=tmp_path / "file")
    with pytest.raises(InputError, match="list of words"):
        gb.Run(tags="word", runs_dir=tmp_path)


def test_a_run_goes_on(tmp_path):
    first = gb.Run("x", config={"net": {"k": 3, "d": 1}}, runs_dir=tmp_path, id="my_own-1")
    for value in (1, 2):
        first.log({"x": value}, seen=value * 64)
    first.log_image("p", np.zeros((2, 2)), 7)
    first.finish(summary=False)
    again = gb.Run.resume("my_own", runs_dir=tmp_path)
    assert (again.id, again.project, again.step) == ("my_own-1", "x", 7)
    again.log({"x": 3})
    again.log_config({"net": {"k": 4}})
    again.rename("better")
    assert read(tmp_path)["state"] == "running"
    again.finish(summary=False)
    shown = read(tmp_path, series=["x"])
    assert shown["series"]["x"]["step"] == [0, 1, 8]
    assert shown["series"]["x"]["seen"] == [64, 128, 128]
    assert (shown["name"], shown["config"]) == ("better", {"net": {"k": 4, "d": 1}})
    assert (shown["state"], shown["processes"]) == ("finished", 2)
    gb.Run("y", runs_dir=tmp_path, id="empty").finish(summary=False)
    unused = gb.Run.resume("empty", runs_dir=tmp_path)
    unused.log({"x": 1})
    unused.finish(summary=False)
    assert read(tmp_path, "empty", ["x"])["series"]["x"]["step"] == [0]


def test_an_id_is_unique_and_no_path(tmp_path):
    gb.Run(runs_dir=tmp_path / "deep", id="one").finish(summary=False)
    for id in ("one", "../one", "", "a/b", "latest", "-x", "a" * 101):
        with pytest.raises(InputError, match=r"run (id|one)"):
            gb.Run(runs_dir=tmp_path, id=id)
    with pytest.raises(StoreError, match="no run 'two'"):
        gb.Run.resume("two", runs_dir=tmp_path)


def test_threads(run, tmp_path):
    def work(number):
        with run.context(f"t{number}"):
            for step in range(200):
                run.log({"x": number}, step=step)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(tmp_path)["points"] == {f"t{i}_x": 200 for i in range(4)}


def script(tmp_path, body):
    code = f"import ganbench as gb, os, time\nrun = gb.Run('x', runs_dir={str(tmp_path)!r})\n{body}"
    return [sys.executable, "-c", code]


def test_a_fork_writes_a_journal_of_its_own(tmp_path):
    body = """
run.log({'x': 1.0})
if os.fork() == 0:
    for i in range(100): run.log({'child': float(i)}, step=i)
    run.log_image('p', [[1, 2]], 3); run.flush()
    os._exit(0)
os.wait()
time.sleep(0.05)
run.log({'x': 2.0})
"""
    subprocess.run(script(tmp_path, body), check=True, timeout=60)
    shown = read(tmp_path)
    assert shown["points"] == {"x": 2, "child": 100}
    assert (shown["state"], shown["processes"], len(shown["pictures"])) == ("finished", 2, 1)


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        ("run.log({'x': 1})", "finished", None),
        ("run.log({'x': 1}); raise ValueError('boom')", "failed", "ValueError: boom"),
        ("run.log({'x': 1}); raise KeyboardInterrupt", "killed", "stopped by Ctrl-C"),
        ("with run: run.log({'x': 1}); raise SystemExit(3)", "failed", "SystemExit: 3"),
        ("with run: run.log({'x': 1})", "finished", None),
        ("run.log({'x': 1}); os._exit(0)", "killed", None),
    ],
)
def test_a_run_ends_as_its_process_does(tmp_path, body, state, reason):
    subprocess.run(script(tmp_path, body), capture_output=True, timeout=60)
    shown = read(tmp_path)
    assert (shown["state"], shown["reason"]) == (state, reason)
    assert shown["points"] == {"x": 1}


def test_kill_9_loses_no_acknowledged_record(tmp_path):
    """Twenty times, at a random moment, at full speed; pictures go on meanwhile."""
    body = """
import numpy as np
with open(1, 'wb', buffering=0) as out:
    for i in range(10**9):
        run.log({'x': float(i)}, step=i)
        if i % 500 == 0: run.log_image('p', np.zeros((64, 64)), i)
        out.write(b'%d\\n' % i)
"""
    for attempt in range(20):
        where = tmp_path / str(attempt)
        child = subprocess.Popen(
            script(where, body), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        child.stdout.readline()
        threading.Timer(0.02 + 0.01 * attempt, child.send_signal, [signal.SIGKILL]).start()
        told = child.stdout.read()
        child.wait()
        child.stderr.close()
        child.stdout.close()
        acknowledged = told.splitlines()
        shown = read(where, series=["x"])
        assert shown["state"] == "killed"
        assert shown["damaged"] == 0
        steps = shown["series"]["x"]["step"]
        assert len(steps) >= len(acknowledged) > 0
        assert steps == list(range(len(steps)))
