"""The modified Inception Score, the Mode Score and the AM Score: hand computations."""

import math

import numpy as np
import pytest
import torch
from scipy.special import rel_entr

from ganbench.measures.class_scores import (
    am_score,
    am_score_spread,
    mode_score,
    modified_inception_score,
)
from ganbench.measures.inception_score import classifier_score

A, B = torch.tensor([0.7, 0.2, 0.1]).double(), torch.tensor([0.5, 0.1, 0.4]).double()


def soft(n, k, seed, bias=0.0):
    draws = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn((n, k), generator=draws, dtype=torch.float64)
    return (logits + bias * torch.arange(k)).softmax(1)


def kl(p, q):
    return float(rel_entr(np.asarray(p), np.asarray(q)).sum())


class TestModifiedInceptionScore:
    def test_two_predictions_of_one_class(self):
        rows = torch.stack([A, B]).repeat(5, 1)
        expected = math.exp((kl(A, B) + kl(B, A)) / 4)
        assert modified_inception_score(rows).value == pytest.approx(expected)

    def test_equal_predictions_score_one(self):
        assert modified_inception_score(A.repeat(9, 1)).value == 1
        assert modified_inception_score(torch.eye(4).repeat(3, 1)).value == 1

    def test_is_the_mean_over_classes_of_all_pairs(self):
        rows = soft(60, 4, 0)
        label = rows.argmax(1)
        scores = [
            math.exp(np.mean([kl(p, q) for p in rows[label == c] for q in rows[label == c]]))
            for c in range(4)
        ]
        found = modified_inception_score(rows)
        assert found.value == pytest.approx(np.mean(scores))
        assert found.detail == {"classes": 4, "eps": 1e-12}
        together = math.exp(np.mean([kl(p, q) for p in rows for q in rows]))
        everything = modified_inception_score(rows, within_class=False).value
        assert everything == pytest.approx(together)

    def test_the_clip_makes_the_value_of_sure_classes(self):
        """One-hot, two classes: half of the pairs are log(1/eps) apart."""
        rows = torch.eye(2).repeat(4, 1)
        found = modified_inception_score(rows, within_class=False, eps=1e-3)
        assert found.value == pytest.approx(math.exp(math.log(1e3) / 2))


class TestModeScore:
    def test_variant_a_is_the_inception_score_whatever_the_reals_are(self):
        fake = soft(300, 5, 1)
        for real in (soft(200, 5, 2), soft(200, 5, 3, bias=1.0)):
            assert mode_score(real, fake, variant="a") == pytest.approx(classifier_score(fake))

    def test_the_three_formulas(self):
        real, fake = soft(200, 5, 2, bias=0.5), soft(300, 5, 1)
        target, marginal = real.mean(0), fake.mean(0)
        far = np.mean([kl(p, target) for p in fake])
        near = np.mean([kl(p, marginal) for p in fake])
        expected = {
            "b": math.exp(far - kl(target, marginal)),
            "c": math.exp(near - kl(marginal, target)),
        }
        assert mode_score(real, fake) == pytest.approx(expected["c"])
        for variant, value in expected.items():
            assert mode_score(real, fake, variant=variant) == pytest.approx(value)
        assert len({round(mode_score(real, fake, variant=v), 6) for v in "abc"}) == 3

    @pytest.mark.parametrize("variant", "abc")
    def test_all_classes_equally_often_score_their_number(self, variant):
        rows = torch.eye(7).repeat(3, 1)
        assert mode_score(rows, rows, variant=variant) == pytest.approx(7)

    def test_one_class_alone(self):
        real, fake = torch.eye(5), torch.eye(5)[[2] * 30]
        found = [mode_score(real, fake, variant=variant) for variant in "abc"]
        assert found == pytest.approx([1, 0, 1 / 5])

    def test_reals_and_fakes_are_not_exchanged(self):
        """Fakes in two of four classes that reals fill; the other way, it is infinitely bad."""
        real, fake = torch.eye(4), torch.eye(4)[:2]
        assert mode_score(real, fake) == pytest.approx(2 * math.exp(-math.log(2)))
        assert mode_score(fake, real) == 0

    def test_refusals(self):
        with pytest.raises(ValueError, match="variants a, b and c, not 'd'"):
            mode_score(torch.eye(2), torch.eye(2), variant="d")
        with pytest.raises(ValueError, match="no real has any probability"):
            mode_score(torch.eye(3)[:2], torch.eye(3), variant="a")


class TestAmScore:
    def test_sure_and_balanced_is_0(self):
        rows = torch.eye(6).repeat(2, 1)
        assert am_score(rows, rows) == 0

    def test_unsure_of_everything_is_log_k(self):
        assert am_score(torch.eye(6), torch.full((9, 6), 1 / 6)) == pytest.approx(math.log(6))

    def test_sure_and_unbalanced_is_the_divergence_of_the_classes(self):
        real, fake = torch.eye(2), torch.eye(2)[[0] * 9 + [1]]
        expected = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
        assert am_score(real, fake) == pytest.approx(expected)
        exchanged = 0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)
        assert am_score(fake, real) == pytest.approx(exchanged)

    def test_a_class_without_fakes_is_clipped(self):
        found = am_score(torch.eye(2), torch.eye(2)[[0] * 9], eps=1e-6)
        assert found == pytest.approx(0.5 * math.log(0.5) + 0.5 * math.log(0.5e6))

    def test_the_interval_holds_the_truth(self):
        """The value of many samples, in about 95 of 100 draws of few."""
        real, fake = soft(200_000, 5, 2, bias=0.3), soft(200_000, 5, 1)
        truth, hits, raw, free = am_score(real, fake), 0, [], []
        for i in range(400):
            rows = slice(50 * i, 50 * i + 50)
            spread = am_score_spread(real[rows], fake[rows])
            hits += abs(spread.estimate - truth) < 1.96 * spread.error
            raw.append(am_score(real[rows], fake[rows]))
            free.append(spread.estimate)
        error = np.std(free) / 20
        assert 0.9 <= hits / 400 <= 0.99
        assert np.mean(raw) > truth + 4 * error  # KL is over-estimated
        assert np.mean(free) == pytest.approx(truth, abs=3 * error)
