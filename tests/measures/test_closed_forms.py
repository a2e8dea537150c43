"""Cases whose answer is known, and independent implementations."""

import math
from importlib import import_module

import numpy as np
import pytest
import torch
from scipy import linalg

from ganbench.measures.frechet import frechet, frechet_bias
from ganbench.measures.frechet_infinity import frechet_curve, frechet_infinity
from ganbench.measures.inception_score import classifier_score, inception_score
from ganbench.measures.modes import (
    class_divergence,
    classes_covered,
    high_quality,
    modes_covered,
)
from ganbench.moments import Moments
from ganbench.types import Modes


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

    def test_fewer_samples_than_dimensions_are_exact(self):
        """The nuclear norm of the features' product, by the definition in twice the precision."""
        x, y = normal(40, 60, 0), normal(30, 60, 1, shift=0.3) * 1.5
        cx, cy = (z - z.mean(0) for z in (x, y))
        nuclear = torch.linalg.svdvals(cx @ cy.T).sum() / math.sqrt(39 * 29)
        offset = (x.mean(0) - y.mean(0)).square().sum()
        expected = offset + cx.square().sum() / 39 + cy.square().sum() / 29 - 2 * nuclear
        assert frechet(Moments.of(x), Moments.of(y)) == pytest.approx(expected.item(), rel=1e-10)

    def test_all_routes_agree(self):
        """Factor, Cholesky and symmetric root: the same distance."""
        few, many = normal(30, 40, 0), normal(200, 40, 1, shift=0.2)
        a, b = Moments.of(few), Moments.of(many)
        assert a.factor is not None
        assert b.factor is None
        plain = Moments(a.n, a.mean, a.scatter)  # singular, so the symmetric root
        expected = frechet(a, b)
        assert frechet(plain, b) == pytest.approx(expected, rel=1e-7)
        assert frechet(b, a) == pytest.approx(expected, rel=1e-9)
        assert frechet(b, plain) == pytest.approx(expected, rel=1e-7)

    def test_population_covariances(self):
        x, y = normal(50, 3, 0), normal(30, 3, 1, shift=0.5) * 2
        s, t = (np.cov(z.numpy().T, ddof=0) for z in (x, y))
        offset = np.square((x.mean(0) - y.mean(0)).numpy()).sum()
        expected = offset + np.trace(s + t - 2 * linalg.sqrtm(s @ t).real)
        assert frechet(Moments.of(x), Moments.of(y), ddof=0) == pytest.approx(expected, rel=1e-9)

    def test_an_offset_of_a_thousand_costs_no_digits(self):
        x, y = normal(500, 8, 0), normal(400, 8, 1, shift=0.1)
        near = frechet(Moments.of(x), Moments.of(y))
        assert frechet(Moments.of(x + 1e3), Moments.of(y + 1e3)) == pytest.approx(near, rel=1e-9)

    def test_dimensions_must_agree(self):
        with pytest.raises(ValueError, match="3 dimensions, the fakes 4"):
            frechet(Moments.of(normal(9, 3, 0)), Moments.of(normal(9, 4, 0)))

    def test_the_bias_of_equal_distributions_is_predicted(self):
        """By simulation, with eigenvalues that fall off; against many reals, as in practice."""
        scale = torch.linspace(1, 0.1, 20, dtype=torch.float64)
        real = Moments.of(normal(100_000, 20, 0) * scale)
        found = [frechet(real, Moments.of(normal(1000, 20, i + 1) * scale)) for i in range(60)]
        assert np.mean(found) == pytest.approx(frechet_bias(real, 1000), rel=0.05)

    def test_the_bias_of_standard_normals(self):
        d, m = 20, 10**9
        real = Moments(m, torch.zeros(d).double(), torch.eye(d).double() * (m - 1))
        assert frechet_bias(real, 1000) == pytest.approx(d * (d + 5) / 4 / 1000, rel=1e-5)


class TestFrechetInfinity:
    def test_a_line_in_one_over_n_is_extrapolated(self, monkeypatch):
        """Values that are exactly a + b/n give a."""
        module = import_module("ganbench.measures.frechet_infinity")
        monkeypatch.setattr(module, "frechet", lambda real, fake: 3 + 70 / fake.n)
        real, fake = Moments.of(normal(50, 2, 0)), normal(8000, 2, 1)
        curve = frechet_curve(real, fake)
        assert curve.intercept == pytest.approx(3)
        assert curve.slope == pytest.approx(70)
        assert curve.sizes[0] == 800
        assert curve.sizes[-1] == 8000
        assert len(curve.sizes) == 15

    def test_the_last_point_is_the_distance_itself(self):
        real, fake = Moments.of(normal(500, 4, 0)), normal(900, 4, 1)
        curve = frechet_curve(real, fake)
        assert curve.values[-1] == pytest.approx(frechet(real, Moments.of(fake)))

    def test_the_bias_is_gone(self):
        """Against the true Gaussian, where the distance is known."""
        d, m = 8, 10**9
        real = Moments(m, torch.zeros(d).double(), torch.eye(d).double() * (m - 1))
        fakes = [normal(600, d, i, shift=0.1) for i in range(60)]
        found = np.array([frechet_infinity(real, fake, seed=i) for i, fake in enumerate(fakes)])
        raw = np.mean([frechet(real, Moments.of(fake)) for fake in fakes])
        error = found.std() / math.sqrt(60)
        assert np.mean(found) == pytest.approx(8 * 0.01, abs=4 * error)
        assert raw > 8 * 0.01 + 4 * error

    def test_needs_twenty(self):
        with pytest.raises(ValueError, match="20 samples"):
            frechet_infinity(Moments.of(normal(50, 2, 0)), normal(19, 2, 1))


class TestInceptionScore:
    def test_one_hot_on_all_classes_scores_their_number(self):
        assert classifier_score(torch.eye(7).repeat(3, 1)) == pytest.approx(7)

    def test_constant_predictions_score_one(self):
        assert inception_score(torch.full((50, 4), 0.25)) == pytest.approx(1)
        assert inception_score(torch.eye(4)[[2] * 50]) == pytest.approx(1)

    def test_two_classes_with_known_confidence(self):
        p = 0.9
        rows = torch.tensor([[p, 1 - p], [1 - p, p]]).repeat(10, 1)
        entropy = -(p * math.log(p) + (1 - p) * math.log(1 - p))
        assert classifier_score(rows) == pytest.approx(2 * math.exp(-entropy), rel=1e-6)

    def test_the_mean_over_splits_is_below_the_whole(self):
        rows = (normal(2000, 10, 0) * 2).softmax(1)
        assert inception_score(rows, splits=1) == pytest.approx(classifier_score(rows))
        ten, hundred = (inception_score(rows, splits=splits) for splits in (10, 100))
        assert hundred < ten < classifier_score(rows)

    def test_files_sorted_by_class_score_like_shuffled_ones(self):
        rows = torch.eye(10).repeat_interleave(500, 0)
        assert inception_score(rows) > 9.8  # consecutive parts would score 1
        shuffled = rows[torch.randperm(5000, generator=torch.Generator().manual_seed(0))]
        assert inception_score(shuffled) == pytest.approx(inception_score(rows), rel=1e-9)

    def test_refuses_more_splits_than_samples(self):
        with pytest.raises(ValueError, match="3 splits"):
            inception_score(torch.eye(2), splits=3)


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


class TestClasses:
    """Shares of predicted classes, of rows that are sure of one."""

    def of(self, *counts):
        labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
        return torch.eye(len(counts))[labels]

    def test_covered(self):
        assert classes_covered(self.of(3, 0, 1, 0)) == 2
        assert classes_covered(self.of(1, 1, 1, 1)) == 4

    def test_divergence(self):
        real, fake = self.of(50, 50), self.of(90, 10)
        expected = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
        assert class_divergence(real, fake) == pytest.approx(expected)
        assert class_divergence(fake, self.of(10, 0)) == pytest.approx(math.log(1 / 0.9))

    def test_a_class_that_no_real_has_is_infinitely_far(self):
        assert class_divergence(self.of(10, 0), self.of(9, 1)) == math.inf
