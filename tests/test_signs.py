"""A scoring's signs: of what is missing, and of what is a copy."""

import pytest
import torch

from ganbench import datasets
from ganbench.diagnosis.samples import COPIED, IMAGES
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.sample import Sample
from ganbench.signs import Signs
from ganbench.train.data import TrainingData

TRAINED = 100


@pytest.fixture(scope="module")
def extractor():
    return load_extractor("mnist-classifier")


@pytest.fixture(scope="module")
def evaluator(extractor):
    return Evaluator(Sample(datasets.load("builtin:mnist:test[:2000]"), extractor))


def signs_of(evaluator, extractor, fake, held_out=True):
    trained = datasets.load(f"builtin:mnist:train[:{TRAINED}]")
    data = TrainingData(trained.tensor(), "fingerprint", "mnist")
    return Signs(data, held_out, seed=0).of(evaluator, Sample(fake, extractor), ())


def test_reals_that_the_generator_has_not_seen_are_neither_copies_nor_missing(evaluator, extractor):
    signs = signs_of(evaluator, extractor, datasets.load("builtin:mnist:train[1000:3000]"))
    assert (signs["classes"], signs["classes_missing"]) == (10, 0)
    assert signs["copied_share"] == pytest.approx(0.01, abs=0.01)
    assert signs["copying_ratio"] == pytest.approx(1.0, abs=0.1)


def test_copies_are_seen_as_such_also_a_little_changed(evaluator, extractor):
    copies = datasets.load(f"builtin:mnist:train[:{TRAINED}]")
    pixels = copies.tensor()
    noisy = (pixels + torch.randint_like(pixels, 12)).clamp(min=pixels)  # uint8 turns over
    for made in (pixels, noisy, pixels.roll(1, -1)):
        fake = copies.take(torch.arange(TRAINED), "copies")
        changed = type(fake)("copies", TRAINED, fake.shape, lambda n, m=made: iter(m.split(n)), "f")
        signs = signs_of(evaluator, extractor, changed)
        assert signs["copied_share"] > COPIED
        assert signs["copied_images"] > max(COPIED * TRAINED, IMAGES)
        assert signs["copying_ratio"] < 0.5
    assert "copied_share" not in signs_of(evaluator, extractor, copies, held_out=False)


def test_classes_that_are_not_made_are_counted(evaluator, extractor):
    some = datasets.load("builtin:mnist:train[1000:4000]")
    rows = ((some.labels < 6) & (some.labels != 3)).nonzero().flatten()
    signs = signs_of(evaluator, extractor, some.take(rows, "five digits"))
    assert (signs["classes"], signs["classes_missing"]) == (10, 5)
    assert signs["largest_class"] > 0.15 > signs["largest_class_of_reals"]
