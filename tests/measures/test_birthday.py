"""The birthday paradox test: a support that is known, and the chances of duplicates."""

import math

import pytest
import torch
from scipy import stats

from ganbench.measures.birthday import birthday_paradox, collision_probability, support_of


def normal(n, d, seed):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn((n, d), generator=draws, dtype=torch.float64)


def repeated(n, support, seed, d=8):
    """n draws of `support` equally likely points."""
    draws = torch.Generator().manual_seed(seed)
    return normal(support, d, seed + 1)[torch.randint(support, (n,), generator=draws)]


REAL = normal(4000, 8, 0)


class TestChances:
    def test_23_people(self):
        assert collision_probability(22, 365) < 0.5 < collision_probability(23, 365)
        assert collision_probability(23, 365) == pytest.approx(0.507297, abs=1e-6)
        assert collision_probability(366, 365) == 1

    def test_a_thousand_equally_likely(self):
        """P ≥ ½ first at s = 38; s² / 2 ln 2 is 1042."""
        assert collision_probability(37, 1000) < 0.5 <= collision_probability(38, 1000)
        assert 38**2 / (2 * math.log(2)) == pytest.approx(1042, abs=0.5)
        assert support_of(38, 0.5) == pytest.approx(1026.6, abs=0.5)  # exactly, it is less

    @pytest.mark.parametrize("size", [2, 15, 100])
    @pytest.mark.parametrize("support", [600, 1e4, 1e9])
    def test_inversion(self, size, support):
        assert support_of(size, collision_probability(size, support)) == pytest.approx(
            support, rel=1e-6
        )

    def test_edges(self):
        assert support_of(10, 0) == math.inf
        assert support_of(10, 1) == 9


class TestBirthday:
    def test_a_known_support_is_found(self):
        found = birthday_paradox(REAL, repeated(4000, 1000, 3), size=38)
        low, high = found.detail["interval"]
        assert low < 1000 < high
        assert found.value == pytest.approx(1000, rel=0.4)
        assert (found.detail["size"], found.detail["batches"]) == (38, 105)
        assert found.detail["relation"] == "="

    def test_the_value_is_what_the_share_says(self):
        found = birthday_paradox(REAL, repeated(4000, 1000, 3), size=38)
        share, batches = found.detail["share"], found.detail["batches"]
        assert found.value == pytest.approx(support_of(38, share))
        exact = stats.binomtest(round(share * batches), batches).proportion_ci(0.95, "exact")
        expected = [support_of(38, exact.high), support_of(38, exact.low)]
        assert found.detail["interval"] == pytest.approx(expected)

    @pytest.mark.parametrize("support", [1, 20, 300])
    def test_batches_shrink_for_a_small_support(self, support):
        found = birthday_paradox(REAL, repeated(4000, support, 5))
        low, high = found.detail["interval"]
        assert found.detail["size"] < 100
        assert found.value == pytest.approx(support, rel=0.3)
        assert low <= support <= high

    def test_the_interval_holds_the_truth(self):
        hits = 0
        for i in range(30):
            found = birthday_paradox(REAL, repeated(2000, 700, 10 * i), size=25)
            low, high = found.detail["interval"]
            hits += low < 700 < (high or math.inf)
        assert hits >= 27

    def test_without_duplicates_there_is_a_lower_bound(self):
        found = birthday_paradox(REAL, normal(3000, 8, 9), size=100, threshold=1e-6)
        assert found.detail["relation"] == ">"
        assert found.detail["interval"][1] is None
        highest = 1 - 0.05 ** (1 / 30)  # P, if 30 batches have none, at 95 %
        assert found.value == pytest.approx(support_of(100, highest))

    def test_the_threshold_is_of_the_closest_reals(self):
        found = birthday_paradox(REAL, normal(4000, 8, 9), size=100)
        limit = found.detail["threshold"]
        minima = torch.stack([torch.pdist(part).min() for part in normal(40000, 8, 4).split(100)])
        assert 0 < float((minima <= limit).double().mean()) < 0.15
        assert found.value > 20_000

    def test_the_threshold_does_not_depend_on_the_fakes(self):
        one, other = (birthday_paradox(REAL, side) for side in (REAL, 10 * normal(4000, 8, 9)))
        assert one.detail["threshold"] == other.detail["threshold"]
        assert other.detail["relation"] == ">"

    def test_near_copies_count_as_far_as_the_threshold(self):
        fake = repeated(4000, 1000, 3)
        blurred = fake + 1e-3 * normal(4000, 8, 8)
        one, other, none = (
            birthday_paradox(REAL, side, size=38, threshold=limit)
            for side, limit in ((fake, 0.05), (blurred, 0.05), (blurred, 1e-5))
        )
        assert one.value == other.value
        assert none.detail["relation"] == ">"

    def test_the_closest_pairs_are_told(self):
        fake = normal(200, 8, 2)
        fake[170] = fake[20] + 1e-4
        fake[33] = fake[34] = fake[35]
        found = [
            birthday_paradox(REAL, fake, size=20, seed=seed).detail["closest_pairs"]
            for seed in range(40)
        ]
        for pairs in found:
            assert len(pairs) == 20
            distances = [distance for *_, distance in pairs]
            assert distances == sorted(distances)
            for first, second, distance in pairs:
                assert distance == pytest.approx(float((fake[first] - fake[second]).norm()))
        met = [{first, second} for pairs in found for first, second, _ in pairs[:1]]
        assert {20, 170} in met  # where they are in one batch
        assert any(pair < {33, 34, 35} for pair in met)

    def test_reals_and_fakes_are_not_exchanged(self):
        few = repeated(4000, 50, 5)
        assert birthday_paradox(REAL, few).value < 100
        assert birthday_paradox(few, REAL).value > 10_000

    def test_refuses_a_handful(self):
        with pytest.raises(ValueError, match="4 samples a side"):
            birthday_paradox(REAL, REAL[:3])
