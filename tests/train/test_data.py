"""Rows by picks: the same ones from memory, from a file, ahead of time or not."""

import threading

import numpy as np
import pytest
import torch

from ganbench.train import data as module
from ganbench.train.data import Stream, TrainingData, flip
from ganbench.train.rng import generator_of

CPU = torch.device("cpu")


@pytest.fixture
def pixels():
    draws = torch.Generator().manual_seed(1)
    return torch.randint(256, (50, 3, 4, 4), generator=draws, dtype=torch.uint8)


@pytest.fixture(params=["memory", "mapped"])
def made(request, pixels, tmp_path):
    labels = torch.arange(50) % 7
    if request.param == "memory":
        return TrainingData(pixels, "f", "n", labels)
    np.save(tmp_path / "x.npy", pixels.numpy())
    mapped = torch.from_numpy(np.load(tmp_path / "x.npy", mmap_mode="c"))
    return TrainingData(mapped, "f", "n", labels, mapped=True)


def picks_of(step):
    return torch.randint(50, (16,), generator=generator_of(0, "step", step))


def test_take_gives_the_rows_and_their_labels(made, pixels):
    stream = Stream(made, CPU)
    assert (len(stream), len(made), made.shape) == (50, 50, (3, 4, 4))
    for step in range(5):
        rows, labels = stream.take(picks_of(step))
        assert torch.equal(rows, pixels[picks_of(step)])
        assert torch.equal(labels, picks_of(step) % 7)


@pytest.mark.parametrize("told", [0, 1], ids=["the right rows", "other rows"])
def test_ahead_changes_nothing(made, pixels, told):
    stream = Stream(made, CPU)
    for step in range(5):
        stream.ahead(picks_of(step + told))
        rows, _ = stream.take(picks_of(step))
        assert torch.equal(rows, pixels[picks_of(step)])


def test_a_mapped_file_is_read_on_another_thread(made, monkeypatch):
    threads = []
    gather = Stream._gather

    def watched(self, picks):
        threads.append(threading.current_thread() is threading.main_thread())
        return gather(self, picks)

    monkeypatch.setattr(Stream, "_gather", watched)
    stream = Stream(made, CPU)
    stream.ahead(picks_of(0))
    stream.take(picks_of(0))
    assert threads == [not made.mapped]


def test_without_labels_there_are_none(pixels):
    assert Stream(TrainingData(pixels, "f", "n"), CPU).take(picks_of(0))[1] is None


def test_flip_mirrors_what_the_mask_says(pixels):
    mask = torch.arange(50) % 2 == 0
    flipped = flip(pixels, mask)
    assert np.array_equal(flipped[::2], np.flip(pixels[::2].numpy(), 3))
    assert torch.equal(flipped[1::2], pixels[1::2])
    assert torch.equal(flip(flipped, mask), pixels)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("share", [0.0, module.RESIDENT], ids=["pinned", "resident"])
def test_a_gpu_gets_the_same_rows(made, pixels, monkeypatch, share):
    monkeypatch.setattr(module, "RESIDENT", share)
    stream = Stream(made, torch.device("cuda"))
    assert (stream.pixels.device.type == "cuda") == (share > 0)
    for step in range(5):
        stream.ahead(picks_of(step))
        rows, labels = stream.take(picks_of(step))
        assert torch.equal(rows.cpu(), pixels[picks_of(step)])
        assert torch.equal(labels.cpu(), picks_of(step) % 7)
