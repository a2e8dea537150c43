"""MNIST is the canonical one, and the stacked one is made of it."""

import pytest
import torch

from ganbench.datasets import load, mnist


def test_class_counts_are_the_published_ones():
    train, test = load("builtin:mnist:train").labels, load("builtin:mnist:test").labels
    assert train.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mean_and_standard_deviation_are_the_well_known_ones():
    pixels = load("builtin:mnist:train").tensor().double() / 255
    assert pixels.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std().item() == pytest.approx(0.3081, abs=5e-5)


def test_a_damaged_file_is_refused(monkeypatch):
    monkeypatch.setitem(mnist.SHA256, "t10k-labels-idx1", "0" * 64)
    with pytest.raises(ValueError, match="damaged"):
        mnist.read_idx("t10k-labels-idx1")


def test_stacked_channels_are_digits_and_the_label_names_them():
    data, digits = load("builtin:stacked-mnist:test"), load("builtin:mnist:test")
    image, label = data.tensor()[0], data.labels[0].item()
    for channel, digit in zip(image, (label // 100, label // 10 % 10, label % 10), strict=True):
        match = (digits.tensor()[:, 0] == channel).flatten(1).all(1).nonzero()
        assert digits.labels[match[0]].item() == digit


def test_stacked_reaches_all_modes_as_often_as_chance_says():
    counts = load("builtin:stacked-mnist:train").labels.bincount(minlength=1000)
    assert (counts > 0).sum() == 1000
    expected = torch.tensor(60.0)  # 60,000 images on 1,000 modes of nearly equal weight
    assert (counts.float().mean() - expected).abs() < 1e-3
