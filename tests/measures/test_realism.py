"""Realism of single fakes, by hand and beside numpy."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from ganbench.measures.realism import realism, realism_scores


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws) + shift


def column(*values):
    return torch.tensor(values)[:, None]


def test_by_hand():
    """Reals a unit apart, and two outliers whose balls of 10 would hold anything."""
    reals = column(0.0, 1, 2, 3, 20, 30)
    found = realism_scores(reals, column(0.25, 5.0, 25.0, 1.0), k=1)
    assert found.tolist() == pytest.approx([4, 1 / 2, 1 / 22, math.inf])


@pytest.mark.parametrize("n", [300, 2500])
def test_agrees_with_a_direct_computation(n):
    real, fake = normal(n, 3, 0), normal(1200, 3, 1, shift=0.5)
    x, g = real.double().numpy(), fake.double().numpy()
    reach = np.sort(cdist(x, x), 1)[:, 3]
    kept = reach <= np.sort(reach)[(n - 1) // 2]
    expected = (reach[kept, None] / cdist(x[kept], g)).max(0)
    assert realism_scores(real, fake).numpy() == pytest.approx(expected, rel=1e-9)
    found = realism(real, fake)
    assert found.value == pytest.approx(np.sort(expected)[599])
    assert found.detail["inside"] == pytest.approx((expected >= 1).mean())
    order = expected.argsort()
    assert found.detail["least"] == order[:16].tolist()
    assert found.detail["most"] == order[::-1][:16].tolist()
    assert found.detail["most_scores"] == pytest.approx(np.sort(expected)[::-1][:16])


def test_roles_matter():
    """Fakes in the middle are realistic, reals in the middle do not make wide fakes so."""
    wide, narrow = normal(400, 3, 0), normal(400, 3, 1, scale=0.2)
    assert realism(wide, narrow).value > 2 * realism(narrow, wide).value


def test_copies_are_infinite_and_told_as_none():
    real = normal(100, 3, 0)
    copied = torch.cat((real[:40], normal(60, 3, 1)))
    detail = realism(real, copied).detail
    assert None in detail["most_scores"]
    assert None not in detail["least_scores"]
    with pytest.raises(ValueError, match="most fakes are copies"):
        realism(real, real[realism_scores(real, real).isinf()])


def test_copies_of_reals_that_are_copies_themselves():
    real = torch.cat((normal(20, 2, 0)[:1].expand(20, -1), normal(10, 2, 1)))
    assert realism_scores(real, real[:1]).isinf().all()
