"""kill -9 while a loop logs at full speed: what was acknowledged is there, and the page says so.

The child tells of each record over a pipe after the call returned (of a picture, after `flush`).
"""

import math
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ganbench.store import query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index

LOOP = """
import os, sys
import numpy as np
import ganbench as gb

acknowledged = int(sys.argv[2])
run = gb.Run("kill", runs_dir=sys.argv[1], console=False)
os.write(acknowledged, b"run 0 %s\\n" % run.id.encode())
noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
step = 0
while True:
    run.log({"a": step, "b": -step, "c": step / 3, "d": float("nan"), "e": 0.5}, step=step)
    os.write(acknowledged, b"row %d\\n" % step)
    if step % 50 == 0:
        run.log_text(f"text {step}", step=step)
        os.write(acknowledged, b"text %d\\n" % step)
    if step % 100 == 0:
        run.log_image("samples", noise ^ np.uint8(step // 100 % 256), step=step)
    if step % 1000 == 0:
        run.flush()
        os.write(acknowledged, b"pictures %d\\n" % step)
    step += 1
"""


def start(runs_dir):
    """A child that logs: its run, it, and the reading end of its pipe."""
    reading, writing = os.pipe()
    command = [sys.executable, "-c", LOOP, str(runs_dir), str(writing)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, pass_fds=[writing])
    os.close(writing)
    pipe = os.fdopen(reading, "rb")
    return pipe.readline().split()[-1].decode(), child, pipe


def kill(child, pipe, after):
    """Kills it after so many acknowledgements; the last step of each kind."""
    last = {"row": -1, "text": -1, "pictures": -1}
    for i, line in enumerate(pipe):  # it ends when the child does, with what was on its way
        if i == after:
            child.send_signal(signal.SIGKILL)
        if line.endswith(b"\n"):  # else it was killed while it told us
            kind, step = line.split()
            last[kind.decode()] = int(step)
    pipe.close()
    assert child.wait() == -signal.SIGKILL
    return last


def check(index, run, last):
    """Everything up to the last acknowledged steps is there, and is right."""
    shown = query.show_run(index, run)
    assert (shown["state"], shown["damaged"]) == ("killed", 0)
    series = query.read_series(index, run, dict.fromkeys("abcde", 0))
    steps = series["a"]["step"]
    assert steps == list(range(len(steps)))
    assert len(steps) > last["row"]
    assert series["b"]["value"] == [-step for step in steps]
    assert series["c"]["value"] == [step / 3 for step in steps]
    assert all(map(math.isnan, series["d"]["value"]))
    texts = [text["step"] for text in query.read_texts(index, run, 10**9)]
    assert texts == list(range(0, len(texts) * 50, 50))
    assert max(texts, default=-1) >= last["text"]
    pictures = shown["pictures"]
    assert [p["step"] for p in pictures] == list(range(0, len(pictures) * 100, 100))
    assert max((p["step"] for p in pictures), default=-1) >= last["pictures"]
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    media = RunFolder(query.folder_of(index, run)).media
    for picture in pictures[-20:]:
        with Image.open(media / f"{picture['sha256']}.webp") as image:
            expected = noise ^ np.uint8(picture["step"] // 100 % 256)
            assert np.array_equal(np.asarray(image), expected)


@pytest.mark.parametrize("times", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_nothing_that_was_acknowledged_is_lost(tmp_path, times):
    """Each is killed at another moment; the last of them while an index is reading it."""
    index = Index(tmp_path)
    for i in range(times):
        run, child, pipe = start(tmp_path)
        last = kill(child, pipe, random.Random(i).randrange(20_000))
        index.refresh()
        check(index, run, last)
    run, child, pipe = start(tmp_path)
    for _ in range(20):
        index.refresh()
        assert {row["state"] for row in query.list_runs(index)} == {"killed", "running"}
    last = kill(child, pipe, 0)
    index.refresh()
    check(index, run, last)
    assert len(query.list_runs(index)) == times + 1
    index.close()
