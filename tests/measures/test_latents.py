"""Linear generators: their reconstruction error and path length in closed form."""

import numpy as np
import pytest
import torch

from ganbench.measures.latents import path_length_pixels, reconstruction_error
from tests.measures import toys

DIM, D = 5, 20


def draws(seed):
    return torch.Generator().manual_seed(seed)


WEIGHT = torch.randn((DIM, D), generator=draws(1)) / 4
OFFSET = torch.randn(D, generator=draws(2))


def linear(prior="normal", weight=WEIGHT):
    return toys.model(toys.Affine(weight, OFFSET, (D,)), DIM, prior)


def off_the_plane(n, seed, noise):
    """Samples that the generator nearly makes, of small latents."""
    z = torch.rand((n, DIM), generator=draws(seed)) * 1.6 - 0.8
    return OFFSET + z @ WEIGHT + noise * torch.randn((n, D), generator=draws(seed + 1))


def residuals(x):
    """‖(I − WW⁺)(x − b)‖² / D: by least squares."""
    w, y = WEIGHT.double().numpy(), (x - OFFSET).double().numpy()
    found = np.linalg.lstsq(w.T, y.T, rcond=None)[1]
    return found / D


class TestReconstruction:
    @pytest.mark.parametrize("prior", ["normal", "uniform"])
    def test_a_linear_generator_has_the_error_of_least_squares(self, prior):
        x, seen = off_the_plane(40, 3, 0.1), off_the_plane(40, 5, 0.0)
        found = reconstruction_error(seen, linear(prior), x, n=40)
        expected = residuals(x)
        assert found.value == pytest.approx(expected.mean(), rel=1e-3)
        assert found.detail["held_out"]["median"] == pytest.approx(np.median(expected), rel=1e-3)
        assert found.detail["trained_on"]["mean"] < 1e-5
        assert found.detail["gap"] == pytest.approx(found.value, rel=1e-2)
        assert found.spread.error == pytest.approx(expected.std(ddof=1) / 40**0.5, rel=1e-2)

    def test_it_does_not_leave_the_prior(self):
        """z = (9, 0, …) would be needed; the cube ends at 1, the normal prior at `bound`."""
        x = OFFSET + 9 * WEIGHT[:1].expand(3, D)
        long = float(WEIGHT[0].square().mean())
        orthogonal = torch.linalg.qr(WEIGHT.T)[0].T * WEIGHT[0].norm()  # rows do not stand in
        orthogonal[0] = WEIGHT[0]
        for prior, limit in (("uniform", 1.0), ("normal", 3.0)):
            net = linear(prior, orthogonal)
            found = reconstruction_error(x, net, x, n=3, steps=300)
            assert found.value == pytest.approx((9 - limit) ** 2 * long, rel=1e-2)
        found = reconstruction_error(x, linear("normal", orthogonal), x, n=3, bound=2.0, steps=300)
        assert found.value == pytest.approx(49 * long, rel=1e-2)

    def test_a_collapsed_generator_reaches_less(self):
        x = off_the_plane(30, 3, 0.05)
        whole, flat = (
            reconstruction_error(x, linear(weight=WEIGHT * mask), x, n=30).value
            for mask in (torch.ones(DIM, 1), torch.tensor([1.0, 0, 0, 0, 0])[:, None])
        )
        assert flat > 5 * whole

    def test_images_are_scaled_and_one_hot_parts_stay(self):
        """Two classes, one black and one white: grey is only reached by leaving the class."""

        def decode(inputs):
            return (inputs[:, :1] / 3 + 0 * inputs[:, 2:3]).expand(-1, 4).view(-1, 1, 2, 2)

        def latents(n, seed):
            label = torch.randint(2, (n,), generator=draws(seed))
            head = torch.nn.functional.one_hot(label, 2) * 3.0
            return torch.cat((head, torch.randn((n, 3), generator=draws(seed))), 1)

        model = toys.Model(latents, decode, 3, "normal", tuple)
        x = torch.tensor([0, 255, 51], dtype=torch.uint8)[:, None, None, None].expand(3, 1, 2, 2)
        for restarts in (1, 400):  # of 400 the farther ones are of the other class
            found = reconstruction_error(x, model, x, n=3, steps=5, restarts=restarts)
            assert found.value == pytest.approx(0.2**2 / 3, rel=1e-5)

    def test_another_shape_is_refused(self):
        x = torch.zeros(3, D + 1)
        with pytest.raises(ValueError, match="another shape"):
            reconstruction_error(x, linear(), x)


class TestPathLength:
    def test_straight_ways_of_a_linear_generator(self):
        """z goes from a to b, uniform on (−1, 1): E ‖W(b − a)‖² = 2/3 tr WWᵀ."""
        found = path_length_pixels(linear("uniform"), n=20_000, trim=0)
        expected = 2 / 3 * float(WEIGHT.square().sum()) / D
        assert found.value == pytest.approx(expected, abs=4 * found.spread.error)
        assert found.spread.error < 0.02 * expected

    def test_of_each_pair_exactly(self):
        model = linear("uniform")
        z = model.latents(20, 3)
        expected = ((z[10:] - z[:10]) @ WEIGHT).double().square().mean(1)
        found = path_length_pixels(model, n=10, trim=0, seed=3)
        assert found.value == pytest.approx(float(expected.mean()), rel=1e-5)
        assert found.detail["longest"] == pytest.approx(float(expected.max()), rel=1e-5)
        # Without the tenth of each end.
        trimmed = path_length_pixels(model, n=10, trim=0.1, seed=3).value
        assert trimmed == pytest.approx(float(expected.sort().values[1:-1].mean()), rel=1e-5)

    def test_great_circles_of_a_normal_prior(self):
        """With W = I the speed of a point whose length goes linearly: (rΩ)² + (r₂ − r₁)²."""
        model = toys.model(toys.Affine(torch.eye(DIM), torch.zeros(DIM), (DIM,)), DIM, "normal")
        n = 50
        ends = model.latents(2 * n, 4).double()
        a, b = ends[:n], ends[n:]
        t = torch.rand((n, 1), generator=draws(4), dtype=torch.float64).flatten()
        long_a, long_b = a.norm(dim=1), b.norm(dim=1)
        angle = ((a * b).sum(1) / long_a / long_b).acos()
        speed = (((1 - t) * long_a + t * long_b) * angle) ** 2 + (long_b - long_a) ** 2
        found = path_length_pixels(model, n=n, trim=0, seed=4)
        assert found.value == pytest.approx(float(speed.mean()) / DIM, rel=1e-3)

    def test_it_does_not_depend_on_epsilon_and_nothing_moves_a_constant(self):
        one, other = (path_length_pixels(linear(), n=200, epsilon=e).value for e in (1e-4, 1e-5))
        assert one == pytest.approx(other, rel=1e-3)
        assert path_length_pixels(linear(weight=WEIGHT * 0), n=50).value == 0
        assert path_length_pixels(linear(weight=WEIGHT * 2), n=200).value == pytest.approx(
            4 * one, rel=1e-3
        )

    def test_nothing_may_remain(self):
        with pytest.raises(ValueError, match="leaves none"):
            path_length_pixels(linear(), n=10, trim=0.5)
