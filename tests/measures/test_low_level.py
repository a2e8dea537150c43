"""Statistics of pixels: fields of known spectra, hand computations, and scipy."""

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from ganbench.datasets import load
from ganbench.measures.low_level import (
    checkerboard,
    contrast_distance,
    filter_kurtosis,
    filter_kurtosis_distance,
    gradient_distance,
    nyquist_share,
    spectrum_slope,
    spectrum_slope_distance,
    wasserstein_1,
)
from ganbench.measures.patch_wasserstein import _patches, _pyramid, sliced_wasserstein, swd


def noise(n, seed, shape=(1, 32, 32)):
    draws = torch.Generator().manual_seed(seed)
    values = 128 + 30 * torch.randn((n, *shape), generator=draws)
    return values.round().clamp(0, 255).to(torch.uint8)


def field(n, seed, slope, size=64):
    """Random fields whose power falls as f^slope, as uint8."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None])
    radius[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.normal(size=(n, size, size))) * radius ** (slope / 2)
    values = np.fft.ifft2(spectrum).real
    return torch.from_numpy(np.rint(128 + 40 * values / values.std()).clip(0, 255)).byte()[:, None]


@pytest.fixture(scope="module")
def digits():
    return load("builtin:mnist:test[:600]").tensor()


def blurred(images):
    return torch.from_numpy(ndimage.uniform_filter(images.numpy(), (0, 0, 3, 3)))


class TestSpectrum:
    def test_white_noise_is_flat(self):
        assert spectrum_slope(noise(300, 0)) == pytest.approx(0, abs=0.02)

    @pytest.mark.parametrize("slope", [-2, -1])
    def test_fields_of_known_slopes(self, slope):
        assert spectrum_slope(field(200, 0, slope)) == pytest.approx(slope, abs=0.1)

    def test_images_that_are_no_squares(self):
        assert spectrum_slope(noise(300, 0, (3, 24, 37))) == pytest.approx(0, abs=0.05)

    def test_the_distance_is_that_of_the_slopes(self):
        found = spectrum_slope_distance(field(100, 0, -2), field(100, 1, -1))
        assert found.value == pytest.approx(1, abs=0.1)
        assert found.detail["real_slope"] == pytest.approx(-2, abs=0.1)
        assert found.detail["fake_slope"] == pytest.approx(-1, abs=0.1)

    def test_blur_is_steeper(self, digits):
        found = spectrum_slope_distance(digits[:300], blurred(digits[300:]))
        assert found.detail["fake_slope"] < found.detail["real_slope"] - 0.5

    def test_constant_images_have_none(self):
        with pytest.raises(ValueError, match="without contrast"):
            spectrum_slope(torch.full((2, 1, 8, 8), 7, dtype=torch.uint8))


class TestTransport:
    @pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 31)])
    def test_agrees_with_scipy(self, n, m):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=n), rng.exponential(size=m).round(1)
        expected = stats.wasserstein_distance(x, y)
        assert wasserstein_1(torch.tensor(x), torch.tensor(y)) == pytest.approx(expected)

    def test_a_shift(self):
        x = torch.arange(7.0)
        assert wasserstein_1(x, x + 3) == 3
        assert wasserstein_1(x, x.repeat(2)) == pytest.approx(0)

    def test_the_gradient_of_ramps(self):
        """A ramp of 3 grey levels down and 4 across has the gradient 5; a flat image 0."""
        ramp = 3 * torch.arange(9)[:, None] + 4 * torch.arange(9)
        found = gradient_distance(ramp.byte()[None, None], torch.zeros((1, 1, 9, 9)).byte())
        assert found.value == pytest.approx(5)
        assert found.detail == {"real_mean": pytest.approx(5), "fake_mean": 0}

    def test_the_contrast_of_a_chessboard(self):
        board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 200
        found = contrast_distance(board.byte()[None, None], torch.zeros((1, 1, 8, 8)).byte())
        assert found.value == pytest.approx(100)

    def test_blur_moves_gradients_and_contrast(self, digits):
        for measure in (gradient_distance, contrast_distance):
            found = measure(digits[:300], digits[300:])
            worse = measure(digits[:300], blurred(digits[300:]))
            assert worse.value > 3 * found.value
            assert worse.detail["fake_mean"] < worse.detail["real_mean"]


class TestFilters:
    def test_normal_noise_has_three(self):
        """Each response of normal pixels is normal."""
        np.testing.assert_allclose(filter_kurtosis(noise(400, 0)), 3, atol=0.1)

    def test_agrees_with_scipy(self, digits):
        """By correlation with the same filters."""
        draws = torch.Generator().manual_seed(4)
        bank = torch.randn((2, 1, 8, 8), generator=draws)[:, 0].numpy()
        expected = []
        for one in bank - bank.mean((1, 2), keepdims=True):
            whole = ndimage.correlate(digits[:50, 0].double().numpy(), one[None])
            expected.append(stats.kurtosis(whole[:, 4:25, 4:25].ravel(), fisher=False))
        found = filter_kurtosis(digits[:50], 2, seed=4)
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    def test_digits_are_no_noise(self, digits):
        found = filter_kurtosis_distance(digits, noise(600, 0, (1, 28, 28)))
        assert found.detail["real_kurtosis"] > 3.3 > found.detail["fake_kurtosis"]
        assert found.value > 10 * filter_kurtosis_distance(digits[:300], digits[300:]).value / 2

    def test_constant_images_have_none(self):
        with pytest.raises(ValueError, match="without contrast"):
            filter_kurtosis(torch.full((2, 1, 8, 8), 7, dtype=torch.uint8))


class TestCheckerboard:
    @pytest.mark.parametrize("size", [8, 9])
    def test_a_checkerboard_is_all_of_it(self, size):
        board = (torch.arange(size)[:, None] + torch.arange(size)) % 2 * 200
        share = nyquist_share(board.byte()[None, None])
        assert share == pytest.approx(1, abs=0.05 if size % 2 else 1e-9)

    def test_stripes_are_too(self):
        stripes = torch.arange(8) % 2 * 90
        both = torch.stack((stripes.expand(8, 8), stripes.expand(8, 8).T))
        assert nyquist_share(both.byte()[:, None]) == pytest.approx(1)

    def test_white_noise_has_three_frequencies_of_all(self):
        assert nyquist_share(noise(2000, 0, (1, 16, 16))) == pytest.approx(3 / 255, rel=0.05)

    def test_a_faint_pattern_is_seen_and_blur_is_below_one(self, digits):
        pattern = (torch.arange(28)[:, None] + torch.arange(28)) % 2 * 6
        marked = (digits[300:].int() + pattern).clamp(max=255).byte()
        assert checkerboard(digits[:300], marked).value > 3
        assert checkerboard(digits[:300], digits[300:]).value == pytest.approx(1, abs=0.2)
        assert checkerboard(digits[:300], blurred(digits[300:])).value < 0.5

    def test_the_reals_must_have_some(self):
        real = torch.zeros((1, 1, 8, 8), dtype=torch.uint8)
        real[..., :4] = 200  # two and two columns cancel
        with pytest.raises(ValueError, match="Nyquist"):
            checkerboard(real, noise(2, 0, (1, 8, 8)))


class TestPatches:
    def test_a_set_against_itself(self, digits):
        assert swd(digits[:50], digits[:50]).value == 0

    def test_blur_moves_the_fine_level_more(self, digits):
        same = swd(digits[:300], digits[300:], projections=32).detail["levels"]
        fine, coarse = swd(digits[:300], blurred(digits[300:]), projections=32).detail["levels"]
        assert fine > 2.5 * same[0]
        assert fine > 1.5 * coarse

    def test_patches_are_standardised(self, digits):
        """So contrast and brightness do not count, and the unit is a standard deviation."""
        taken = _patches(digits[:40].float(), 20, 0)
        assert taken.shape == (800, 49)
        assert taken.double().mean().item() == pytest.approx(0, abs=1e-5)
        assert taken.double().square().mean().item() == pytest.approx(1, abs=1e-5)
        assert swd(digits[:50], (digits[:50] // 2 + 9)).value < 5

    def test_patches_are_windows_of_the_image(self):
        x = torch.arange(64.0).view(1, 1, 8, 8)
        taken = _patches(x, 30, 0).view(-1, 7, 7)
        steps = taken - taken[:, :1, :1]
        assert (taken[:, 0, 1] > taken[:, 0, 0]).all()
        torch.testing.assert_close(steps[:, 1, 0], 8 * steps[:, 0, 1])
        assert len({round(first.item(), 3) for first in taken[:, 0, 0]}) == 4

    def test_the_sizes_of_a_pyramid(self):
        """Sizes halve, rounded up, while both sides stay at 14 or above."""
        x = noise(2, 0, (3, 57, 64)).float()
        levels = _pyramid(x, 14)
        assert [tuple(level.shape[-2:]) for level in levels] == [(57, 64), (29, 32), (15, 16)]

    def test_a_constant_has_no_detail(self):
        fine, coarse = _pyramid(torch.full((1, 1, 32, 32), 9.0), 16)
        torch.testing.assert_close(fine, torch.zeros_like(fine))
        torch.testing.assert_close(coarse, torch.full((1, 1, 16, 16), 9.0))

    def test_a_shift_along_one_axis(self):
        """E|u₁| of a unit vector in D dimensions times the shift: in two, 2/π."""
        x = torch.randn((400, 2), generator=torch.Generator().manual_seed(0))
        moved = x + torch.tensor([3.0, 0.0])
        assert sliced_wasserstein(x, moved, 40) == pytest.approx(3 * 2 / np.pi, rel=0.02)

    def test_agrees_with_pot(self):
        ot = pytest.importorskip("ot", reason="POT is not installed")
        draws = torch.Generator().manual_seed(1)
        x, y = (torch.randn((100, 4), generator=draws).double() + shift for shift in (0, 0.5))
        expected = ot.sliced_wasserstein_distance(
            x.numpy(), y.numpy(), n_projections=5000, seed=0, p=1
        )
        assert sliced_wasserstein(x, y, 10, 500) == pytest.approx(expected, rel=0.02)

    def test_shapes_must_agree(self, digits):
        with pytest.raises(ValueError, match="1×28×28 and the fakes 1×32×32"):
            swd(digits, noise(2, 0))
