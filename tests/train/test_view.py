"""What the discriminator sees, and how ADA's probability follows what it says of the reals."""

import pytest
import torch

from ganbench import recipes
from ganbench.config import Augment
from ganbench.models import MODELS
from ganbench.train import state as states
from ganbench.train.distributed import ALONE
from ganbench.train.view import follow_overfitting, view


def config_with(augment, **fields):
    return recipes.mnist().model_copy(update={"augment": augment, **fields})


def state_of(config):
    return states.create(config, (1, 28, 28), torch.device("cpu"))


def images(config, n=6):
    row = MODELS[config.model.name]
    made = torch.rand((n, 1, 28, 28), generator=torch.Generator().manual_seed(1))
    return row.low + (row.high - row.low) * made


@pytest.mark.parametrize("n_critic", [1, 3])
def test_the_probability_rises_by_the_images_that_were_seen(n_critic):
    augment = Augment(name="ada", images=100_000, every=2)
    config = config_with(augment, n_critic=n_critic, batch=50)
    state, seen = state_of(config), []
    for number in range(8 * n_critic):
        follow_overfitting(config, state, torch.ones(50), number, ALONE)
        seen.append(state.memory["augment_p"].item())
    period = 2 * n_critic
    expected = [(number + 1) // period * period * 50 / 100_000 for number in range(8 * n_critic)]
    assert seen == pytest.approx(expected)


def test_the_signs_are_averaged_over_the_period():
    """Three quarters of positive reals give a mean sign of 0.5: below 0.6, above 0.4."""
    logits = torch.tensor([3.0, 0.1, 5.0, -9.0])
    for target, expected in ((0.6, 0.5 - 0.04), (0.4, 0.5 + 0.04)):
        augment = Augment(name="ada", images=5_000, every=4, target=target)
        config = config_with(augment, batch=50)
        state = state_of(config)
        state.memory["augment_p"].fill_(0.5)
        for number, some in enumerate((logits, -logits, logits.abs(), logits.abs())):
            follow_overfitting(config, state, some, number, ALONE)
        assert state.memory["augment_p"].item() == pytest.approx(expected)
        assert state.memory["signs"].abs().sum() == 0


def test_without_augmentation_the_images_themselves_are_seen():
    config = config_with(Augment())
    batch = images(config)
    assert view(config, state_of(config), batch, torch.Generator()) is batch


def test_what_is_seen_depends_on_the_probability_in_the_state():
    config = config_with(Augment(name="ada"))
    state, batch = state_of(config), images(config)
    assert torch.equal(view(config, state, batch, torch.Generator()), batch)
    state.memory["augment_p"].fill_(0.9)
    assert not torch.equal(view(config, state, batch, torch.Generator()), batch)


def test_instance_noise_falls_to_nothing():
    config = config_with(Augment(noise=0.5), steps=100)
    state, batch = state_of(config), images(config, 50)
    for step, sigma in ((0, 0.5), (50, 0.25), (100, 0.0)):
        state.step = step
        noise = view(config, state, batch, torch.Generator().manual_seed(2)) - batch
        assert noise.std().item() == pytest.approx(sigma, rel=0.02)
