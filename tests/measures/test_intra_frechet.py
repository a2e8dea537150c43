"""The Fréchet distance within classes: closed forms, and classes that are exchanged."""

import pytest
import torch

from ganbench.datasets import load
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.sample import Sample
from ganbench.measures.frechet import frechet, intra_frechet
from ganbench.moments import Moments
from ganbench.types import LabelledFeatures


def labelled_features(n, seed, centres, scale=1.0):
    """Normals of two dimensions around the centre of each class, classes of unequal sizes."""
    draws = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % (2 * len(centres)) % len(centres)
    x = scale * torch.randn((n, 2), generator=draws, dtype=torch.float64)
    x[:, 0] += torch.tensor(centres, dtype=torch.float64)[labels]
    return LabelledFeatures(x, labels, len(centres))


def test_is_the_mean_of_the_classes():
    real = labelled_features(901, 0, (0.0, 5.0, 9.0))
    fake = labelled_features(700, 1, (1.0, 5.0, 9.0))
    expected = [
        frechet(*(Moments.of(side.features[side.labels == label]) for side in (real, fake)))
        for label in range(3)
    ]
    found = intra_frechet(real, fake)
    assert found.value == pytest.approx(sum(expected) / 3)
    assert list(found.detail["by_class"].values()) == pytest.approx(expected)
    assert found.detail["by_class"]["0"] > 10 * found.detail["by_class"]["1"]
    assert found.detail["least"] == 233


def test_closed_form():
    """A shift of 2 in one class of two, and half the scale in both: (4 + 0)/2 + 2·(1 − ½)²."""
    real, fake = (
        labelled_features(40_000, 0, (0.0, 5.0)),
        labelled_features(40_000, 1, (2.0, 5.0), scale=0.5),
    )
    assert intra_frechet(real, fake).value == pytest.approx(2 + 0.5, rel=0.02)


def test_it_sees_exchanged_classes_where_the_whole_does_not():
    real, fake = labelled_features(2000, 0, (0.0, 5.0)), labelled_features(2000, 1, (5.0, 0.0))
    assert intra_frechet(real, fake).value == pytest.approx(25, rel=0.05)
    assert frechet(Moments.of(real.features), Moments.of(fake.features)) < 0.05


def test_each_class_counts_alike():
    real, fake = labelled_features(2000, 0, (0.0, 5.0)), labelled_features(2000, 1, (3.0, 5.0))
    rare = (fake.labels == 1) | (torch.arange(2000) < 200)
    few = LabelledFeatures(fake.features[rare], fake.labels[rare], 2)
    assert intra_frechet(real, few).value == pytest.approx(9 / 2, rel=0.1)


def test_a_class_without_fakes_is_refused():
    real, fake = labelled_features(100, 0, (0.0, 5.0)), labelled_features(100, 1, (0.0, 5.0))
    with pytest.raises(ValueError, match="class 1 has fewer than 2"):
        intra_frechet(real, LabelledFeatures(fake.features, fake.labels * 0, 2))


def test_the_view_of_a_data_set():
    sample = Sample(load("builtin:mnist:test[:100]"), load_extractor("mnist-classifier"))
    assert sample.labelled_features.classes == 10
    assert sample.labelled_features.features.shape == (100, 64)
    assert torch.equal(sample.labelled_features.labels, sample.labels)
