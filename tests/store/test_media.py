"""Pictures are stored without loss, by content, and off the calling thread."""

import hashlib
import threading

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import StoreError
from ganbench.store import folder, journal, media
from ganbench.store.journal import Journal
from ganbench.store.media import MediaWriter


@pytest.fixture
def writer(tmp_path):
    run = folder.create(tmp_path, "x", {})
    log = Journal(run.path, step=0)
    made = MediaWriter(run, log)
    yield run, log, made
    log.close()


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (30, 40, 3)).astype(np.uint8)


def records(log):
    return [r for r in journal.read(log.path)[0] if isinstance(r, dict) and r["kind"] == "media"]


def test_pictures_survive_bit_for_bit(writer):
    run, log, made = writer
    for step in range(5):
        made.put(picture(step).copy, name="samples", step=step, seen=step * 64)
    made.close()
    found = records(log)
    assert [(r["name"], r["step"], r["seen"]) for r in found] == [
        ("samples", step, step * 64) for step in range(5)
    ]
    for record in found:
        path = run.media / f"{record['sha256']}.webp"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
        assert (record["width"], record["height"]) == (40, 30)
        stored = np.asarray(Image.open(path).convert("RGB"))
        assert np.array_equal(stored, picture(record["step"]))


def test_equal_pictures_are_one_file(writer):
    run, log, made = writer
    made.put(picture(0).copy, name="a", step=0, seen=0)
    made.put(picture(0).copy, name="a", step=1, seen=1)
    made.close()
    assert len(records(log)) == 2
    assert len(list(run.media.iterdir())) == 1


def test_encoding_happens_on_another_thread(writer, monkeypatch):
    _, _, made = writer
    seen = []
    real = media.encode
    monkeypatch.setattr(
        media, "encode", lambda p: seen.append(threading.current_thread().name) or real(p)
    )
    made.put(picture(0).copy, name="a", step=0, seen=0)
    made.close()
    assert seen == ["ganbench-media"]


def test_an_error_of_the_thread_reaches_the_caller(writer, monkeypatch):
    _, _, made = writer

    def fail(path, content):
        raise StoreError(f"{path}: the disk is full")

    monkeypatch.setattr(media, "replace_file", fail)
    made.put(picture(0).copy, name="a", step=0, seen=0)
    with pytest.raises(StoreError, match="disk is full"):
        made.flush()
    with pytest.raises(StoreError, match="disk is full"):
        made.put(picture(1).copy, name="a", step=1, seen=1)
