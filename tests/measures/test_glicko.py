"""Glicko-2 against the worked example of its author, and by symmetry."""

import math

import pytest
from scipy.optimize import brentq

from ganbench.measures.glicko import Rating, rate, updated

OPPONENTS = (Rating(1400, 30), Rating(1550, 100), Rating(1700, 300))


def test_the_worked_example():
    player = updated(Rating(1500, 200, 0.06), list(zip(OPPONENTS, (1, 0, 0), strict=True)))
    assert player.value == pytest.approx(1464.05, abs=0.01)
    assert player.deviation == pytest.approx(151.52, abs=0.005)
    assert player.volatility == pytest.approx(0.059996, abs=1e-6)


@pytest.mark.parametrize("score", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("deviation", [30, 150, 350])
@pytest.mark.parametrize("games", [1, 20, 400])
def test_the_volatility_is_the_root_of_its_equation(score, deviation, games):
    """By Brent's method, on the equation of step 5 as it stands."""
    tau, sigma, phi = 0.9, 0.1, deviation / 173.7178
    other = Rating(1600, 80)
    g = 1 / math.sqrt(1 + 3 * (80 / 173.7178 / math.pi) ** 2)
    expected = 1 / (1 + math.exp(g * 100 / 173.7178))
    v = 1 / (games * g**2 * expected * (1 - expected))
    delta = v * games * g * (score - expected)

    def f(x):
        e = math.exp(x)
        first = e * (delta**2 - phi**2 - v - e) / (2 * (phi**2 + v + e) ** 2)
        return first - (x - math.log(sigma**2)) / tau**2

    root = math.exp(brentq(f, -40, 20, xtol=1e-13) / 2)
    found = updated(Rating(1500, deviation, sigma), [(other, score)] * games, tau)
    assert found.volatility == pytest.approx(root, rel=1e-6)


def test_who_does_not_play_becomes_less_sure():
    idle = updated(Rating(1600, 200, 0.06), [])
    assert idle.value == 1600
    assert idle.deviation == pytest.approx((200**2 + (0.06 * 173.7178) ** 2) ** 0.5)


def test_a_great_surprise_makes_volatile():
    steady = Rating(1500, 50, 0.06)
    games = [(Rating(1500, 30), 1.0)] * 30
    assert updated(steady, games).volatility > 0.06
    assert updated(steady, [(Rating(1500, 30), 0.5)] * 30).volatility < 0.06


def test_a_symmetric_pool_has_equal_ratings():
    games = [(i, j, 0.5) for i in range(4) for j in range(4, 8)]
    assert [r.value for r in rate(8, [games] * 5)] == pytest.approx([1500] * 8)


def test_scores_of_both_sides_are_one_game():
    won, lost = rate(2, [[(0, 1, 1.0)]])
    assert won.value - 1500 == pytest.approx(1500 - lost.value)
    assert won.value == updated(Rating(), [(Rating(), 1.0)]).value
    strong, middle, weak = rate(3, [[(0, 1, 0.8), (1, 2, 0.8), (0, 2, 0.95)]] * 20)
    assert strong.value > middle.value > weak.value
    assert strong.deviation < 350


def test_who_beats_the_strong_is_rated_higher():
    """0 and 1 score alike, but 0 against the strong 2 and 1 against the weak 3."""
    period = [(2, 3, 0.95), (0, 2, 0.5), (1, 3, 0.5)]
    ratings = rate(4, [period] * 20)
    assert ratings[0].value > ratings[1].value + 100
