"""Are the fakes copies? Against other code, and against fakes that are known to be."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.cluster import KMeans

from ganbench.measures.memorisation import copied_share, copying_ratio, data_copying, rank_z


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


TRAIN, NEW, CONTROL = normal(500, 6, 0), normal(400, 6, 1), normal(450, 6, 2)
COPIES = TRAIN[:400]
BLURRED = COPIES + normal(400, 6, 3, scale=0.05)


class TestCopyingRatio:
    def test_is_the_ratio_of_medians(self):
        fakes, controls = (
            np.median(torch.cdist(x, TRAIN).amin(1)) for x in (NEW[:399], CONTROL[:9])
        )
        found = copying_ratio(TRAIN, NEW[:399], CONTROL[:9])
        assert found == pytest.approx(fakes / controls, rel=1e-9)

    def test_copies_are_0_and_new_samples_1(self):
        assert copying_ratio(TRAIN + 1e3, COPIES + 1e3, CONTROL + 1e3) == 0
        assert copying_ratio(TRAIN, BLURRED, CONTROL) < 0.2
        assert copying_ratio(TRAIN, NEW, CONTROL) == pytest.approx(1, abs=0.05)
        assert copying_ratio(TRAIN, 3 * NEW, CONTROL) > 2

    def test_an_offset_does_not_matter(self):
        once = copying_ratio(TRAIN, NEW, CONTROL)
        assert copying_ratio(TRAIN + 1e3, NEW + 1e3, CONTROL + 1e3) == pytest.approx(once, rel=1e-9)


class TestCopiedShare:
    def test_a_few_copies_are_seen(self):
        some = torch.cat((COPIES[:40], NEW[:360]))
        assert copied_share(TRAIN, some, CONTROL) == pytest.approx(0.1 + 0.009, abs=0.02)
        assert copied_share(TRAIN, COPIES, CONTROL) == 1

    def test_is_the_quantile_for_the_control_itself(self):
        assert copied_share(TRAIN, CONTROL, CONTROL, quantile=0.1) == pytest.approx(0.1, abs=0.003)


class TestDataCopying:
    def test_rank_z_agrees_with_scipy(self):
        for seed in range(5):
            a, b = normal(70, 1, seed)[:, 0], normal(50, 1, 9, shift=0.3)[:, 0].round(decimals=1)
            a[:20] = b[:20]  # ties
            u = stats.mannwhitneyu(a, b).statistic
            expected = (u - 70 * 50 / 2) / np.sqrt(70 * 50 * 121 / 12)
            assert rank_z(a, b) == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("dimensions", [64, 2])
    def test_agrees_with_a_direct_computation(self, dimensions):
        """Meehan et al. 2020, with numpy, scikit-learn and scipy."""
        train, fake, control = TRAIN.numpy(), (1.2 * NEW).numpy(), CONTROL.numpy()
        if dimensions < 6:
            axes = np.linalg.svd(train - train.mean(0))[2][:dimensions]
            train, fake, control = (
                (x - TRAIN.numpy().mean(0)) @ axes.T for x in (train, fake, control)
            )
        means = KMeans(3, n_init=10, random_state=5).fit(train)
        t, g, c = (means.predict(x) for x in (train, fake, control))
        score = 0.0
        for cell in range(3):
            gap = lambda x, cell=cell: np.linalg.norm(x[:, None] - train[t == cell], axis=2).min(1)  # noqa: E731
            a, b = gap(fake[g == cell]), gap(control[c == cell])
            n, m = len(a), len(b)
            z = (stats.mannwhitneyu(a, b).statistic - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)
            score += m / len(control) * z
        found = data_copying(TRAIN, 1.2 * NEW, CONTROL, dimensions=dimensions, seed=5)
        assert found == pytest.approx(score, rel=1e-6)

    def test_copies_are_far_below_0_and_outliers_far_above(self):
        assert data_copying(TRAIN, COPIES, CONTROL) < -10
        assert data_copying(TRAIN, BLURRED, CONTROL) < -10
        assert data_copying(TRAIN, 2 * NEW, CONTROL) > 5

    def test_of_equal_distributions(self):
        """N(0, 1) in one cell; the mean of three has a third of the variance."""
        for cells, variance in ((1, 1.0), (3, 1 / 3)):
            found = [
                data_copying(
                    *(normal(n, 3, 3 * i + j) for j, n in enumerate((200, 150, 150))), cells=cells
                )
                for i in range(60)
            ]
            assert np.mean(found) == pytest.approx(0, abs=4 * (variance / 60) ** 0.5)
            assert np.var(found) == pytest.approx(variance, rel=0.6)

    def test_cells_without_fakes_are_left_out(self):
        real = torch.cat((TRAIN, TRAIN + 100))
        control = torch.cat((CONTROL, CONTROL + 100))
        one = data_copying(TRAIN, NEW, CONTROL, cells=1)
        assert data_copying(real, NEW, control, cells=2) == pytest.approx(one, rel=1e-9)
        with pytest.raises(ValueError, match="more than 20 fakes"):
            data_copying(TRAIN, NEW[:20], CONTROL, cells=1)
