"""The Feature Likelihood Divergence: mixtures beside scipy, and what raises it."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from ganbench.measures.fld import _fit, _log_density, _squares, fld, mixture_variances


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


REAL, NEW, CONTROL = normal(1200, 6, 0), normal(600, 6, 1), normal(600, 6, 2)


class TestMixture:
    def test_one_centre_has_the_mean_squared_distance(self):
        x, centre = normal(50, 3, 0), normal(1, 3, 1)
        expected = (x - centre).square().mean()
        assert mixture_variances(_squares(x, centre), 3, 1).item() == pytest.approx(expected.item())

    def test_two_centres_far_apart_have_their_own(self):
        x = torch.cat((normal(40, 3, 0, scale=0.5), normal(60, 3, 1, shift=100, scale=2.0)))
        centres = torch.tensor([[0.0] * 3, [100.0] * 3], dtype=torch.float64)
        expected = [x[:40].square().mean().item(), (x[40:] - 100).square().mean().item()]
        assert mixture_variances(_squares(x, centres), 3, 5).tolist() == pytest.approx(expected)

    def test_the_likelihood_is_at_its_maximum(self):
        squares = _squares(normal(80, 2, 0), normal(5, 2, 1))
        log = mixture_variances(squares, 2, 2000).log().requires_grad_()
        _log_density(squares, log.exp(), 2).logsumexp(1).mean().backward()
        assert log.grad.abs().max() < 1e-4

    def test_likelihoods_are_those_of_scipy(self):
        centres, fitted, new = normal(7, 3, 0), normal(40, 3, 1), normal(9, 3, 2)
        variance = mixture_variances(_squares(fitted, centres), 3, 4)
        for found, x in zip(_fit(centres, fitted, new, 4), (new, fitted), strict=True):
            parts = [
                multivariate_normal(c.numpy(), v.item()).logpdf(x.numpy())
                for c, v in zip(centres, variance, strict=True)
            ]
            expected = -np.mean(logsumexp(parts, 0) - np.log(7)) / 3
            assert found == pytest.approx(expected, rel=1e-9)


class TestFld:
    def test_equal_distributions_are_0_on_average(self):
        found = [
            fld(normal(400, 4, 3 * i), normal(200, 4, 3 * i + 1), normal(200, 4, 3 * i + 2)).value
            for i in range(20)
        ]
        error = np.std(found) / 20**0.5
        assert np.mean(found) == pytest.approx(0, abs=3.5 * error)
        assert error < 0.5

    def test_copies_noise_and_collapse_all_raise_it(self):
        honest = fld(REAL, NEW, CONTROL)
        copies = REAL[torch.randperm(1200, generator=torch.Generator().manual_seed(1))[:600]]
        blurred = copies + normal(600, 6, 3, scale=0.01)
        for worse in (blurred, NEW + normal(600, 6, 3), NEW[:5].repeat(120, 1)):
            assert fld(REAL, worse, CONTROL).value > honest.value + 3

    def test_shrunken_normals_pass(self):
        """The weakness that the row warns of: wide kernels on less varied centres fit as well."""
        assert fld(REAL, NEW * 0.5, CONTROL).value < fld(REAL, NEW, CONTROL).value

    def test_the_gap_is_of_copies_alone(self):
        copies = REAL + normal(1200, 6, 3, scale=0.01)
        assert fld(REAL, copies, CONTROL).detail["gap"] > 20
        assert abs(fld(REAL, NEW, CONTROL).detail["gap"]) < 5
        assert fld(REAL, NEW + 3, CONTROL).detail["gap"] < 5

    def test_roles_matter(self):
        """Fakes that are copies of the control are likely, and no copies of the training set."""
        assert fld(REAL, CONTROL, CONTROL).value < -15
        assert fld(CONTROL, NEW, REAL).value > -10

    def test_the_units_of_the_features_do_not_matter(self):
        unit = torch.tensor([1, 10, 0.1, 5, 1, 2], dtype=torch.float64)
        once = fld(REAL, NEW, CONTROL, steps=5).value
        scaled = fld(REAL * unit + 7, NEW * unit + 7, CONTROL * unit + 7, steps=5)
        assert scaled.value == pytest.approx(once, rel=1e-6)

    def test_budget_and_refusals(self):
        assert fld(REAL, NEW, CONTROL, n=50, steps=1).detail["m"] == 50
        assert fld(REAL, NEW, CONTROL, n=50) != fld(REAL, NEW, CONTROL, n=50, seed=1)
        with pytest.raises(ValueError, match="8 samples or more"):
            fld(REAL[:15], NEW, CONTROL)
