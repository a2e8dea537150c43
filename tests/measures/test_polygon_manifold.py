"""Precision, recall and F1 on the triangles, of generators whose values are known."""

import numpy as np
import pytest
import torch

from ganbench import polygons
from ganbench.datasets import load
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.measures.polygon_manifold import (
    _slopes,
    manifold_distance,
    triangle_f1,
    triangle_precision,
    triangle_recall,
    triangle_recall_samples,
)
from ganbench.types import Model, Polygons

LOW, HIGH = polygons.limits(3, legacy_rotation=True)


@pytest.fixture(scope="module")
def test_split():
    return load("builtin:triangles:test[:400]").tensor()


@pytest.fixture(scope="module")
def real(test_split):
    return Polygons(test_split, 3, True)


class Rendered(torch.autograd.Function):
    """Angles and rotation in units of their limits, N×4 in [−1, 1] → N×1×28×28."""

    @staticmethod
    def forward(ctx, z):
        at = parameters_of(z)
        ctx.save_for_backward(z)
        return torch.from_numpy(polygons.pictures(at)).view(-1, 1, 28, 28)

    @staticmethod
    def backward(ctx, above):
        (z,) = ctx.saved_tensors
        slopes = (
            torch.from_numpy(_slopes(parameters_of(z), 28))
            * torch.from_numpy(HIGH - LOW)[:, None].float()
        )
        return (slopes @ above.flatten(1)[:, :, None])[..., 0] / 2


def parameters_of(z):
    return LOW + (z.detach().numpy().astype(np.float64) + 1) / 2 * (HIGH - LOW)


def model(decode, dim=4):
    def latents(n, seed):
        return torch.rand((n, dim), generator=torch.Generator().manual_seed(seed)) * 2 - 1

    return Model(latents, decode, dim, "uniform", tuple)


def constant(z):
    one = torch.from_numpy(polygons.pictures((LOW + HIGH)[None] / 2)).view(1, 1, 28, 28)
    return one.expand(len(z), -1, -1, -1) + 0 * z.sum()


def static(z):
    """Noise of each latent's own, in [0, 1]."""
    waves = torch.randn((z.shape[1], 784), generator=torch.Generator().manual_seed(5)) * 40
    return ((z @ waves).sin() / 2 + 0.5).view(-1, 1, 28, 28)


def half_and_half(z):
    """A polygon where the fifth latent is above 0, noise where it is not."""
    chosen = (z[:, 4] > 0).view(-1, 1, 1, 1)
    return torch.where(chosen, Rendered.apply(z[:, :4]), static(z))


def pixels(decode, n=200, dim=4, seed=3):
    return (decode(model(decode, dim).latents(n, seed)) * 255).round().to(torch.uint8)


@pytest.mark.parametrize(
    ("decode", "dim", "precision", "recall"),
    [(Rendered.apply, 4, 1, 1), (constant, 4, 1, 0), (static, 4, 0, 0), (half_and_half, 5, 0.5, 1)],
    ids=["the renderer", "one triangle", "noise", "half and half"],
)
def test_generators_whose_values_are_known(real, decode, dim, precision, recall):
    made = model(decode, dim)
    found = triangle_recall(real, made, images=10, steps=30, rate=0.1, restarts=3)
    assert found.value == pytest.approx(recall, abs=0.05)
    score = triangle_precision(real, pixels(decode, dim=dim))
    assert score.value == pytest.approx(precision, abs=0.12 if precision == 0.5 else 0)
    assert score.detail["delta"] == 0.75


def test_f1_is_of_both(real):
    found = triangle_f1(real, model(half_and_half, 5), images=60, recalled=12, steps=40, restarts=3)
    p, r = found.detail["precision"], found.detail["recall"]
    assert 0.3 < p < 0.7 < r
    assert found.value == pytest.approx(2 * p * r / (p + r))
    assert triangle_f1(real, model(static), images=20, recalled=8, steps=2).value == 0


def test_held_out_triangles_lie_on_the_manifold_and_digits_do_not(test_split):
    """What delta is calibrated by: all lie far below it, by the bank alone three in four do."""
    distance, bank = manifold_distance(test_split[:200])
    assert distance.max() < 0.3
    assert 0.6 < (bank <= 0.75).double().mean() < 0.9
    assert (distance <= bank + 1e-5).all()
    assert bank.min() > 0.03  # the bank holds none of the data set itself
    digits = load("builtin:mnist:test[:50]").tensor()
    assert manifold_distance(digits)[0].min() > 10
    assert manifold_distance(255 - digits)[0].min() > 1.5


def test_quadrangles_have_a_manifold_of_their_own(test_split):
    squares = load("builtin:squares:test[:60]").tensor()
    assert manifold_distance(squares, 4)[0].max() < 0.6
    assert manifold_distance(squares, 3)[0].median() > 1
    assert manifold_distance(test_split[:60], 4)[0].median() > 0.2


def test_the_distance_by_hand():
    """Grey levels added in a corner, where no triangle reaches, are the distance."""
    image = pixels(constant, 1)
    image[0, 0, :2, :2] -= 102  # 0.4 of white, four times
    assert manifold_distance(image)[0].item() == pytest.approx(0.8, abs=0.02)


def test_the_rotation_is_limited_as_published(test_split):
    """A triangle that is turned by 60 degrees is off the published manifold, not off the full."""
    turned = polygons.parameters(3, 60, np.random.RandomState(4), legacy_rotation=True)
    turned[:, 3] += np.radians(60)
    images = torch.from_numpy(np.rint(polygons.pictures(turned) * 255).astype(np.uint8))
    images = images.view(-1, 1, 28, 28)
    legacy, full = (
        manifold_distance(images, legacy_rotation=legacy)[0] for legacy in (True, False)
    )
    assert (full <= 0.75).double().mean() > 0.95
    assert (legacy > 0.75).double().mean() > 0.3


def test_turning_is_lowering_all_angles():
    """So the manifold of K corners has K dimensions."""
    angles, rotation = np.array([[0.3, 2.5, 5.0]]), np.array([0.1])
    turned = polygons.vertices(angles, rotation)
    np.testing.assert_allclose(turned, polygons.vertices(angles - 0.1, 0 * rotation), atol=1e-12)


def test_recall_by_samples_grows_with_their_number(real):
    few, many = (
        triangle_recall_samples(real, pixels(Rendered.apply, n), images=100).value
        for n in (100, 3000)
    )
    assert few < many < 1
    assert triangle_recall_samples(real, real.pixels).value == 1
    assert triangle_recall_samples(real, pixels(constant)).value < 0.05
    assert triangle_recall_samples(real, real.pixels).detail["by"] == "the nearest sample"


def test_the_interval_is_that_of_a_share(real):
    found = triangle_precision(real, pixels(half_and_half, 100, 5), bank=2000)
    assert found.spread.estimate == pytest.approx((100 * found.value + 2) / 104)


def test_other_sizes_and_colours_are_refused(real):
    with pytest.raises(ValueError, match="1×28×28 and the fakes 3×28×28"):
        triangle_precision(real, real.pixels.expand(-1, 3, -1, -1))
    with pytest.raises(ValueError, match="1×14×28"):
        manifold_distance(real.pixels[..., :14, :])


class TestOfSamples:
    def test_the_data_set_knows_its_manifold_a_part_of_it_too(self):
        sample = Sample(load("builtin:squares:test[:20]"), load_extractor("pixels"))
        part = sample.part(torch.arange(5), "a part")
        assert part.polygons.corners == 4
        assert part.polygons.legacy_rotation
        assert part.polygons.pixels.shape == (5, 1, 28, 28)

    def test_other_images_have_none(self):
        sample = Sample(load("builtin:mnist:test[:2]"), load_extractor("pixels"))
        with pytest.raises(NotApplicable, match="builtin:triangles"):
            sample.polygons  # noqa: B018

    def test_a_score_with_its_baseline(self):
        real, control, fake = (
            Sample(load(f"builtin:{name}"), load_extractor("pixels"))
            for name in ("triangles:test[:30]", "triangles:train[:30]", "mnist:test[:30]")
        )
        names = ["triangle_precision:bank=2000", "triangle_recall"]
        precision, recall = Evaluator(real, control).score(fake, names)
        assert precision.value == 0
        assert precision.baseline == 1
        assert recall.value is None
        assert "looks into the generator" in recall.warnings[0]
