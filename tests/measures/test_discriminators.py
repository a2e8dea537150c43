"""A critic and a classifier trained afresh: distances that are known, and models that are equal."""

import math

import ot
import pytest
import torch

from ganbench.measures.nrds import nrds
from ganbench.measures.wasserstein_critic import wasserstein_critic


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws) + shift


def critic(real, fake, control, **knobs):
    return wasserstein_critic(real, fake, control, **{"steps": 150, "seeds": 1, **knobs})


REAL, CONTROL = normal(2000, 1, 0), normal(2000, 1, 2)


class TestWassersteinCritic:
    @pytest.mark.parametrize("mean", [-2, 0.5, 1, 4])
    def test_between_shifted_normals_it_is_the_shift(self, mean):
        found = critic(REAL, normal(2000, 1, 1, shift=mean), CONTROL)
        assert found.value == pytest.approx(abs(mean), rel=0.05, abs=0.04)

    def test_clipped_weights_find_it_too(self):
        found = critic(REAL, normal(2000, 1, 1, shift=1), CONTROL, clip=0.05)
        assert found.value == pytest.approx(1, rel=0.15)

    def test_equal_distributions_are_near_0(self):
        """Two halves of a shuffled pool."""
        pool = normal(3000, 4, 5)[torch.randperm(3000, generator=torch.Generator().manual_seed(0))]
        found = critic(*pool.split(1000))
        assert found.value == pytest.approx(0, abs=0.1)

    def test_it_is_near_the_exact_distance_where_only_the_width_differs(self):
        """E|x − g| of the sorted samples, which no mean can see."""
        fake = normal(2000, 1, 1, scale=3)
        exact = ot.wasserstein_1d(CONTROL[:, 0].numpy(), fake[:, 0].numpy(), p=1)
        assert exact == pytest.approx(2 * math.sqrt(2 / math.pi), rel=0.05)
        assert critic(REAL, fake, CONTROL, steps=300).value == pytest.approx(exact, rel=0.1)

    def test_the_unit_is_the_spread_of_the_reals(self):
        fake = normal(2000, 1, 1, shift=1)
        once = critic(REAL, fake, CONTROL).value
        assert critic(10 * REAL + 7, 10 * fake + 7, 10 * CONTROL + 7).value == pytest.approx(
            once, rel=1e-3
        )
        narrow = critic(fake * 3, REAL, CONTROL).value  # 3 is the spread of the side called real
        assert narrow < 0.6 * once

    def test_overfitting_is_how_much_nearer_the_training_set_is_than_the_control(self):
        """At 0, fakes at 1, the control at −1: a distance of 2, and of 1 to what was trained on."""
        found = critic(REAL, normal(2000, 1, 1, shift=1), CONTROL - 1)
        assert found.value == pytest.approx(2, rel=0.1)
        assert found.detail["trained_on"][0] == pytest.approx(1, rel=0.1)
        assert found.detail["overfitting"][0] == pytest.approx(1, rel=0.1)

    def test_seeds_decide_and_make_the_interval(self):
        fake = normal(200, 3, 1, shift=0.5)
        real, control = normal(200, 3, 0), normal(200, 3, 2)
        once, again, other = (
            wasserstein_critic(real, fake, control, steps=20, seed=seed) for seed in (0, 0, 1)
        )
        assert once == again
        assert len(set(once.detail["seeds"] + other.detail["seeds"])) == 6
        assert once.spread.freedom == 2

    def test_the_global_generator_is_not_touched(self):
        before = torch.random.get_rng_state()
        critic(REAL, REAL + 1, CONTROL, steps=2)
        assert torch.equal(before, torch.random.get_rng_state())

    def test_too_few(self):
        with pytest.raises(ValueError, match="16 samples"):
            critic(REAL, REAL[:15], CONTROL)


def blobs(n, seed, noise=0.0, width=2.0):
    """Pictures of one blob each, 12×12, anywhere."""
    draws = torch.Generator().manual_seed(seed)
    centre = 3 + 6 * torch.rand((n, 2, 1, 1), generator=draws)
    grid = torch.arange(12.0)
    squares = (grid[:, None] - centre[:, 0]) ** 2 + (grid - centre[:, 1]) ** 2
    light = 220 * (-squares / (2 * width**2)).exp()
    light += noise * torch.randn((n, 12, 12), generator=draws)
    return light.clamp(0, 255).to(torch.uint8)[:, None]


def judged(fake, *rivals, control=None, **knobs):
    knobs = {"n": 256, "epochs": 8, "seeds": 1, "rate": 3e-3, **knobs}
    return nrds(blobs(300, 0), fake, blobs(300, 1) if control is None else control, rivals, **knobs)


class TestNrds:
    def test_copies_of_one_model_share_alike(self):
        """All n of them: the held-out reals are a copy too."""
        model = blobs(256, 3)
        found = judged(model, model, model, control=model)
        assert found.value == pytest.approx(1 / 4, abs=0.01)
        assert found.detail["of_perfect"] == pytest.approx(1, abs=0.03)

    def test_real_data_are_highest_and_the_worst_lowest(self):
        found = judged(blobs(300, 3, noise=20), blobs(300, 4), blobs(300, 5, noise=60))
        shares = found.detail["shares"]
        assert list(shares) == ["fake", "rival 1", "rival 2", "held-out reals"]
        assert sum(shares.values()) == pytest.approx(1)
        assert found.value == shares["fake"]
        assert shares["rival 2"] < shares["fake"] < min(shares["rival 1"], shares["held-out reals"])
        assert found.detail["of_perfect"] == pytest.approx(
            shares["fake"] / shares["held-out reals"]
        )

    def test_the_share_is_of_the_areas_under_the_curves(self):
        found = judged(blobs(300, 3, noise=20), epochs=3)
        area = {name: sum(curve) for name, curve in found.detail["curves"].items()}
        assert found.value == pytest.approx(area["fake"] / sum(area.values()))
        assert len(found.detail["curves"]["fake"]) == 3

    def test_it_ends_where_generators_are_told_apart(self):
        """The held-out reals, which never are, do not keep it going."""
        found = judged(blobs(300, 3) * 0 + 255, epochs=30, separated=0.2)
        curve = found.detail["curves"]["fake"]
        assert len(curve) < 30
        assert curve[-1] < 0.2 <= min(curve[:-1], default=1)

    def test_seeds(self):
        once, again, other = (
            judged(blobs(64, 3), n=64, epochs=1, seeds=2, seed=seed) for seed in (0, 0, 1)
        )
        assert once == again
        assert len(set(once.detail["seeds"] + other.detail["seeds"])) == 4

    def test_large_pictures_are_averaged_down(self):
        large = [blobs(16, i).repeat_interleave(8, 2).repeat_interleave(8, 3) for i in range(3)]
        assert 0 < nrds(*large, (), n=16, epochs=1, seeds=1).value < 1

    def test_refusals(self):
        with pytest.raises(ValueError, match="different shapes"):
            judged(blobs(20, 3)[:, :, :9])
        with pytest.raises(ValueError, match="too few"):
            judged(blobs(7, 3))

    def test_the_global_generator_is_not_touched(self):
        before = torch.random.get_rng_state()
        judged(blobs(64, 3), n=64, epochs=1)
        assert torch.equal(before, torch.random.get_rng_state())
