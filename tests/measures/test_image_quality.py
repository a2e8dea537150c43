"""SSIM, PSNR and sharpness difference: closed forms, and scikit-image and torchmetrics."""

import math

import numpy as np
import pytest
import torch

from ganbench.measures.image_quality import (
    nearest_psnr,
    nearest_sharpness,
    nearest_ssim,
    psnr,
    sharpness_difference,
    ssim,
)
from ganbench.measures.ms_ssim import C1
from tests.parity import shim


def images(n, seed, channels=1, size=20):
    draws = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, channels, size, size), generator=draws, dtype=torch.uint8)


def flat(value, size=12):
    return torch.full((1, 1, size, size), float(value))


class TestPairs:
    def test_equal_images(self):
        x = images(3, 0)
        torch.testing.assert_close(ssim(x, x), torch.ones(3).double())
        assert psnr(x, x).tolist() == [math.inf] * 3
        assert sharpness_difference(x, x).tolist() == [math.inf] * 3

    def test_a_shift_of_c_grey_levels(self):
        x = images(1, 0).double()
        assert psnr(x, x + 7).item() == pytest.approx(20 * math.log10(255 / 7))
        assert sharpness_difference(x, x + 7).item() == math.inf

    def test_the_ssim_of_constants(self):
        a, b = 100, 140
        expected = (2 * a * b + C1) / (a**2 + b**2 + C1)
        assert ssim(flat(a), flat(b)).item() == pytest.approx(expected)

    def test_the_sharpness_difference_by_hand(self):
        """2×2 pixels have one gradient: |9 − 2| + |9 − 4| against |5 − 4| + |5 − 5|."""
        x = torch.tensor([[[[0.0, 2.0], [4.0, 9.0]]]])
        y = torch.tensor([[[[7.0, 4.0], [5.0, 5.0]]]])
        expected = 10 * math.log10(1 / ((12 - 1) / 255))
        assert sharpness_difference(x, y).item() == pytest.approx(expected)

    def test_a_vertical_and_a_horizontal_edge(self):
        """One direction each, and so the same gradients where the edges cross only."""
        x, y = flat(0), flat(0)
        x[..., 6:] = 255
        y[..., 6:, :] = 255
        expected = -10 * math.log10((11 + 11 - 2) / 11**2)
        assert sharpness_difference(x, y).item() == pytest.approx(expected)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_agrees_with_scikit_image(self, channels):
        metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
        x, y = images(2, 0, channels), images(2, 1, channels)
        y = (0.7 * x + 0.3 * y).to(torch.uint8)
        for i, (found, noise) in enumerate(zip(ssim(x, y), psnr(x, y), strict=True)):
            a, b = x[i].numpy(), y[i].numpy()
            expected = metrics.structural_similarity(
                a,
                b,
                channel_axis=0,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=255,
            )
            assert found.item() == pytest.approx(expected, rel=1e-9)
            expected = metrics.peak_signal_noise_ratio(a, b, data_range=255)
            assert noise.item() == pytest.approx(expected)

    def test_agrees_with_torchmetrics(self):
        """Which mirrors the border, so where the window fits."""
        shim.torchvision()
        functional = pytest.importorskip(
            "torchmetrics.functional.image", reason="torchmetrics is not installed"
        )
        x, y = images(3, 0, 3).double(), images(3, 1, 3).double()
        _, places = functional.structural_similarity_index_measure(
            y, x, data_range=255.0, reduction="none", return_full_image=True
        )
        expected = places[..., 5:-5, 5:-5].mean((1, 2, 3))
        torch.testing.assert_close(ssim(x, y), expected, rtol=1e-9, atol=1e-12)
        expected = functional.peak_signal_noise_ratio(
            y, x, data_range=255.0, reduction="none", dim=(1, 2, 3)
        )
        torch.testing.assert_close(psnr(x, y), expected, rtol=1e-6, atol=0)

    def test_small_images_are_refused(self):
        with pytest.raises(ValueError, match="11 pixels"):
            ssim(flat(0, 10), flat(0, 10))
        with pytest.raises(ValueError, match="2 pixels"):
            sharpness_difference(flat(0, 1), flat(0, 1))


class TestNearest:
    def test_copies_score_best(self):
        real = images(30, 0)
        fake = real[torch.tensor([3, 3, 17])]
        assert nearest_ssim(real, fake).value == pytest.approx(1)
        assert nearest_psnr(real, fake).value == 60
        assert nearest_sharpness(real, fake).value == 60
        assert nearest_ssim(real, fake).detail["copies"] == 3

    def test_each_fake_has_its_nearest_real(self):
        """Reals far apart, a fake a little above the second: the pair is known."""
        real = torch.cat([flat(20), flat(100), flat(250)]).byte()
        fake = flat(103).byte()
        assert nearest_psnr(real, fake).value == pytest.approx(20 * math.log10(255 / 3))

    def test_the_sides_are_not_exchanged(self):
        """One fake near many reals scores well; the reals are not all near the one fake."""
        real = images(30, 0)
        assert nearest_psnr(real, real[:1]).value == 60
        assert nearest_psnr(real[:1], real).value < 15

    def test_the_interval_is_that_of_the_mean(self):
        real = images(200, 0)
        found = nearest_psnr(real, images(100, 1), images=80)
        assert found.detail["images"] == 80
        assert found.spread.estimate == pytest.approx(found.value)
        assert found.spread.freedom == 79
        assert 0 < found.spread.error < 0.1

    def test_shapes_must_agree(self):
        with pytest.raises(ValueError, match="1×20×20 and the fakes 3×20×20"):
            nearest_ssim(images(2, 0), images(2, 0, 3))

    def test_blur_is_less_sharp_than_noise_is_near(self):
        """Of smooth fields: a blurred field is nearer in PSNR than a noisy one, and less sharp."""
        rng = np.random.default_rng(0)
        real = torch.from_numpy(rng.integers(0, 256, (50, 1, 16, 16), dtype=np.uint8))
        blurred = torch.nn.functional.avg_pool2d(real.float(), 3, 1, 1).byte()
        noisy = (real.int() + torch.from_numpy(rng.integers(-3, 4, real.shape))).clamp(0, 255)
        assert (
            nearest_sharpness(real, blurred).value < nearest_sharpness(real, noisy.byte()).value - 5
        )
