"""Battles of hand-made models: who wins, by how much, and where there is no battle."""

import pytest
import torch

from ganbench.measures.battles import gam, skill_rating, tournament_win_rate
from tests.measures import toys

D = 4
X = torch.rand((3000, D), generator=torch.Generator().manual_seed(5))  # reals: sum is about 2
LIGHT = torch.ones(D)


def network(level):
    """A generator whose samples are `level` on average, as spread as the reals."""
    return toys.Affine(torch.eye(D) * 12**-0.5, torch.full((D,), level), (D,)).requires_grad_(False)


def one(level=0.5, critic=None, name="one", step=1, **more):
    return toys.player(network(level), toys.drawn(D), critic, name, step, **more)


def model(*players):
    return toys.model(network(0.5), D, players=players)


def above(sum_):
    """A critic that calls real what sums to more."""
    return toys.Critic(LIGHT, -float(sum_))


def below(sum_):
    return toys.Critic(-LIGHT, float(sum_))


class TestGam:
    def test_equal_models_tie_at_one(self):
        same = [one(critic=above(1.5), name=name) for name in "ab"]
        found = gam(model(*same), X, ())
        (battle,) = found.detail["battles"]
        assert found.value == battle["r_samples"] == battle["r_test"] == 1
        assert battle["verdict"] == "tie"

    def test_a_perfect_discriminator_against_chance(self):
        """D₁ never errs on G₂; D₂ takes all of G₁ for real: the ratio is ½/(n + ½)."""
        far = one(level=-9.0, critic=above(-99), name="old")
        good = one(critic=above(-9), name="new", step=2)
        found = gam(model(far, good), X, (), n=1000)
        assert found.value == pytest.approx(0.5 / 1000.5)
        (battle,) = found.detail["battles"]
        assert battle["r_test"] == 1
        assert battle["accuracy_ratio"] == pytest.approx(1000.5 / 0.5)
        assert battle["verdict"] == "won"
        # Exchanged, the other wins.
        back = gam(model(good, far), X, (), n=1000)
        assert back.value == pytest.approx(1000.5 / 0.5)
        assert back.detail["battles"][0]["verdict"] == "lost"

    def test_unequal_on_real_samples_it_is_a_tie_but_not_for_the_code(self):
        """D₁ calls everything fake: no error on fakes, and all on reals."""
        sceptic = one(critic=above(99), name="new")
        fair = one(critic=above(2.0), name="old")
        found = gam(model(fair, sceptic), X, ())
        (battle,) = found.detail["battles"]
        assert found.value < 0.01
        assert battle["r_test"] == pytest.approx(2, rel=0.1)
        assert battle["verdict"] == "tie"
        code = gam(model(fair, sceptic), X, (), rule="code").detail["battles"][0]
        assert code["verdict"] == "won"
        assert code["accuracy_ratio"] == pytest.approx(2, rel=0.1)
        wide = gam(model(fair, sceptic), X, (), tolerance=1.5).detail["battles"][0]
        assert wide["verdict"] == "won"

    def test_against_rivals_it_is_the_mean_over_their_newest(self):
        mine = model(one(critic=above(1.5), name="mine"))
        weak, strong = (one(critic=above(s), name=str(s)) for s in (1.8, 1.2))
        old = one(level=9.0, critic=above(-99), name="old")
        both = gam(mine, X, (model(old, weak), model(old, strong)))
        single = [gam(mine, X, (model(rival),)).value for rival in (weak, strong)]
        assert both.value == pytest.approx(sum(single) / 2)
        assert [b["opponent"] for b in both.detail["battles"]] == ["1.8", "1.2"]
        assert single[0] > 1 > single[1]

    def test_where_there_is_no_battle(self):
        with pytest.raises(ValueError, match=r"no opponent: keep more checkpoints.*--keep"):
            gam(model(one(critic=above(1))), X, ())
        critic = one(why="a critic has no threshold", name="w")
        with pytest.raises(ValueError, match=r"a critic has no threshold \(w\)"):
            gam(model(one(critic=above(1)), critic), X, ())
        with pytest.raises(ValueError, match="'paper' or 'code'"):
            gam(model(one(critic=above(1)), critic), X, (), rule="mine")
        wide = toys.Affine(torch.eye(5), torch.zeros(5), (5,))
        other = toys.player(wide, toys.drawn(5), above(1))
        with pytest.raises(ValueError, match="different shapes: 4 and 5"):
            gam(model(one(critic=above(1))), X, (model(other),))


class TestTournament:
    def test_a_generator_that_is_the_data_wins_half(self):
        """Each discriminator then judges reals and fakes alike."""
        exact = toys.player(toys.Affine(torch.eye(D), torch.zeros(D), (D,)), reals, above(1.5), "x")
        pool = model(exact, one(level=9.0, critic=below(3), name="y"), exact)
        found = tournament_win_rate(pool, X, (), rounds=40)
        assert found.value == pytest.approx(0.5, abs=3 * found.spread.error)
        assert found.spread.error < 0.01
        assert found.spread.freedom == 39

    def test_the_win_matrix_by_hand(self):
        """All of G₁ is real to D₁ and fake to D₂; all reals are real to both; G₂ the reverse."""
        light = one(level=9.0, critic=above(-1), name="light")
        dark = one(level=-9.0, critic=below(9), name="dark")
        found = tournament_win_rate(model(light, dark), X, ())
        assert found.detail["wins"] == [[0.5, 0], [0, 0.5]]
        assert found.value == 0.25
        assert found.detail["generators"] == found.detail["discriminators"] == ["dark", "light"]

    def test_of_many_checkpoints_some_play(self):
        pool = [one(critic=above(1), name=str(i)) for i in range(20)]
        found = tournament_win_rate(model(*pool), X, (model(*pool[:3]),), rounds=1, most=4)
        assert found.detail["generators"] == ["19", "13", "6", "0", "2", "1", "0"]
        assert found.spread is None
        least = tournament_win_rate(model(*pool), X, (model(*pool[:3]),), rounds=1, most=1)
        assert least.detail["generators"] == ["19", "2"]
        with pytest.raises(ValueError, match="no player"):
            tournament_win_rate(model(*pool), X, (), most=0)

    def test_the_newest_generator_is_the_one_that_is_scored(self):
        good, bad = (
            one(critic=above(1.5), name="good"),
            one(level=-9.0, critic=above(1), name="bad"),
        )
        assert tournament_win_rate(model(bad, good), X, ()).value > 0.4
        assert tournament_win_rate(model(good, bad), X, ()).value < 0.3
        ours, theirs = model(bad, good), model(bad)
        assert tournament_win_rate(ours, X, (theirs,)).value > 0.4

    def test_a_critic_without_threshold_is_no_judge_but_its_generator_plays(self):
        silent = one(name="silent")
        found = tournament_win_rate(model(one(critic=above(1.5), name="a"), silent), X, ())
        assert found.detail["discriminators"] == ["a"]
        assert len(found.detail["wins"]) == 2
        with pytest.raises(ValueError, match="no discriminator"):
            tournament_win_rate(model(silent, silent), X, ())

    def test_one_checkpoint_is_no_tournament(self):
        for measure in (tournament_win_rate, skill_rating):
            with pytest.raises(ValueError, match="--keep"):
                measure(model(one(critic=above(1))), X, ())


class TestSkill:
    def test_better_generators_are_rated_higher(self):
        levels = (-3.0, 0.0, 0.5)
        pool = [one(level, above(1.5), str(level)) for level in levels]
        found = skill_rating(model(*pool), X, ())
        rows = {(r["player"], r["role"]): r["rating"] for r in found.detail["ratings"]}
        made = [rows[str(level), "generator"] for level in levels]
        assert made == sorted(made)
        assert found.value == pytest.approx(made[-1], abs=0.01)
        worst = skill_rating(model(*reversed(pool)), X, ())
        assert worst.value < found.value - 100  # exchanged

    def test_a_symmetric_pool_is_rated_equal(self):
        """All reals and all fakes are real to all: every match is a draw."""
        pool = [one(critic=above(-9), name=name) for name in "abc"]
        rows = skill_rating(model(*pool), X, ()).detail["ratings"]
        assert [row["rating"] for row in rows] == [1500] * 6

    def test_the_pool_has_an_id(self):
        a, b, c = (one(critic=above(1), name=name) for name in "abc")
        ids = [skill_rating(model(*p), X, ()).detail["pool"] for p in ((a, b), (a, b), (a, c))]
        assert ids[0] == ids[1] != ids[2]


def reals(n, seed):
    return torch.rand((n, D), generator=torch.Generator().manual_seed(seed + 77))
