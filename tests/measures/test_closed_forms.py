"""Cases whose answer is known, and independent implementations."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg

from ganbench.measures.frechet import frechet
from ganbench.measures.inception_score import inception_score
from ganbench.measures.manifold import precision, recall
from ganbench.measures.mmd import kid
from ganbench.measures.modes import high_quality, modes_covered
from ganbench.types import Modes, Moments


def moments(mean, covariance):
    """Moments with exactly this mean and this (unbiased) covariance."""
    return Moments(1001, torch.tensor(mean).double(), torch.tensor(covariance).double() * 1000)


def normal(n, d, seed, shift=0.0):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


class TestFrechet:
    def test_one_dimension(self):
        found = frechet(moments([1.0], [[4.0]]), moments([3.0], [[9.0]]))
        assert found == pytest.approx((1 - 3) ** 2 + (2 - 3) ** 2)

    def test_commuting_covariances(self):
        a = moments([0.0, 1.0], [[1.0, 0.0], [0.0, 4.0]])
        b = moments([2.0, 1.0], [[9.0, 0.0], [0.0, 16.0]])
        assert frechet(a, b) == pytest.approx(4 + (1 - 3) ** 2 + (2 - 4) ** 2)

    def test_general_covariances_agree_with_scipy(self):
        rng = np.random.default_rng(0)
        for _ in range(5):
            x, y = rng.normal(size=(2, 50, 8)) @ rng.normal(size=(2, 8, 8))
            s, t = np.cov(x.T), np.cov(y.T)
            offset = np.square(x.mean(0) - y.mean(0)).sum()
            expected = offset + np.trace(s + t - 2 * linalg.sqrtm(s @ t).real)
            found = frechet(Moments.of(torch.tensor(x)), Moments.of(torch.tensor(y)))
            assert found == pytest.approx(expected, rel=1e-9)

    def test_scaling_by_a_scales_by_a_squared(self):
        x, y = normal(100, 4, 0), normal(100, 4, 1, shift=0.5)
        once = frechet(Moments.of(x), Moments.of(y))
        assert frechet(Moments.of(3 * x), Moments.of(3 * y)) == pytest.approx(9 * once)

    def test_singular_covariances(self):
        x = normal(5, 20, 0)  # rank 4
        assert frechet(Moments.of(x), Moments.of(x)) == pytest.approx(0, abs=1e-9)

    def test_floor_of_equal_distributions(self):
        """E = (1/N + 1/M)(d + d(d+1)/4) for standard normal features."""
        d, n, repetitions = 20, 1000, 60
        found = [
            frechet(Moments.of(normal(n, d, 2 * i)), Moments.of(normal(n, d, 2 * i + 1)))
            for i in range(repetitions)
        ]
        assert np.mean(found) == pytest.approx(2 / n * (d + d * (d + 1) / 4), rel=0.1)


class TestInceptionScore:
    def test_one_hot_on_all_classes_scores_their_number(self):
        assert inception_score(torch.eye(7).repeat(3, 1)) == pytest.approx(7)

    def test_constant_predictions_score_one(self):
        assert inception_score(torch.full((50, 4), 0.25)) == pytest.approx(1)
        assert inception_score(torch.eye(4)[[2] * 50]) == pytest.approx(1)

    def test_two_classes_with_known_confidence(self):
        p = 0.9
        rows = torch.tensor([[p, 1 - p], [1 - p, p]]).repeat(10, 1)
        entropy = -(p * math.log(p) + (1 - p) * math.log(1 - p))
        assert inception_score(rows) == pytest.approx(2 * math.exp(-entropy), rel=1e-6)

    def test_splits_are_averaged(self):
        rows = torch.eye(2)[[0] * 10 + [1] * 10]
        assert inception_score(rows, splits=2) == pytest.approx(1)
        assert inception_score(rows, splits=1) == pytest.approx(2)

    def test_refuses_more_splits_than_samples(self):
        with pytest.raises(ValueError, match="3 splits"):
            inception_score(torch.eye(2), splits=3)


class TestKid:
    def test_closed_form_for_normals(self):
        d, a, n = 10, 1.0, 4000
        shift = torch.zeros(d)
        shift[0] = math.sqrt(a)
        pp = 1 + 3 / d
        pq = 1 + 3 * (a + d) / d**2
        qq = 1 + 3 * a / d + 3 * (a**2 + 2 * a + d) / d**2
        qq += (a**3 + 3 * a * (2 * a + d) + 6 * a) / d**3
        found = [kid(normal(n, d, 2 * i), normal(n, d, 2 * i + 1) + shift) for i in range(5)]
        assert pp + qq - 2 * pq == pytest.approx(0.373)
        assert np.mean(found) == pytest.approx(0.373, abs=0.012)

    def test_is_unbiased(self):
        found = [kid(normal(30, 4, 2 * i), normal(40, 4, 2 * i + 1)) for i in range(400)]
        assert abs(np.mean(found)) < 4 * np.std(found) / 20

    def test_equals_the_double_sum(self):
        x, y = normal(7, 3, 0), normal(5, 3, 1)
        k = lambda a, b: (a @ b / 3 + 1) ** 3  # noqa: E731
        xx = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
        yy = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
        xy = np.mean([k(a, b) for a in x for b in y])
        assert kid(x, y) == pytest.approx(xx + yy - 2 * xy, rel=1e-9)

    def test_blocks_do_not_matter(self, monkeypatch):
        x, y = normal(700, 5, 0), normal(900, 5, 1)
        whole = kid(x, y)
        monkeypatch.setattr("ganbench.measures.mmd.BLOCK", 13)
        assert kid(x, y) == pytest.approx(whole, rel=1e-9)


class TestPrecisionAndRecall:
    def test_points_on_a_line(self):
        """k = 1: the ball of each real reaches to its neighbour."""
        real = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        fake = torch.tensor([[0.5], [4.0], [4.5], [-9.0]])
        assert precision(real, fake, k=1) == pytest.approx(0.5)  # 4.0 lies on a sphere: inside

    def test_recall_is_precision_with_the_roles_exchanged(self):
        real, fake = normal(80, 3, 0), normal(60, 3, 1, shift=1.0)
        assert recall(real, fake) == precision(fake, real)

    def test_agrees_with_a_brute_force(self):
        real, fake = normal(60, 4, 0), normal(50, 4, 1, shift=0.7)
        distance = torch.cdist(real, real).sort(1).values[:, 3]
        inside = (torch.cdist(fake, real) <= distance).any(1).double().mean()
        assert precision(real, fake) == pytest.approx(inside.item())

    def test_far_apart_is_zero(self):
        assert precision(normal(50, 3, 0), normal(50, 3, 1, shift=100.0)) == 0
        assert recall(normal(50, 3, 0), normal(50, 3, 1, shift=100.0)) == 0

    def test_needs_more_samples_than_neighbours(self):
        with pytest.raises(ValueError, match="more than 3"):
            precision(normal(3, 2, 0), normal(9, 2, 1))


class TestModes:
    modes = Modes(torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]), 1.0)

    def test_a_perfect_sampler(self):
        draws = torch.Generator().manual_seed(0)
        n = 40_000
        fake = self.modes.centres[torch.randint(3, (n,), generator=draws)]
        fake = fake + torch.randn((n, 2), generator=draws)
        expected = 1 - math.exp(-9 / 2)
        error = 4 * math.sqrt(expected * (1 - expected) / n)
        assert high_quality(self.modes, fake) == pytest.approx(expected, abs=error)
        assert modes_covered(self.modes, fake) == 3

    def test_only_high_quality_samples_cover_a_mode(self):
        fake = torch.tensor([[0.0, 2.9], [10.0, 3.1], [5.0, 5.0]])
        assert modes_covered(self.modes, fake) == 1
        assert high_quality(self.modes, fake) == pytest.approx(1 / 3)
