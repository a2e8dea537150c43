"""Scores: values, baselines, intervals, protocols, and what does not apply."""

import math

import pytest
import torch

from ganbench import datasets
from ganbench.errors import InputError
from ganbench.evaluate.evaluate import BLOCKS, Evaluator, fingerprint, jackknife
from ganbench.evaluate.extractors import EXTRACTORS, coordinates, load_extractor
from ganbench.evaluate.report import to_json
from ganbench.evaluate.sample import NotApplicable, Sample
from ganbench.measures import MEASURES
from ganbench.types import Extractor, Images, Moments, Outputs, Points


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
        assert list(scores) == ["frechet", "kid", "precision", "recall"]
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
        assert "60 feature dimensions" in score.warnings[0]
        assert score.interval is None

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
        from scipy import stats

        class Mean:
            needs = (("fake", "features"),)
            function = staticmethod(lambda x: x.double().mean().item())

        fake = sample(normal(200, 1, 3))
        low, high = jackknife(Mean, fake, fake)
        blocks = fake.features.double().view(BLOCKS, -1).mean(1).numpy()
        reach = stats.t.ppf(0.975, BLOCKS - 1) * blocks.std(ddof=1) / math.sqrt(BLOCKS)
        assert (low, high) == pytest.approx((blocks.mean() - reach, blocks.mean() + reach))

    def test_moments_are_subtracted_to_the_same_interval(self):
        class Slow:
            needs = (("real", "features"), ("fake", "features"))
            function = staticmethod(
                lambda real, fake: MEASURES["frechet"].function(Moments.of(real), Moments.of(fake))
            )

        real, fake = sample(normal(300, 4, 0)), sample(normal(210, 4, 1, shift=0.5))
        assert jackknife(MEASURES["frechet"], real, fake) == pytest.approx(
            jackknife(Slow, real, fake), rel=1e-9
        )

    def test_no_interval_near_zero_or_from_few_samples(self):
        evaluator = Evaluator(sample(normal(300, 4, 0)))
        (near,) = evaluator.score(sample(normal(300, 4, 1)), ["frechet"])
        assert near.interval is None
        assert "close to that of real" in near.warnings[0]
        (few,) = evaluator.score(sample(normal(30, 4, 1, shift=3.0)), ["frechet"])
        assert few.interval is None
        assert "no interval from 30 samples" in few.warnings[0]
        (good,) = evaluator.score(sample(normal(300, 4, 1, shift=1.0)), ["frechet"])
        assert good.interval[0] < 4 < good.interval[1] + 1

    @pytest.mark.slow
    def test_coverage(self):
        """Nominal 95 %, exact reference: the true distance is 1.0, the estimate off by 0.1."""
        d, n, hits, repetitions = 8, 400, 0, 250
        real = sample(torch.zeros(2, d))
        real.moments = Moments(10**9, torch.zeros(d).double(), torch.eye(d).double() * (10**9 - 1))
        for i in range(repetitions):
            fake = sample(normal(n, d, 100 + i, shift=math.sqrt(1 / d)))
            low, high = jackknife(MEASURES["frechet"], real, fake)
            hits += low <= 1.0 <= high
        assert 0.92 <= hits / repetitions <= 0.98


class TestExtractors:
    def test_names(self):
        for name in EXTRACTORS:
            assert load_extractor(name).name == name
        with pytest.raises(InputError, match="did you mean 'mnist-classifier'"):
            load_extractor("mnist-clasifier")

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

        path = files("ganbench.evaluate") / "mnist_classifier.safetensors"
        assert len(path.read_bytes()) <= 1_000_000
