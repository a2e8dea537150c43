"""Two evaluations: what makes them incomparable, and when a difference is noise."""

import math

import numpy as np
import pytest
import torch

from ganbench.evaluation.compare import compare
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import coordinates
from ganbench.evaluation.protocol import RECORDED
from ganbench.evaluation.report import to_json
from ganbench.evaluation.sample import Sample
from ganbench.store.comparison import TOLD
from ganbench.types import Points


def sample(n, seed, shift=0.0, d=8):
    tensor = torch.randn((n, d), generator=torch.Generator().manual_seed(seed)) + shift
    return Sample(
        Points("p", n, (d,), lambda size: iter(tensor.split(size)), f"{seed} {shift}"),
        coordinates(),
    )


def scores(fake, real=None, names=("frechet",)):
    real = real or sample(1000, 0)
    return [to_json(score) for score in Evaluator(real).score(fake, list(names))]


def test_a_large_difference_is_more_than_noise():
    (row,) = compare(scores(sample(600, 1, 1.0)), scores(sample(600, 2, 0.7)))
    assert row.difference == pytest.approx(8 * (0.49 - 1.0), abs=0.6)
    assert row.interval[1] < 0
    assert row.verdict.startswith("B is better, by more than the noise")


def test_two_samples_of_one_generator_are_noise_and_the_interval_is_honest():
    """Over many pairs the interval of the difference, whose truth is 0, covers it in 95 %."""
    real, hits, repetitions = sample(800, 0), 0, 60
    for i in range(repetitions):
        a, b = (scores(sample(300, 10 + 2 * i + j, 0.5), real) for j in (0, 1))
        (row,) = compare(a, b)
        hits += row.interval[0] <= 0 <= row.interval[1]
        assert ("noise" in row.verdict) or row.interval[0] * row.interval[1] > 0
    assert hits >= 0.95 * repetitions - 4 * math.sqrt(0.95 * 0.05 * repetitions)


def test_the_noise_of_the_common_reals_cancels():
    real = sample(200, 0)
    a, b = scores(sample(4000, 1, 1.0), real), scores(sample(4000, 2, 1.02), real)
    (row,) = compare(a, b)
    reach = (row.interval[1] - row.interval[0]) / 2
    alone = a[0]["spread"]["error"]
    assert reach < alone  # each alone carries the noise of the 200 reals
    paired = np.array(b[0]["spread"]["real"]) - np.array(a[0]["spread"]["real"])
    assert paired.std() < 0.2 * np.std(a[0]["spread"]["real"])


def test_fields_that_differ_are_named():
    (row,) = compare(scores(sample(600, 1, 1.0)), scores(sample(500, 2, 0.7)))
    assert row.differs == ("n_fake: 600, 500",)
    assert row.difference is None
    assert row.verdict == "not comparable: n_fake: 600, 500"
    (row,) = compare(scores(sample(600, 1, 1.0)), scores(sample(600, 1, 1.0), sample(1000, 9)))
    assert any(field.startswith("reference_fingerprint") for field in row.differs)
    (row,) = compare(
        scores(sample(600, 1, 1.0), names=["precision:k=3"]),
        scores(sample(600, 2, 1.0), names=["precision:k=5"]),
    )
    assert row.differs == ("parameters.k: 3, 5",)


def test_where_no_interval_is_valid_it_may_be_noise():
    (row,) = compare(
        scores(sample(300, 1, 1.0), names=["recall"]), scores(sample(300, 2), names=["recall"])
    )
    assert row.interval is None
    assert row.verdict == "B is better, but no interval is valid: it may be noise"


def test_shares_are_compared_by_their_errors():
    (row,) = compare(
        scores(sample(600, 1, 2.0), names=["precision"]),
        scores(sample(600, 2), names=["precision"]),
    )
    assert row.interval[0] > 0
    assert row.verdict.startswith("B is better")


def test_the_same_images_are_the_same():
    one = scores(sample(600, 1, 1.0))
    assert compare(one, one)[0].verdict == "the same images"


def test_both_commands_leave_the_same_entries_out():
    assert TOLD == RECORDED
