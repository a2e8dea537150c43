"""Randomness follows from (seed, purpose, rank, step) alone, and has the stated distributions."""

import itertools

import pytest
import torch
from pydantic import ValidationError

from ganbench.config import Latent
from ganbench.train.rng import ONE, PURPOSES, generator_of, latents, seed_of


def test_seeds_are_independent_of_each_other():
    found = {
        seed_of(seed, purpose, step, rank)
        for seed, purpose, step, rank in itertools.product(range(4), PURPOSES, range(50), range(3))
    }
    assert len(found) == 4 * len(PURPOSES) * 50 * 3
    assert all(0 <= seed < 2**63 for seed in found)


def test_the_same_arguments_give_the_same_numbers():
    a, b = (torch.rand(5, generator=generator_of(1, "step", 7)) for _ in range(2))
    assert torch.equal(a, b)


def test_normal_and_uniform():
    n = 100_000
    z = latents(Latent(dim=3), n, generator_of(0, "sample"))
    assert z.shape == (n, 3)
    assert z.mean(0).abs().max() < 4 / n**0.5
    assert (z.var(0) - 1).abs().max() < 4 * (2 / n) ** 0.5
    z = latents(Latent(dim=3, distribution="uniform"), n, generator_of(0, "sample"))
    assert z.min() >= -1
    assert z.max() <= 1
    assert (z.var(0) - 1 / 3).abs().max() < 0.01


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_categories_are_one_hot_with_equal_chances(distribution):
    n = 50_000
    config = Latent(dim=7, categories=5, distribution=distribution)
    z = latents(config, n, generator_of(0, "sample"))
    assert z.shape == (n, 7)
    hot, rest = z[:, :5], z[:, 5:]
    assert torch.equal(hot.sort(1).values[0], torch.tensor([0, 0, 0, 0, ONE]))
    assert ((hot == 0) | (hot == ONE)).all()
    assert (hot.sum(1) == ONE).all()
    assert ((hot > 0).double().mean(0) - 0.2).abs().max() < 4 * (0.16 / n) ** 0.5
    assert rest.std() > 0.5


def test_there_must_be_room_for_the_categories():
    with pytest.raises(ValidationError, match="must be below dim"):
        Latent(dim=5, categories=5)
