"""GAN-train, GAN-test and their kin: on digits, on labels that were spoilt, and by hand."""

import math

import pytest
import torch

from ganbench.datasets import mnist
from ganbench.measures.classified import Classified, classified
from ganbench.measures.classifier import fit_classifier
from ganbench.measures.gan_train import (
    adversarial_accuracy,
    adversarial_divergence,
    adversarial_floor,
    divergence,
    gan_base,
    gan_test,
    gan_train,
    gqi,
)
from ganbench.measures.linear import boundary_distortion, equivalent_factor, linear_probe
from ganbench.types import Labelled, LabelledFeatures

N, STEPS = 2000, 150


@pytest.fixture(scope="module")
def digits():
    """Three disjoint sets of real digits: real, fake, control."""
    images = mnist.mnist("train")
    rows = torch.randperm(images.n, generator=torch.Generator().manual_seed(0))
    pixels, labels = images.tensor(), images.labels
    return [Labelled(pixels[part], labels[part], 10) for part in rows[: 3 * N].split(N)]


def trained(real, fake, control):
    return classified(real, fake, control, (0, 1), steps=STEPS)


@pytest.fixture(scope="module")
def perfect(digits):
    return trained(*digits)


def noise_of(*accuracies):
    """Three standard errors of the difference of two accuracies of N samples each."""
    return 3 * math.sqrt(sum(a * (1 - a) / N for a in accuracies))


def spoilt(side, seed, share=1.0):
    """Labels of that share of the samples are drawn anew, evenly."""
    draws = torch.Generator().manual_seed(seed)
    anew = torch.randint(10, side.labels.shape, generator=draws)
    mine = torch.rand(side.labels.shape, generator=draws) < share
    return Labelled(side.pixels, torch.where(mine, anew, side.labels), 10)


class TestOnDigits:
    def test_other_reals_train_as_well_as_reals(self, perfect):
        base, train, test = gan_base(perfect), gan_train(perfect).value, gan_test(perfect).value
        assert base > 0.9
        assert train == pytest.approx(base, abs=noise_of(base, train) + 0.01)  # of few steps
        assert test == pytest.approx(base, abs=noise_of(base, test) + 0.01)
        assert gqi(perfect).value == pytest.approx(100, abs=2.5)
        assert adversarial_accuracy(perfect).value == pytest.approx(0, abs=0.025)
        floor = adversarial_floor(perfect)
        assert adversarial_divergence(perfect).value == pytest.approx(floor, rel=0.4)

    def test_collapse_is_easy_to_test_on_and_bad_to_train_on(self, digits, perfect):
        """Four images a class, over and over: GAN-test above the base, GAN-train far below."""
        real, fake, control = digits
        few = torch.cat([(fake.labels == label).nonzero().flatten()[:4] for label in range(10)])
        right = fit_classifier(real.pixels, real.labels, 10, seed=0, steps=STEPS)(fake.pixels[few])
        few = few[right.argmax(1) == fake.labels[few]].repeat(N)[:N]
        collapsed = Labelled(fake.pixels[few], fake.labels[few], 10)
        found = trained(real, collapsed, control)
        assert gan_test(found).value > gan_base(found)
        assert gan_train(found).value < gan_base(found) - 0.1
        assert gan_base(found) == gan_base(perfect)  # the same reals, the same seeds

    def test_wrong_labels_are_wrong_where_they_are_tested(self, digits, perfect):
        """A share q drawn anew leaves (1 − q)·a + q/10 right."""
        real, fake, control = digits
        found = trained(real, spoilt(fake, 1, 0.3), control)
        expected = 0.7 * gan_test(perfect).value + 0.03
        assert gan_test(found).value == pytest.approx(expected, abs=3 * math.sqrt(0.25 / N))
        assert gan_train(found).value < gan_base(found)

    def test_labels_by_chance_train_nothing(self, digits):
        real, fake, control = digits
        found = trained(real, spoilt(fake, 2), control)
        assert gan_train(found).value == pytest.approx(0.1, abs=0.08)
        assert gan_test(found).value == pytest.approx(0.1, abs=3 * math.sqrt(0.09 / N))
        assert adversarial_divergence(found).value > 10 * adversarial_floor(found)

    def test_real_and_fake_are_not_exchanged(self, digits):
        real, fake, control = digits
        found, swapped = (
            trained(a, b, control) for a, b in ((real, spoilt(fake, 3)), (spoilt(fake, 3), real))
        )
        assert gan_train(found).value < 0.3 < gan_base(found)
        assert gan_base(swapped) < 0.3 < gan_train(swapped).value

    def test_the_classifier_is_the_same_again_and_leaves_the_global_draws_alone(self, digits):
        real = digits[0]
        before = torch.get_rng_state()
        one, again, other = (
            fit_classifier(real.pixels, real.labels, 10, seed=seed, steps=20)(real.pixels[:50])
            for seed in (0, 0, 1)
        )
        assert torch.equal(before, torch.get_rng_state())
        assert torch.equal(one, again)
        assert not torch.equal(one, other)
        assert torch.allclose(one.exp().sum(1), torch.ones(50))

    @pytest.mark.parametrize("shape", [(3, 16, 16), (4, 40, 24), (1, 100, 100)])
    def test_the_classifier_takes_images_of_other_shapes(self, shape):
        draws = torch.Generator().manual_seed(0)
        labels = torch.randint(2, (200,), generator=draws)
        pixels = torch.randint(100, (200, *shape), generator=draws)
        pixels = (pixels + 100 * labels.view(-1, 1, 1, 1)).to(torch.uint8)
        net = fit_classifier(pixels, labels, 2, steps=30)
        assert (net(pixels).argmax(1) == labels).double().mean() > 0.95

    def test_what_cannot_be_trained_says_why(self, digits):
        real, fake, control = digits
        one = Labelled(real.pixels, real.labels * 0, 1)
        with pytest.raises(ValueError, match="of one class"):
            classified(one, fake, control)
        small = Labelled(fake.pixels[..., :20], fake.labels, 10)
        with pytest.raises(ValueError, match="differ in shape: 1×28×20 and 1×28×28"):
            classified(real, small, control)
        with pytest.raises(ValueError, match="5 samples train no classifier; 20 are the least"):
            fit_classifier(real.pixels[:5], real.labels[:5], 10)


class TestThinnedReals:
    def test_an_eighth_of_the_reals_is_found_to_be_an_eighth(self, digits):
        """Eight copies of an eighth are as many images, and as much use as the eighth."""
        real, fake, control = digits
        part = torch.arange(N // 8).repeat(8)
        found = boundary_distortion(
            real, Labelled(fake.pixels[part], fake.labels[part], 10), control, draws=1, halvings=5
        )
        assert found.value > 0
        assert 4 <= found.detail["equivalent_factor"] <= 16

    def test_the_reals_themselves_have_no_gap(self, digits):
        real, _, control = digits
        found = boundary_distortion(real, real, control, draws=1, halvings=1)
        assert found.value == 0
        assert found.detail["equivalent_factor"] == 1

    def test_the_factor_by_hand(self):
        curve = [0.9, 0.8, 0.6]  # of 1, 1/2, 1/4
        assert equivalent_factor(curve, 0.95) == 1
        assert equivalent_factor(curve, 0.8) == pytest.approx(2)
        assert equivalent_factor(curve, 0.7) == pytest.approx(2**1.5)
        assert equivalent_factor(curve, 0.1) == 4

    def test_the_probe_finds_what_is_linear(self):
        """Two normals a distance d apart: the best accuracy is Φ(d/2)."""
        draws = torch.Generator().manual_seed(0)

        def side(n):
            labels = torch.randint(2, (n,), generator=draws)
            x = torch.randn(n, 5, generator=draws)
            x[:, 0] += 2 * labels
            return LabelledFeatures(x, labels, 2)

        fake, control = side(4000), side(4000)
        best = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
        assert linear_probe(fake, control).value == pytest.approx(best, abs=0.02)
        flipped = LabelledFeatures(fake.features, 1 - fake.labels, 2)
        assert linear_probe(flipped, control).value == pytest.approx(1 - best, abs=0.02)


class TestByHand:
    def table(self, *rows):
        return torch.tensor(rows).log()[None]

    def made(self):
        """One seed: P_a is right 2 of 2 times on the control, P_s once; of the fakes 1 of 2."""
        return Classified(
            real_on_control=self.table([0.8, 0.2], [0.1, 0.9]),
            fake_on_control=self.table([0.5, 0.5 - 1e-6], [0.6, 0.4]),
            real_on_fake=self.table([0.7, 0.3], [0.7, 0.3]),
            fake_on_real=self.table([0.9, 0.1], [0.2, 0.8]),
            control=torch.tensor([0, 1]),
            real=torch.tensor([0, 0]),
            fake=torch.tensor([0, 1]),
            n=2,
        )

    def test_accuracies(self):
        pair = self.made()
        assert gan_base(pair) == 1.0
        assert gan_train(pair).value == 0.5
        assert gan_test(pair).value == 0.5
        assert gqi(pair).value == 50.0
        assert adversarial_accuracy(pair).value == 0.5
        assert gan_train(pair).detail["on_reals"] == 0.5
        assert gan_train(pair).detail["by_class"] == [1.0, 0.0]
        assert gan_train(pair).spread is None  # one seed has none

    def test_divergence(self):
        expected = 0.5 * (0.8 * math.log(1.6) + 0.2 * math.log(0.4))
        expected += 0.5 * (0.1 * math.log(1 / 6) + 0.9 * math.log(2.25))
        found = adversarial_divergence(self.made())
        assert found.value == pytest.approx(expected, abs=1e-5)
        same = self.made().real_on_control[0]
        assert divergence(same, same, 1e-4) == 0
        sure, wrong = self.table([1.0, 0.0])[0], self.table([0.0, 1.0])[0]
        assert divergence(sure, wrong, 1e-4) == pytest.approx(-math.log(1e-4), rel=0.01)
        with pytest.raises(ValueError, match="clip = 2"):
            divergence(same, same, 2)
        with pytest.raises(ValueError, match="the nets of two seeds"):
            adversarial_floor(self.made())


def test_guessed_labels_would_be_circular(tiny, tmp_path):
    """Samples of an unconditional generator are refused, with the reason and the way out."""
    from ganbench import scoring, workbench

    list(workbench.launch(tiny(), tmp_path).events())
    (score,) = scoring.evaluate(None, "run:latest", ["linear_probe"], n=50, runs_dir=tmp_path)
    assert score.value is None
    assert "guessed by a classifier would be circular" in score.warnings[0]
    assert "--condition" in score.warnings[0]
