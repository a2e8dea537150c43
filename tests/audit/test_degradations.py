"""Each degradation does what its level says."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.audit.degradations import DEGRADATIONS, Hand
from ganbench.datasets import mnist

N = 400


@pytest.fixture(scope="module")
def hand():
    images = mnist.mnist("test")
    pixels, labels = images.tensor(), images.labels
    rows = torch.randperm(images.n, generator=torch.Generator().manual_seed(0))
    mine, spare, seen = rows[:N], rows[N : 6 * N], rows[6 * N : 8 * N]
    return Hand(
        pixels[mine], labels[mine], pixels[spare], labels[spare], pixels[seen], labels[seen], 10
    )


def made(name, hand, level, seed=0):
    return DEGRADATIONS[name].make(hand, level, torch.Generator().manual_seed(seed))


def same(a, b):
    """Which images are equal, pixel by pixel."""
    return (a == b).flatten(1).all(1)


def distance(a, b):
    return (a.float() - b.float()).square().mean().item()


@pytest.mark.parametrize("name", [n for n, d in DEGRADATIONS.items() if d.kind == "distortion"])
def test_distortions_grow_with_the_level_and_keep_the_labels(hand, name):
    levels = [made(name, hand, level) for level in DEGRADATIONS[name].levels]
    gaps = [distance(hand.pixels, one.pixels) for one in levels]
    assert 0 < gaps[0] < gaps[1] < gaps[2]
    for one in levels:
        assert one.pixels.dtype == torch.uint8
        assert one.pixels.shape == hand.pixels.shape
        assert torch.equal(one.labels, hand.labels)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_the_same_draws_give_the_same_images(hand, name):
    level = DEGRADATIONS[name].levels[1]
    one, again, other = (made(name, hand, level, seed) for seed in (1, 1, 2))
    assert torch.equal(one.pixels, again.pixels)
    assert torch.equal(one.labels, again.labels)
    random = name not in ("blur", "swirl", "jpeg", "contrast")
    differs = not torch.equal(one.pixels, other.pixels) or not torch.equal(one.labels, other.labels)
    assert differs == random


def flat(value, n=200, side=32):
    pixels = torch.full((n, 1, side, side), value, dtype=torch.uint8)
    labels = torch.zeros(n, dtype=torch.int64)
    return Hand(pixels, labels, pixels, labels, pixels, labels, 1)


def test_noise_has_the_deviation_that_its_level_says():
    noisy = made("noise", flat(128), 0.1).pixels.double()
    assert noisy.std().item() == pytest.approx(25.5, rel=0.01)
    assert noisy.mean().item() == pytest.approx(128, abs=0.5)


def test_blur_is_a_gaussian():
    """A point becomes the density of a normal of σ = level · side."""
    dot = flat(0, 1)
    dot.pixels[0, 0, 16, 16] = 255
    x = np.arange(-10, 11)
    weights = np.exp(-(x**2) / (2 * 1.6**2))
    expected = 255 * weights[10] ** 2 / weights.sum() ** 2
    assert made("blur", dot, 0.05).pixels[0, 0, 16, 16].item() == round(expected)


def test_occlusion_hides_the_share_that_its_level_says():
    hidden = made("occlusion", flat(0), 0.25).pixels == 128
    assert hidden.flatten(1).sum(1).unique().tolist() == [16 * 16]


def test_swirl_turns_the_centre_and_leaves_the_middle():
    ring = flat(0, 1, 33)
    ring.pixels[0, 0, 16, 17:20] = 200
    turned = made("swirl", ring, np.pi / 2).pixels[0, 0]
    assert turned[13:16, 16].float().mean() > 100 or turned[17:20, 16].float().mean() > 100
    assert turned[16, 19] < 60


def test_jpeg_is_pillows(hand):
    stream = io.BytesIO()
    Image.fromarray(hand.pixels[3, 0].numpy()).save(stream, "JPEG", quality=20)
    assert np.array_equal(made("jpeg", hand, 80.0).pixels[3, 0], np.array(Image.open(stream)))


def test_contrast_keeps_the_mean_and_shrinks_the_deviation(hand):
    less = made("contrast", hand, 0.4).pixels.double().flatten(1)
    before = hand.pixels.double().flatten(1)
    assert torch.allclose(less.mean(1), before.mean(1), atol=0.5)
    assert torch.allclose(less.std(1), 0.6 * before.std(1), rtol=0.03)


def test_dropped_modes_are_gone_and_nothing_is_repeated(hand):
    left = made("mode-dropping", hand, 0.3)
    assert len(left.labels.unique()) == 7
    assert len(left.pixels.flatten(1).unique(dim=0)) == len(hand.pixels.flatten(1).unique(dim=0))
    kept = torch.isin(hand.labels, left.labels.unique())
    assert same(left.pixels, hand.pixels)[kept].all()


def test_too_few_classes_cannot_be_dropped():
    with pytest.raises(ValueError, match="too few to drop 60%"):
        made("mode-dropping", flat(3), 0.6)


def test_collapse_leaves_five_images(hand):
    collapsed = made("mode-collapse", hand, 0.9)
    counts = collapsed.pixels.flatten(1).unique(dim=0, return_counts=True)[1].sort().values
    assert counts[-5:].sum().item() == pytest.approx(0.9 * N, abs=5)


def test_intra_class_collapse_keeps_the_classes(hand):
    few = made("intra-class-collapse", hand, 0.9)
    assert torch.equal(few.labels, hand.labels)
    for label in range(10):
        mine = hand.labels == label
        distinct = few.pixels[mine].flatten(1).unique(dim=0)
        assert len(distinct) <= max(1, round(0.1 * int(mine.sum())))


def test_memorised_images_are_training_images_each_another(hand):
    copies = made("memorisation", hand, 0.5)
    changed = ~same(copies.pixels, hand.pixels)
    assert changed.sum() == N // 2
    seen = {row.tobytes() for row in hand.seen.flatten(1).numpy()}
    rows = [row.tobytes() for row in copies.pixels[changed].flatten(1).numpy()]
    assert set(rows) <= seen
    assert len(set(rows)) >= N // 2 - 1  # two digits of MNIST may be alike


def test_wrong_labels_are_wrong(hand):
    noisy = made("label-noise", hand, 0.3)
    assert torch.equal(noisy.pixels, hand.pixels)
    assert (noisy.labels != hand.labels).sum().item() == round(0.3 * N)
    assert noisy.labels.max() < 10
