"""The grammar of data sets, and what every one of them promises."""

import pytest
import torch

from ganbench.datasets import DATASETS, load, sibling
from ganbench.errors import InputError

SIZES = {  # of those that need nothing else: the others are in test_published.py
    "mnist": (60_000, 10_000),
    "stacked-mnist": (60_000, 10_000),
    "triangles": (60_000, 10_000),
    "squares": (60_000, 10_000),
    "ring8": (100_000, 10_000),
    "grid25": (100_000, 10_000),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_shapes_and_types(name):
    for split, n in zip(("train", "test"), SIZES[name], strict=True):
        data = load(f"builtin:{name}:{split}")
        assert data.n == n
        first = next(data.batches(7))
        assert first.shape == (7, *data.shape)
        assert first.dtype == (torch.uint8 if len(data.shape) == 3 else torch.float32)
        assert data.labels is None or (len(data.labels) == n and data.labels.dtype == torch.int64)


@pytest.mark.parametrize("name", SIZES)
def test_same_content_each_time_and_at_any_batch_size(name):
    part = f"builtin:{name}:test[9900:]"
    once = torch.cat(list(load(part).batches(33)))
    again = torch.cat(list(load(part).batches(100)))
    assert torch.equal(once, again)
    assert len(once) == 100


@pytest.mark.parametrize("name", SIZES)
def test_splits_are_disjoint_and_named_apart(name):
    train, test = load(f"builtin:{name}:train[:500]"), load(f"builtin:{name}:test[:500]")
    assert train.fingerprint != test.fingerprint
    rows = torch.cat((train.tensor(), test.tensor())).flatten(1).double()
    distance = torch.cdist(rows[:500], rows[500:])
    assert distance.min() > 0


def test_none_is_forgotten():
    assert set(DATASETS) == {*SIZES, "fashion-mnist", "cifar10"}


def test_slices():
    whole, part = load("builtin:mnist:test"), load("builtin:mnist:test[10:250]")
    assert torch.equal(part.tensor(), whole.tensor()[10:250])
    assert torch.equal(part.labels, whole.labels[10:250])
    assert part.n == 240
    assert load("builtin:mnist:train[5000:]").n == 55_000


def test_sibling():
    assert sibling("builtin:mnist:test") == "builtin:mnist:train"
    assert sibling("builtin:ring8:train[5:]") == "builtin:ring8:test"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("builtin:mnsit:test", "did you mean 'mnist'"),
        ("builtin:mnist:validation", "train, test"),
        ("builtin:mnist", "builtin:NAME:SPLIT"),
        ("mnist", "builtin:NAME:SPLIT"),
        ("builtin:mnist:test[20:10]", "0 to 9999"),
        ("builtin:mnist:test[:10001]", "0 to 9999"),
    ],
)
def test_a_wrong_spec_says_what_would_be_right(spec, words):
    with pytest.raises(InputError, match=words) as caught:
        load(spec)
    assert spec in str(caught.value)
