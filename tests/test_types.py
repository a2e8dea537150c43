"""Moments are additive, subtractable, and exact under a large offset."""

import pytest
import torch

from ganbench.moments import Moments


@pytest.fixture
def features():
    return torch.randn((300, 7), generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def assert_equal(a, b):
    assert a.n == b.n
    torch.testing.assert_close(a.mean, b.mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(a.scatter, b.scatter, rtol=1e-10, atol=1e-10)


def test_covariance_is_the_unbiased_one(features):
    torch.testing.assert_close(Moments.of(features).covariance, torch.cov(features.T))


def test_sum_of_parts_is_the_whole(features):
    parts = [Moments.of(part) for part in features.split((10, 90, 200))]
    assert_equal(parts[0] + parts[1] + parts[2], Moments.of(features))


def test_subtraction_undoes_addition(features):
    rest, part = features[:250], features[250:]
    assert_equal(Moments.of(features) - Moments.of(part), Moments.of(rest))


def test_a_large_offset_costs_no_digits(features):
    shifted = [Moments.of(part) for part in (features + 1e3).split(37)]
    total = sum(shifted[1:], shifted[0])
    torch.testing.assert_close(
        total.covariance, Moments.of(features).covariance, rtol=1e-9, atol=1e-10
    )


def test_float32_features_are_accumulated_in_float64():
    features = torch.randn((1000, 3), generator=torch.Generator().manual_seed(0)) + 1e3
    expected = torch.cov(features.double().T)
    torch.testing.assert_close(Moments.of(features).covariance, expected)


def test_refusals(features):
    moments = Moments.of(features)
    with pytest.raises(ValueError, match="300"):
        moments - moments
    with pytest.raises(ValueError, match="got 1"):
        _ = Moments.of(features[:1]).covariance
