"""The Vendi score and MS-SSIM: closed forms."""

import math

import pytest
import torch

from ganbench.measures.ms_ssim import C1, ms_ssim, ms_ssim_diversity, ms_ssim_spread
from ganbench.measures.vendi import vendi
from tests.parity import shim


def draws(seed):
    return torch.Generator().manual_seed(seed)


class TestVendi:
    def test_orthogonal_samples_score_their_number(self):
        assert vendi(torch.eye(9)[:7] * torch.arange(1, 8)[:, None]) == pytest.approx(7)

    def test_identical_samples_score_one(self):
        assert vendi(torch.ones(12, 5)) == pytest.approx(1)

    @pytest.mark.parametrize("q", [0.5, 1, 2, math.inf])
    def test_groups_of_duplicates_score_their_number(self, q):
        assert vendi(torch.eye(4).repeat(6, 1), q=q) == pytest.approx(4)

    def test_two_directions_at_a_known_angle(self):
        """K/2 has the eigenvalues (1 ± cos φ)/2."""
        cos = 0.6
        p, q = (1 + cos) / 2, (1 - cos) / 2
        expected = math.exp(-p * math.log(p) - q * math.log(q))
        assert vendi(torch.tensor([[1.0, 0.0], [cos, 0.8]])) == pytest.approx(expected)

    def test_the_dual_is_the_same(self):
        x = torch.randn((30, 8), generator=draws(0)).double()
        k = torch.nn.functional.normalize(x, dim=1)
        values = torch.linalg.eigvalsh(k @ k.T / 30).clamp(min=1e-300)
        assert vendi(x) == pytest.approx(math.exp(-(values * values.log()).sum()), rel=1e-9)

    def test_agrees_with_the_authors_package(self):
        package = pytest.importorskip("vendi_score.vendi", reason="vendi-score is not installed")
        x = torch.randn((40, 8), generator=draws(1)).double()
        expected = package.score_dual(x.numpy(), normalize=True)
        assert vendi(x) == pytest.approx(expected, rel=1e-9)

    def test_a_sample_of_zeros_has_no_direction(self):
        with pytest.raises(ValueError, match="all 0"):
            vendi(torch.zeros(3, 2))


class TestMsSsim:
    def test_identical_images_score_one(self):
        x = torch.rand((2, 3, 200, 180), generator=draws(0)) * 255
        torch.testing.assert_close(ms_ssim(x, x), torch.ones(2))

    @pytest.mark.parametrize("size", [20, 200])
    def test_constant_images(self, size):
        """Contrast and structure are 1; the last scale has the luminance term."""
        x, y = torch.full((1, 1, size, size), 100.0), torch.full((1, 1, size, size), 140.0)
        luminance = (2 * 100 * 140 + C1) / (100**2 + 140**2 + C1)
        weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
        weight = 1.0 if size == 20 else weights[-1]
        expected = luminance**weight
        assert ms_ssim(x.double(), y.double()).item() == pytest.approx(expected, rel=1e-6)

    def test_agrees_with_torchmetrics(self):
        shim.torchvision()
        package = shim.peer("torchmetrics.functional.image")
        x = torch.rand((3, 1, 180, 190), generator=draws(0)).double() * 255
        y = (x + torch.randn(x.shape, generator=draws(1)) * 20).clamp(0, 255)
        expected = package.multiscale_structural_similarity_index_measure(
            x, y, data_range=255.0, reduction="none"
        )
        torch.testing.assert_close(ms_ssim(x, y), expected, rtol=2e-3, atol=2e-3)

    def test_too_small_an_image_is_refused(self):
        with pytest.raises(ValueError, match="11 pixels"):
            ms_ssim(torch.zeros(1, 1, 10, 30), torch.zeros(1, 1, 10, 30))

    def test_diversity_of_copies_is_one_and_falls_with_noise(self):
        one = torch.randint(256, (1, 3, 32, 32), generator=draws(0), dtype=torch.uint8)
        assert ms_ssim_diversity(one.expand(20, -1, -1, -1)) == pytest.approx(1)
        many = torch.randint(256, (20, 3, 32, 32), generator=draws(1), dtype=torch.uint8)
        assert ms_ssim_diversity(many) < 0.2

    def test_the_interval_is_that_of_independent_pairs(self):
        many = torch.randint(256, (400, 1, 16, 16), generator=draws(1), dtype=torch.uint8)
        spread = ms_ssim_spread(many)
        again = [ms_ssim_diversity(many, seed=i) for i in range(40)]
        assert spread.freedom == 199
        assert spread.error == pytest.approx(torch.tensor(again).std().item(), rel=0.35)
