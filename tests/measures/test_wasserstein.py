"""Wasserstein distances without a critic: closed forms, and POT."""

import math

import numpy as np
import ot
import pytest
import torch
from scipy import stats

from ganbench.measures.wasserstein import sliced_wasserstein, wasserstein_exact


def normal(n, d, seed, shift=0.0):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


class TestExact:
    def test_agrees_with_pot(self):
        real, fake = normal(150, 5, 0), normal(150, 5, 1, shift=0.5) * 1.5
        costs = ot.dist(real.numpy(), fake.numpy(), metric="euclidean")
        even = np.full(150, 1 / 150)
        found = wasserstein_exact(real, fake)
        assert found == pytest.approx(ot.emd2(even, even, costs), rel=1e-9)

    def test_in_one_dimension_it_is_of_the_sorted(self):
        real, fake = normal(200, 1, 0), normal(200, 1, 1, shift=0.7)
        expected = stats.wasserstein_distance(real[:, 0].numpy(), fake[:, 0].numpy())
        assert wasserstein_exact(real, fake) == pytest.approx(expected)
        assert expected == pytest.approx(0.7, abs=0.2)

    def test_a_shift_is_its_length(self):
        real = normal(100, 3, 0)
        moved = real + torch.tensor([3.0, 0.0, 4.0])
        assert wasserstein_exact(real, moved) == pytest.approx(5)
        assert wasserstein_exact(real, real[torch.randperm(100)]) == 0

    def test_only_so_many_are_drawn(self):
        real, fake = normal(300, 2, 0), normal(200, 2, 1, shift=4.0)
        few = wasserstein_exact(real, fake, n=50, seed=1)
        assert few != wasserstein_exact(real, fake, n=50, seed=2)
        assert few == wasserstein_exact(real, fake, n=50, seed=1)
        assert few == pytest.approx(4 * math.sqrt(2), abs=1)


class TestSliced:
    @pytest.mark.parametrize("order", [1, 2])
    def test_agrees_with_pot_on_the_same_directions(self, order):
        real, fake = normal(150, 5, 0), normal(150, 5, 1, shift=0.5) * 1.5
        directions = torch.randn(
            (5, 100), generator=torch.Generator().manual_seed(3), dtype=torch.float64
        )
        directions /= directions.norm(dim=0)
        expected = ot.sliced_wasserstein_distance(
            real.numpy(), fake.numpy(), p=order, projections=directions.numpy()
        )
        found = sliced_wasserstein(real, fake, projections=100, order=order, seed=3)
        assert found == pytest.approx(expected, rel=1e-9)

    def test_in_one_dimension_it_is_the_exact_one(self):
        real, fake = normal(200, 1, 0), normal(200, 1, 1, shift=0.7)
        exact = wasserstein_exact(real, fake)
        assert sliced_wasserstein(real, fake, projections=3) == pytest.approx(exact)

    def test_a_shift_in_many_dimensions(self):
        """m E|u₁| = m Γ(D/2) / √π Γ((D + 1)/2)."""
        d, real = 8, normal(50, 8, 0)
        shift = torch.zeros(d).double()
        shift[0] = 3.0
        gamma = math.gamma(d / 2) / math.gamma((d + 1) / 2) / math.sqrt(math.pi)
        found = sliced_wasserstein(real, real + shift, projections=4000)
        assert found == pytest.approx(3 * gamma, rel=0.04)
        assert found < 3
