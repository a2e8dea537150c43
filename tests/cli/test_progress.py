"""What a training leaves in console.log: the lines, not the bar that is redrawn."""

import sys

import pytest
from rich.console import Console

from ganbench.cli import live, progress
from ganbench.events import Diverged, Scalars, Stepped


def train(tiny, path, clock, monkeypatch, terminal):
    monkeypatch.setattr(live, "console", Console(force_terminal=terminal, width=160))
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    line = progress.TrainingLine(tiny(), "cpu", 0, path)
    with line:
        print("from the data loader")
        for step in range(1, 41):
            clock[0] += 1.0
            line.show(Scalars(step, step, {"dis_loss": 0.5}))
            line.show(Stepped(step, step))
        print("a warning", file=sys.stderr)
        line.show(Diverged(40, 40, "dis_loss"))
    return path.read_text().splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_lines_are_kept_and_redraws_are_not(tiny, tmp_path, monkeypatch, capsys, terminal):
    lines = train(tiny, tmp_path / "console.log", [0.0], monkeypatch, terminal)
    assert lines[:2] == ["ring8 from step 0 on cpu", "from the data loader"]
    assert [line.split(" ·")[0] for line in lines[2:4]] == ["step 16/40", "step 32/40"]
    assert lines[4:] == ["a warning", "dis_loss is not finite since step 40"]
    shown = capsys.readouterr()
    assert "from the data loader" in shown.out
    assert ("\x1b[" in shown.out) == terminal
    print("afterwards")
    assert capsys.readouterr().out == "afterwards\n"
    assert "afterwards" not in (tmp_path / "console.log").read_text()


def test_an_error_is_kept_with_its_traceback(tiny, tmp_path):
    path = tmp_path / "console.log"
    with pytest.raises(OSError, match="loader"), progress.TrainingLine(tiny(), "cpu", 7, path):
        raise OSError("the loader died")
    kept = path.read_text()
    assert kept.startswith("ring8 from step 7 on cpu\nTraceback")
    assert kept.endswith("OSError: the loader died\n")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_scoring_shows_how_far_it_is(tiny, tmp_path, monkeypatch, terminal):
    clock = [0.0]
    monkeypatch.setattr(live, "console", Console(force_terminal=terminal, width=160))
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.TrainingLine(tiny(), "cpu", 30, tmp_path / "console.log") as line:
        for what, total in (("real images", 400), ("training images", 1000)):
            for done in range(100, total + 1, 100):
                clock[0] += 4.0
                line.count(what, done, total)
    lines = (tmp_path / "console.log").read_text().splitlines()
    assert lines[1:] == [
        "step 30, scoring: real images 400/400 · 25 images/s · 0:00 left",
        "step 30, scoring: training images 400/1,000 · 25 images/s · 0:24 left",
        "step 30, scoring: training images 800/1,000 · 25 images/s · 0:08 left",
    ]
