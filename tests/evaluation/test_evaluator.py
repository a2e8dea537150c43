"""Scores: values, baselines, intervals, protocols, and what does not apply."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganbench import datasets
from ganbench.errors import InputError
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import coordinates, load_extractor
from ganbench.evaluation.intervals import BLOCKS, interval, jackknife
from ganbench.evaluation.protocol import fingerprint
from ganbench.evaluation.report import markdown, to_json
from ganbench.evaluation.sample import NotApplicable, Sample, blocks
from ganbench.evaluation.statistics import Known, Statistics
from ganbench.measures import MEASURES, Measure
from ganbench.moments import Moments
from ganbench.types import Extractor, Features, Images, Outcome, Outputs, Points


def points(tensor, name="points", modes=None):
    return Points(
        name,
        len(tensor),
        tensor.shape[1:],
        lambda size: iter(tensor.split(size)),
        name,
        None,
        modes,
    )


def normal(n, d, seed, shift=0.0):
    return torch.randn((n, d), generator=torch.Generator().manual_seed(seed)) + shift


def sample(tensor, name="points"):
    return Sample(points(tensor, name), coordinates())


NO_WORDS = dict.fromkeys(("title", "formula", "use", "misleads", "cost"), "")


class TestSample:
    def test_views_are_computed_once(self):
        calls = []

        def extract(batch):
            calls.append(len(batch))
            return Outputs(batch.float(), batch.float().softmax(1))

        one = Sample(points(normal(25, 3, 0)), Extractor("x", "y", extract, batch=10))
        assert one.features.shape == (25, 3)
        torch.testing.assert_close(one.probs.sum(1), torch.ones(25))
        torch.testing.assert_close(one.moments.mean, one.features.double().mean(0))
        assert calls == [10, 10, 5]

    @pytest.mark.parametrize("batch", [1, 7, 1000])
    def test_batch_size_does_not_matter(self, batch):
        tensor = normal(50, 3, 0)
        one = Sample(points(tensor), Extractor("x", "y", coordinates().extract, batch=batch))
        torch.testing.assert_close(one.moments.covariance, Moments.of(tensor).covariance)

    def test_what_does_not_exist_says_why(self):
        one = sample(normal(5, 2, 0))
        for view, words in (
            ("probs", "no class probab"),
            ("modes", "not known"),
            ("pixels", "not im"),
        ):
            with pytest.raises(NotApplicable, match=words):
                getattr(one, view)

    def test_too_few_samples_are_noticed(self):
        tensor = normal(5, 2, 0)
        short = Points("short", 6, (2,), lambda size: iter(tensor.split(size)), "f")
        with pytest.raises(ValueError, match="6 samples announced, 5 came"):
            _ = Sample(short, coordinates()).features

    def test_a_part_is_a_part(self):
        one = sample(normal(9, 2, 0))
        part = one.part(torch.tensor([3, 1]), "part")
        assert part.n == 2
        assert torch.equal(part.features, one.features[[3, 1]])
        assert torch.equal(part.images.tensor(), part.features)


class TestScores:
    def evaluator(self, **options):
        return Evaluator(sample(normal(300, 4, 0)), **options)

    def test_values_are_the_measures(self):
        fake = sample(normal(200, 4, 1, shift=0.3))
        scores = {s.measure: s for s in self.evaluator().score(fake)}
        assert {"frechet", "kid", "precision", "recall", "coverage", "vendi"} <= set(scores)
        assert not {"classifier_score", "copying_ratio", "ms_ssim_diversity"} & set(scores)
        real = sample(normal(300, 4, 0))
        expected = MEASURES["frechet"].function(real.moments, fake.moments)
        assert scores["frechet"].value == expected
        assert (scores["frechet"].n_real, scores["frechet"].n_fake) == (300, 200)
        assert scores["frechet"].extractor == "coordinates"

    def test_baseline_is_real_against_control_at_the_same_n(self):
        control = sample(normal(250, 4, 5), "control")
        (score,) = self.evaluator(control=control).score(sample(normal(200, 4, 1)), ["frechet"])
        assert score.baseline_n == 200
        assert 0 < score.baseline < 0.3
        (again,) = self.evaluator(control=control).score(sample(normal(200, 4, 2)), ["frechet"])
        assert again.baseline == score.baseline
        larger = sample(normal(400, 4, 1))
        (score,) = self.evaluator(control=control).score(larger, ["frechet"])
        assert score.baseline_n == 250  # all there are, and it is said

    def test_without_control_the_halves_are_compared(self):
        (score,) = self.evaluator().score(sample(normal(200, 4, 1)), ["precision"])
        assert score.baseline_n == 150
        assert 0.5 < score.baseline < 1

    def test_what_does_not_apply_is_left_out_or_explained(self):
        fake = sample(normal(100, 4, 1))
        (score,) = self.evaluator().score(fake, ["classifier_score"])
        assert score.value is None
        assert score.warnings[0].startswith("not applicable, because the extractor coordinates")

    def test_an_unknown_measure_names_the_nearest(self):
        with pytest.raises(InputError, match="did you mean 'frechet'"):
            list(self.evaluator().score(sample(normal(9, 4, 1)), ["frechett"]))

    def test_fewer_samples_than_dimensions_are_warned_about(self):
        evaluator = Evaluator(sample(normal(300, 60, 0)))
        (score,) = evaluator.score(sample(normal(50, 60, 1)), ["frechet"])
        assert "the covariance is singular and the value is over-estimated" in score.warnings[0]
        assert "60 feature dimensions" in score.warnings[1]
        assert score.interval is None

    def test_held_out_reals_that_stand_in_do_not_remain_held_out(self, monkeypatch):
        def met(fake: Features, control: Features) -> float:
            return float(torch.cdist(fake, control).min() == 0)

        row = Measure(met, "lower", "[0, 1]", (), "", **NO_WORDS)
        monkeypatch.setitem(MEASURES, "met", row)
        control = sample(normal(51, 4, 5), "control")
        (score,) = self.evaluator(control=control).score(sample(normal(200, 4, 1)), ["met"])
        assert score.baseline == 0
        assert score.baseline_n == 25

    def test_a_measure_may_bring_its_own_spread(self, monkeypatch):
        def seeded(fake: Features) -> Outcome:
            return Outcome.of_seeds([1.0, 2.0, 3.0], n=len(fake))

        row = Measure(seeded, "to 0.5", "(-inf, inf)", (), "", **NO_WORDS)
        monkeypatch.setitem(MEASURES, "seeded", row)
        (score,) = self.evaluator().score(sample(normal(60, 4, 1)), ["seeded"])
        assert score.interval == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5), rel=1e-3)
        assert score.detail == {"seeds": [1.0, 2.0, 3.0], "n": 60}
        assert not score.warnings
        assert "(coordinates) → 0.5 |" in markdown([score])

    def test_knobs_are_read_by_their_kinds(self, monkeypatch):
        def knobs(
            fake: Features, *, n: int = 1, x: float = 2.0, sure: bool = True, how: str = "a"
        ) -> float:
            return float((n, x, sure, how) == (3, 0.5, False, "b"))

        row = Measure(knobs, "higher", "[0, 1]", (), "", **NO_WORDS)
        monkeypatch.setitem(MEASURES, "knobs", row)
        (score,) = self.evaluator().score(
            sample(normal(60, 4, 1)), ["knobs:n=3,x=0.5,sure=false,how=b"]
        )
        assert score.value == 1
        for wrong, kind in (("n=x", "a whole number"), ("sure=False", "true or false")):
            with pytest.raises(InputError, match=f"must be {kind}"):
                list(self.evaluator().score(sample(normal(60, 4, 1)), [f"knobs:{wrong}"]))

    def test_json_is_plain(self):
        (score,) = self.evaluator().score(sample(normal(100, 4, 1)), ["frechet"])
        plain = to_json(score)
        assert plain["measure"] == "frechet"
        assert isinstance(plain["warnings"], list)
        assert plain["protocol"]["n_fake"] == 100


class TestProtocol:
    def score(self, real, fake, seed=0):
        (score,) = Evaluator(real, seed=seed).score(fake, ["kid"])
        return score

    def test_fingerprints_agree_exactly_when_the_protocols_do(self):
        real, fake = sample(normal(50, 2, 0)), sample(normal(40, 2, 1))
        one = self.score(real, fake)
        assert (
            self.score(real, sample(normal(40, 2, 7), "other fakes")).fingerprint == one.fingerprint
        )
        assert self.score(real, sample(normal(41, 2, 1))).fingerprint != one.fingerprint
        assert self.score(sample(normal(50, 2, 0), "other"), fake).fingerprint != one.fingerprint

    def test_versions_are_recorded_but_do_not_count(self):
        protocol = self.score(sample(normal(50, 2, 0)), sample(normal(40, 2, 1))).protocol
        assert set(protocol["versions"]) == {"ganbench", "torch", "scipy"}
        other = {**protocol, "versions": {}}
        assert fingerprint(other) == fingerprint(protocol)
        assert fingerprint({**protocol, "parameters": {"k": 5}}) != fingerprint(protocol)


class TestIntervals:
    def test_the_jackknife_of_a_mean_is_students_interval(self):
        """Equal blocks: the estimate is the mean and the error that of the block means."""

        def mean(fake: Features) -> float:
            return fake.double().mean().item()

        fake = sample(normal(200, 1, 3))
        row = Measure(mean, "lower", "(-inf, inf)", (), "", spread="jackknife", **NO_WORDS)
        spread = jackknife(row, {"fake": fake}, {})
        means = torch.stack([fake.features[b].double().mean() for b in blocks(200, BLOCKS, 0)])
        assert spread.estimate == pytest.approx(means.mean().item())
        assert spread.error == pytest.approx(means.std().item() / math.sqrt(BLOCKS))
        assert spread.freedom == pytest.approx(BLOCKS - 1)

    def test_both_sides_add_up(self):
        """The variance of a difference of means is the sum of theirs, Welch's degrees between."""

        def gap(real: Features, fake: Features) -> float:
            return (fake.double().mean() - real.double().mean()).item()

        row = Measure(gap, "lower", "(-inf, inf)", (), "", spread="jackknife", **NO_WORDS)
        real, fake = sample(normal(400, 1, 1)), sample(normal(200, 1, 3))
        spread = jackknife(row, {"real": real, "fake": fake}, {})
        parts = [
            torch.stack([side.features[b].double().mean() for b in blocks(side.n, BLOCKS, 0)]).var()
            for side in (real, fake)
        ]
        assert spread.error == pytest.approx(math.sqrt(sum(parts) / BLOCKS))
        assert BLOCKS - 1 < spread.freedom < 2 * (BLOCKS - 1)

    def test_moments_are_subtracted_to_the_same_interval(self):
        def slow(real: Features, fake: Features) -> float:
            return MEASURES["frechet"].function(Moments.of(real), Moments.of(fake))

        row = Measure(slow, "lower", "[0, inf)", (), "", spread="jackknife", **NO_WORDS)
        real, fake = sample(normal(300, 4, 0)), sample(normal(210, 4, 1, shift=0.5))
        sides = {"real": real, "fake": fake}
        one, other = jackknife(MEASURES["frechet"], sides, {}), jackknife(row, sides, {})
        assert interval(one) == pytest.approx(interval(other), rel=1e-7)
        assert one.fake == pytest.approx(other.fake, rel=1e-8)
        assert one.real == pytest.approx(other.real, rel=1e-8)

    def test_files_sorted_by_class_have_the_interval_of_shuffled_ones(self):
        """Consecutive blocks would each be one class, and the error many times too large."""
        parts = torch.cat([normal(40, 4, i, shift=3.0 * i) for i in range(10)])
        real = sample(normal(300, 4, 99))
        shuffled = parts[torch.randperm(400, generator=torch.Generator().manual_seed(0))]
        errors = [
            jackknife(MEASURES["frechet"], {"real": real, "fake": sample(side)}, {}).error
            for side in (parts, shuffled)
        ]
        assert errors[0] == pytest.approx(errors[1], rel=0.5)

    def test_no_interval_near_zero_or_from_few_samples(self):
        evaluator = Evaluator(sample(normal(300, 4, 0)))
        (near,) = evaluator.score(sample(normal(300, 4, 1)), ["frechet"])
        assert near.interval is None
        assert "close to that of real" in near.warnings[-1]
        (few,) = evaluator.score(sample(normal(30, 4, 1, shift=3.0)), ["frechet"])
        assert few.interval is None
        assert "no interval from 30 samples" in few.warnings[-1]
        (good,) = evaluator.score(sample(normal(300, 4, 1, shift=1.0)), ["frechet"])
        assert good.interval[0] < 4 < good.interval[1] + 1
        (none,) = evaluator.score(sample(normal(300, 4, 1, shift=1.0)), ["recall"])
        assert none.interval is None
        assert "no interval is known to be valid" in none.warnings[-1]

    def test_the_estimate_is_without_the_bias(self):
        real, fake = sample(normal(4000, 4, 0)), sample(normal(300, 4, 1, shift=1.0))
        (score,) = Evaluator(real).score(fake, ["frechet"])
        assert score.bias == pytest.approx((1 / 300 + 1 / 4000) * 4 * 9 / 4, rel=0.1)
        assert score.spread.estimate == pytest.approx(score.value - score.bias, abs=score.bias)

    def test_a_value_beside_its_interval_is_explained(self):
        real = sample(normal(400, 64, 0))
        fakes = [sample(normal(400, 64, 1, shift=shift)) for shift in (0, 1)]
        equal, distant = (next(Evaluator(real).score(fake, ["cmmd"])) for fake in fakes)
        words = "the interval is about infinitely many samples, which would score about "
        assert equal.interval[1] < equal.value  # cmmd is biased, and its interval is not
        assert equal.warnings == (f"{words}{equal.spread.estimate:.3g}",)
        assert distant.interval[0] < distant.value < distant.interval[1]
        assert not distant.warnings

    def test_a_percentile_bootstrap_would_be_wrong(self):
        """Why there is none: it adds a second bias, and nominal 95 % cover less than half."""
        d, n, hits, repetitions = 8, 400, 0, 40
        real = Moments(10**9, torch.zeros(d).double(), torch.eye(d).double() * (10**9 - 1))
        for i in range(repetitions):
            x = normal(n, d, 100 + i, shift=0.15)
            draws = torch.Generator().manual_seed(i)
            picks = torch.randint(n, (100, n), generator=draws)
            values = [MEASURES["frechet"].function(real, Moments.of(x[pick])) for pick in picks]
            low, high = np.quantile(values, (0.025, 0.975))
            hits += low <= d * 0.15**2 <= high
        assert hits / repetitions < 0.5

    @pytest.mark.slow
    @pytest.mark.parametrize("n", [32, 64, 400])
    @pytest.mark.parametrize("finite", [False, True])
    def test_coverage(self, n, finite):
        """Nominal 95 %: the true distance is 1.0; with an exact reference, and with a sample."""
        d, hits, repetitions = 8, 0, 400
        exact = Moments(10**9, torch.zeros(d).double(), torch.eye(d).double() * (10**9 - 1))
        known = Known(Statistics("exact", exact.n, "exact", {}, exact), coordinates())
        for i in range(repetitions):
            fake = sample(normal(n, d, 1000 + i, shift=math.sqrt(1 / d)))
            real = sample(normal(2 * n, d, 9000 + i)) if finite else known
            sides = {"real": real, "fake": fake}
            low, high = interval(jackknife(MEASURES["frechet"], sides, {}, seed=i))
            hits += low <= 1.0 <= high
        assert 0.92 <= hits / repetitions <= 0.98


class TestByClass:
    def test_each_class_is_scored_by_itself(self):
        reals = torch.cat((normal(200, 3, 0), normal(200, 3, 1, shift=9.0)))
        fakes = torch.cat((normal(100, 3, 2, shift=9.0), normal(150, 3, 3)))
        sides = []
        for tensor, labels in ((reals, [0] * 200 + [1] * 200), (fakes, [1] * 100 + [0] * 150)):
            one = points(tensor)
            sides.append(
                Sample(replace(one, labels=torch.tensor(labels), classes=("a", "b")), coordinates())
            )
        scores = list(Evaluator(sides[0]).by_class(sides[1], ["frechet"]))
        assert [score.group for score in scores] == ["a", "b"]
        assert [score.n_fake for score in scores] == [150, 100]
        assert all(score.value < 0.5 for score in scores)

    def test_without_labels_it_says_so(self):
        evaluator = Evaluator(sample(normal(60, 3, 0)))
        with pytest.raises(NotApplicable, match="no labels; class folders"):
            list(evaluator.by_class(sample(normal(60, 3, 0))))


class TestMemorisation:
    def test_copies_of_the_reference_are_noticed(self):
        real, control = normal(400, 8, 0), normal(300, 8, 1)
        evaluator = Evaluator(sample(real), sample(control, "control"))
        names = ["authenticity", "copying_ratio", "data_copying"]
        copies = list(evaluator.score(sample(real[:200] + 1e-4), names))
        assert copies[0].value == 0
        assert copies[1].value < 0.01
        assert copies[2].value < -5
        fresh = list(evaluator.score(sample(normal(200, 8, 2)), names))
        assert fresh[1].value == pytest.approx(1, abs=0.1)
        assert abs(fresh[2].value) < 3
        assert fresh[1].baseline == pytest.approx(1, abs=0.15)

    def test_without_held_out_reals_it_says_what_is_missing(self):
        (score,) = Evaluator(sample(normal(60, 3, 0))).score(
            sample(normal(60, 3, 1)), ["copying_ratio"]
        )
        assert score.value is None
        assert "held-out real images" in score.warnings[0]


class TestExtractors:
    def test_the_shipped_classifier_is_right_on_the_test_set(self):
        data = datasets.load("builtin:mnist:test")
        one = Sample(data, load_extractor("mnist-classifier"))
        accuracy = (one.probs.argmax(1) == data.labels).double().mean().item()
        assert accuracy >= 0.992
        assert one.features.shape == (10_000, 64)
        torch.testing.assert_close(one.probs.sum(1), torch.ones(10_000))

    def test_the_classifier_refuses_other_images(self):
        colour = torch.zeros((2, 3, 28, 28), dtype=torch.uint8)
        images = Images("x", 2, (3, 28, 28), lambda size: iter(colour.split(size)), "f")
        with pytest.raises(InputError, match="1x28x28"):
            _ = Sample(images, load_extractor("mnist-classifier")).features

    def test_the_weights_are_small(self):
        from importlib.resources import files

        path = files("ganbench.evaluation") / "mnist_classifier.safetensors"
        assert len(path.read_bytes()) <= 1_000_000

    def test_stacked_digits_are_told_apart(self):
        """Three digits are right about as often as one is, three times over."""
        data = datasets.load("builtin:stacked-mnist:test[:1000]")
        one = Sample(data, load_extractor("stacked-mnist-classifier"))
        assert one.features.shape == (1000, 192)
        assert one.probs.sum(1).allclose(torch.ones(1000), atol=1e-4)
        accuracy = (one.probs.argmax(1) == data.labels).double().mean().item()
        assert accuracy >= 0.992**3
