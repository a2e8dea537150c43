"""The duality gap: nothing at an equilibrium, and something away from it."""

import math

import pytest
import torch

from ganbench.measures.duality import duality_gap
from tests.measures import toys

D = 3
DRAWS = torch.Generator().manual_seed(1)
SEEN = torch.randn((2000, D), generator=DRAWS)
HELD_OUT = torch.randn((1000, D), generator=DRAWS)


def model(weight=1.0, offset=0.0, direction=0.0, **more):
    """G(z) = weight·z + offset, D(x) = direction·Σx."""
    net = toys.Affine(torch.eye(D) * weight, torch.full((D,), offset), (D,))
    critic = toys.Critic(torch.full((D,), direction))
    return toys.model(net, D, players=(toys.player(net, toys.drawn(D), critic, **more),))


def test_at_the_equilibrium_it_is_nothing():
    """The generator is the data and the discriminator says one half."""
    found = duality_gap(SEEN, model(), HELD_OUT)
    assert found.detail["value"] == pytest.approx(-2 * math.log(2))
    assert 0 <= found.value < 0.01


def test_away_from_it_either_network_opens_it():
    """The optimal D of data N(0, 1) and fakes N(1, 1) in each of 3 dimensions is linear in x."""
    shifted = duality_gap(SEEN, model(offset=1.0), HELD_OUT, steps=400, rate=0.01)
    assert max(shifted.detail["against_critics"]) > shifted.detail["value"] + 0.3
    biased = duality_gap(SEEN, model(direction=1.0), HELD_OUT, rate=0.01)
    assert min(biased.detail["of_generators"]) < biased.detail["value"] - 0.1
    for found in (shifted, biased):
        ends = max(found.detail["against_critics"]), min(found.detail["of_generators"])
        assert found.value == pytest.approx(ends[0] - ends[1])
        assert found.value > 0.1


def test_a_linear_game_in_closed_form():
    """max over D is that of the log-likelihood ratio −x·1·a + const, here with the known V."""
    found = duality_gap(SEEN, model(offset=1.0), HELD_OUT, steps=1500, rate=0.02, batch=256)
    z = torch.randn((100_000, D), generator=torch.Generator().manual_seed(9), dtype=torch.float64)

    def logit(x):
        return -(x - 0.5).sum(1)

    soft = torch.nn.functional.softplus
    best = float(-soft(-logit(z)).mean() - soft(logit(z + 1)).mean())
    assert max(found.detail["against_critics"]) == pytest.approx(best, abs=0.05)
    assert found.value == pytest.approx(best + 2 * math.log(2), abs=0.05)  # D = 0 cannot be fooled


def test_more_updates_find_no_less():
    few, many = (duality_gap(SEEN, model(offset=1.0), HELD_OUT, steps=s).value for s in (20, 200))
    assert many > few > 0


def test_the_players_stay_as_they_are_and_the_seed_decides():
    one = model(offset=1.0, direction=0.3)
    first, again = (duality_gap(SEEN, one, HELD_OUT, steps=20) for _ in range(2))
    assert first == again
    assert duality_gap(SEEN, one, HELD_OUT, steps=20, seed=1).value != first.value
    (player,) = one.players()
    torch.testing.assert_close(player.judge(torch.ones(1, D)), torch.tensor([0.9]))


def test_where_there_is_no_game():
    with pytest.raises(ValueError, match="not the logistic one"):
        duality_gap(SEEN, model(logistic=False), HELD_OUT)
    net = toys.Affine(torch.eye(D), torch.zeros(D), (D,))
    silent = toys.model(net, D, players=(toys.player(net, toys.drawn(D), why="it was not kept"),))
    with pytest.raises(ValueError, match="it was not kept"):
        duality_gap(SEEN, silent, HELD_OUT)
