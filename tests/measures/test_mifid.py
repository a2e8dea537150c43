"""The Fréchet distance with a penalty of copies: by hand, and beside torchmetrics."""

import math

import pytest
import torch
from torchmetrics.image.mifid import _compute_cosine_distance

from ganbench.measures.frechet import frechet
from ganbench.measures.mifid import memorisation_distance, mifid
from ganbench.moments import Moments


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws) + shift


REAL, FAKE = normal(1500, 8, 0), normal(1300, 8, 1, shift=0.2)


def test_the_distance_by_hand():
    """At 45° to both reals and along one of them, backwards: |cos| is 1/√2 and 1."""
    reals, fakes = torch.eye(2), torch.tensor([[3.0, 3.0], [0.0, -2.0], [0.0, 0.0]])
    expected = (1 - 1 / math.sqrt(2) + 0 + 1) / 3
    assert memorisation_distance(reals, fakes) == pytest.approx(expected)


def test_agrees_with_torchmetrics():
    """Which averages over its first argument."""
    expected = _compute_cosine_distance(FAKE.double(), REAL.double(), 1.0).item()
    assert memorisation_distance(REAL, FAKE) == pytest.approx(expected, rel=1e-9)
    assert memorisation_distance(FAKE, REAL) != pytest.approx(expected, rel=1e-3)


def test_the_penalty_starts_at_tau():
    plain = frechet(Moments.of(REAL), Moments.of(FAKE))
    s = memorisation_distance(REAL, FAKE)
    assert mifid(REAL, FAKE, tau=s).value == plain
    found = mifid(REAL, FAKE, tau=s * 1.01)
    assert found.value == pytest.approx(plain / s)
    assert found.detail["penalty"] == pytest.approx(1 / s)
    assert found.detail["frechet"] == plain


def test_blurred_copies_lose_to_new_samples_though_they_are_nearer():
    """The memorisation distance of new samples is the limit."""
    new, copies = normal(1500, 8, 1), REAL + normal(1500, 8, 2, scale=0.05)
    tau = 0.5 * memorisation_distance(REAL, new)
    honest, copied = mifid(REAL, new, tau=tau), mifid(REAL, copies, tau=tau)
    assert copied.detail["frechet"] < honest.detail["frechet"]
    assert honest.detail["penalty"] == 1
    assert copied.detail["penalty"] > 100


def test_a_set_against_itself_is_0_and_a_part_of_it_is_not():
    assert mifid(REAL, REAL).value == 0
    assert mifid(REAL, REAL[:700]).value > 1e6
