"""Precision, recall, density, coverage and rarity: closed forms, ties and brute forces."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from ganbench.measures.manifold import (
    coverage,
    density,
    density_spread,
    precision,
    precision_spread,
    rarity,
    rarity_spread,
    recall,
)
from ganbench.measures.memorisation import authenticity, authenticity_spread
from ganbench.measures.neighbours import nearest, neighbours

ALL = (precision, recall, density, coverage, rarity, authenticity)


def normal(n, d, seed, shift=0.0, scale=1.0):
    draws = torch.Generator().manual_seed(seed)
    return scale * torch.randn((n, d), generator=draws, dtype=torch.float64) + shift


def scores(real, fake):
    pair = neighbours(real, fake)
    return [measure(pair) for measure in ALL]


def brute_force(real, fake, k):
    """All from the full matrices, by differences."""
    distance = lambda x, y: (x[:, None].double() - y.double()).square().sum(2).sqrt()  # noqa: E731
    real_radii = distance(real, real).sort(1).values[:, k]
    fake_radii = distance(fake, fake).sort(1).values[:, k]
    cross = distance(real, fake)
    in_real, in_fake = cross <= real_radii[:, None], cross <= fake_radii
    smallest = torch.where(in_real, real_radii[:, None], math.inf).amin(0)
    index = cross.argmin(0)
    own = distance(real, real).sort(1).values[:, 1]
    return {
        precision: in_real.any(0).double().mean(),
        recall: in_fake.any(1).double().mean(),
        density: (cross < real_radii[:, None]).double().sum(0).mean() / k,
        coverage: (cross < real_radii[:, None]).any(1).double().mean(),
        rarity: smallest[smallest.isfinite()].mean(),
        authenticity: (own[index] < cross.amin(0)).double().mean(),
    }


class TestPair:
    @pytest.mark.parametrize("block", [1024, 7])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_agrees_with_a_brute_force(self, monkeypatch, block, dtype):
        monkeypatch.setattr("ganbench.measures.neighbours.BLOCK", block)
        for seed in range(4):
            real, fake = normal(60, 4, seed).to(dtype), normal(50, 4, 9, shift=0.5).to(dtype)
            pair = neighbours(real, fake, (1, 3, 5))
            for k in (1, 3, 5):
                for measure, expected in brute_force(real, fake, k).items():
                    knobs = {} if measure is authenticity else {"k": k}
                    assert measure(pair, **knobs) == pytest.approx(expected.item(), rel=1e-9)

    def test_its_numbers_are_those_of_the_matrix(self):
        real, fake = normal(40, 3, 0), normal(30, 3, 1)
        pair = neighbours(real, fake)
        own = torch.cdist(real, real, compute_mode="donot_use_mm_for_euclid_dist").square()
        cross = torch.cdist(real, fake, compute_mode="donot_use_mm_for_euclid_dist").square()
        torch.testing.assert_close(pair.real_radii, own.sort(1).values[:, 1:6])
        torch.testing.assert_close(pair.distance, cross.amin(0))
        assert pair.nearest.equal(cross.argmin(0))
        for row, k in enumerate(pair.ks):
            inside = cross < pair.real_radii[:, k - 1, None]
            assert pair.balls[row].equal(inside.sum(0))
            assert pair.reached[row].equal(inside.any(1))

    def test_blocks_do_not_matter(self, monkeypatch):
        real, fake = normal(300, 5, 0), normal(210, 5, 1, shift=0.3)
        whole = scores(real, fake)
        monkeypatch.setattr("ganbench.measures.neighbours.BLOCK", 13)
        assert scores(real, fake) == pytest.approx(whole, rel=1e-9)

    def test_the_order_does_not_matter(self):
        real, fake = normal(300, 5, 0), normal(210, 5, 1, shift=0.3)
        order = torch.randperm(300), torch.randperm(210)
        expected = pytest.approx(scores(real, fake), rel=1e-9)
        assert scores(real[order[0]], fake[order[1]]) == expected

    @pytest.mark.parametrize(("offset", "tolerance"), [(1e3, 1e-9), (1e6, 1e-8)])
    def test_a_common_offset_does_not_matter(self, offset, tolerance):
        real, fake = normal(300, 8, 0), normal(200, 8, 1, shift=0.3)
        expected = pytest.approx(scores(real, fake), rel=tolerance)
        assert scores(real + offset, fake + offset) == expected

    @pytest.mark.parametrize("offset", [0.0, 1e3])
    def test_a_set_against_itself(self, offset):
        """The k-th neighbours lie on the spheres, however the tiles round."""
        real = normal(1500, 20, 0, shift=offset).float()
        assert scores(real, real)[:4] == [1, 1, 1, 1]
        assert scores(real, real[torch.randperm(1500)])[:4] == [1, 1, 1, 1]

    def test_duplicates(self):
        """Balls of radius 0 hold their copies if they are closed, and nothing if they are open."""
        real = normal(20, 3, 0, shift=50.0).repeat_interleave(6, 0)
        assert scores(real, real) == pytest.approx([1, 1, 0, 0, 0, 0], abs=1e-6)

    def test_integers_with_many_ties(self):
        real, fake = (torch.randint(4, (80, 3)).float() for _ in range(2))
        pair = neighbours(real, fake, (3,))
        for measure, expected in brute_force(real, fake, 3).items():
            if measure not in (rarity, authenticity):
                assert measure(pair, k=3) == pytest.approx(expected.item(), rel=1e-9)

    def test_refuses_what_it_cannot_do(self):
        with pytest.raises(ValueError, match="5 neighbours need more than 5 samples, got 5"):
            neighbours(normal(5, 2, 0), normal(9, 2, 1))
        with pytest.raises(ValueError, match="NaN"):
            neighbours(normal(9, 2, 0), normal(9, 2, 1) * math.nan)
        with pytest.raises(ValueError, match=r"k = 4 .* k = \(3, 5\)"):
            precision(neighbours(normal(9, 2, 0), normal(9, 2, 1)), k=4)

    def test_nearest(self):
        points, others = normal(50, 3, 0), normal(40, 3, 1)
        squares, index = nearest(points, others)
        expected = torch.cdist(points, others).min(1)
        assert index.equal(expected.indices)
        torch.testing.assert_close(squares, expected.values.square())
        assert nearest(others[:7].float(), others.float())[0].eq(0).all()


class TestClosedForms:
    def test_points_on_a_line(self):
        """k = 1: the ball of each real reaches to its neighbour."""
        real = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        fake = torch.tensor([[0.5], [4.0], [4.5], [-9.0]])
        pair = neighbours(real, fake, (1,))
        assert precision(pair, k=1) == 0.5  # 4.0 lies on a sphere: inside
        assert density(pair, k=1) == 0.5  # 0.5 lies in two of four balls; 4.0 on a sphere: outside
        assert coverage(pair, k=1) == 0.5
        assert recall(pair, k=1) == 1.0  # the ball of −9 reaches to 0.5, that of 0.5 to 4
        assert rarity(pair, k=1) == 1.0

    def test_means_for_equal_distributions(self):
        """Naeem et al. 2020, whatever the distribution: density 1, coverage 1 − Π(N−i)/(N+M−i)."""
        n, m, k = 120, 90, 5
        pairs = [neighbours(normal(n, 6, 2 * i), normal(m, 6, 2 * i + 1)) for i in range(60)]
        expected = 1 - math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
        found = [coverage(pair) for pair in pairs]
        assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / 60**0.5)
        found = [density(pair) for pair in pairs]
        assert np.mean(found) == pytest.approx(1, abs=4 * np.std(found) / 60**0.5)

    def test_far_apart_is_zero(self):
        pair = neighbours(normal(50, 3, 0), normal(50, 3, 1, shift=100.0))
        assert [m(pair) for m in (precision, recall, density, coverage)] == [0, 0, 0, 0]
        for measure in (rarity, rarity_spread):
            with pytest.raises(ValueError, match="no fake lies"):
                measure(pair)

    def test_collapse_is_high_precision_and_low_recall(self):
        real, fake = normal(400, 4, 0), normal(400, 4, 1, scale=0.1)
        pair, turned = neighbours(real, fake), neighbours(fake, real)
        assert precision(pair) > 0.95
        assert density(pair) > 1
        assert recall(pair) < 0.1
        assert coverage(pair) < 0.5
        assert recall(turned) == precision(pair)
        assert precision(turned) == recall(pair)

    def test_rarity_scales_with_the_features(self):
        real, fake = normal(90, 3, 0), normal(90, 3, 1)
        once = rarity(neighbours(real, fake))
        assert rarity(neighbours(7 * real, 7 * fake)) == pytest.approx(7 * once, rel=1e-9)

    def test_authenticity(self):
        """69 % for equal distributions in 16 dimensions; 0 for copies, 1 far away."""
        found = [
            authenticity(neighbours(normal(400, 16, 2 * i), normal(400, 16, 2 * i + 1)))
            for i in range(10)
        ]
        assert np.mean(found) == pytest.approx(0.69, abs=0.02)
        real = normal(400, 16, 0)
        assert authenticity(neighbours(real, real[:90])) == 0
        assert neighbours(real, real[:90]).distance.eq(0).all()
        assert authenticity(neighbours(real, normal(90, 16, 1, shift=99.0))) == 1


class TestSpreads:
    """Intervals of what infinitely many fakes would score against these reals."""

    def test_of_a_share(self):
        pair = neighbours(normal(50, 3, 0), normal(96, 3, 1, shift=100.0))
        spread = precision_spread(pair)  # 0 of 96
        assert spread.estimate == pytest.approx(0.02)
        assert spread.error == pytest.approx(math.sqrt(0.02 * 0.98 / 100))
        assert spread.freedom == math.inf

    def test_of_a_mean(self):
        pair = neighbours(normal(50, 3, 0), normal(96, 3, 1))
        spread = density_spread(pair)
        assert spread.estimate == pytest.approx(density(pair))
        assert spread.error == pytest.approx((pair.balls[1].double() / 5).std().item() / 96**0.5)
        assert spread.freedom == 95

    @pytest.mark.slow
    @pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.3), (1.0, 1.0)])
    def test_they_hold_the_truth(self, shift, scale):
        """95 % of 600 intervals, the truth being that of 200,000 fakes, by other code."""
        real, n, repetitions = normal(150, 4, 0), 120, 600
        radii = torch.cdist(real, real).sort(1).values
        known = {precision_spread: 0.0, density_spread: 0.0, authenticity_spread: 0.0}
        rare, inside = 0.0, 0
        for part in normal(200_000, 4, 1, shift, scale).split(10_000):
            cross = torch.cdist(real, part)
            held = cross <= radii[:, 3, None]
            own = radii[cross.argmin(0), 1]
            known[precision_spread] += held.any(0).sum().item() / 200_000
            known[density_spread] += (cross < radii[:, 5, None]).sum().item() / 1_000_000
            known[authenticity_spread] += (own < cross.amin(0)).sum().item() / 200_000
            smallest = torch.where(held, radii[:, 3, None], math.inf).amin(0)
            rare += smallest[smallest.isfinite()].sum().item()
            inside += int(smallest.isfinite().sum())
        known[rarity_spread] = rare / inside
        hits = dict.fromkeys(known, 0)
        for i in range(repetitions):
            pair = neighbours(real, normal(n, 4, 2 + i, shift, scale))
            for spread_of, truth in known.items():
                spread = spread_of(pair)
                reach = stats.t.ppf(0.975, spread.freedom)
                hits[spread_of] += abs(spread.estimate - truth) <= reach * spread.error
        print({s.__name__: h / repetitions for s, h in hits.items()})
        for spread_of, held in hits.items():
            assert 0.92 <= held / repetitions <= 0.98, (spread_of, held / repetitions)
