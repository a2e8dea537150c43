"""Conditional networks: heads by their formulas, classes that matter, spectral norms of one."""

import copy

import pytest
import torch
from safetensors.torch import load, save
from torch import nn
from torch.nn import functional as F

from ganbench import recipes
from ganbench.config import SmallModel
from ganbench.errors import InputError
from ganbench.models import build, judge
from ganbench.models.condition import Auxiliary, Projection

CLASSES = 3


def config(condition="none", spectral_norm=False):
    made = recipes.mnist()
    return made.model_copy(
        update={
            "model": SmallModel(width_g=2, width_d=2),
            "condition": condition,
            "loss": made.loss.model_copy(update={"spectral_norm": spectral_norm}),
        }
    )


@pytest.fixture
def plain():
    """A discriminator of points, φ(x) = tanh(Wx), in float64."""
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0))
    return net.double()


def ask(net, one_hot=None):
    return judge(net, torch.linspace(-1, 1, 4 * CLASSES).double().reshape(-1, 4), one_hot)


def test_projection_is_its_formula(plain):
    net = Projection(plain, CLASSES).double()
    x = torch.randn((7, 4), dtype=torch.float64)
    y = torch.randint(CLASSES, (7,))
    logits, classes = judge(net, x, F.one_hot(y, CLASSES).double())
    for i in range(7):
        features = torch.tanh(plain[0].weight @ x[i] + plain[0].bias)
        expected = plain[2].weight[0] @ features + plain[2].bias[0]
        expected = expected + net.embedding.weight[:, y[i]] @ features
        torch.testing.assert_close(logits[i], expected, rtol=1e-12, atol=1e-12)
    assert classes is None


def test_auxiliary_says_class_and_reality_of_the_same_features(plain):
    net = Auxiliary(plain, CLASSES).double()
    one_hot = torch.eye(CLASSES).double()
    logits, classes = ask(net, one_hot)
    torch.testing.assert_close(logits, ask(plain).logits)
    assert classes.shape == (CLASSES, CLASSES)
    assert torch.equal(ask(net, one_hot.flip(0)).classes, classes)  # the truth is not told


def test_without_a_condition_there_is_no_class(plain):
    logits, classes = ask(plain)
    assert torch.equal(logits, plain(torch.linspace(-1, 1, 12).double().reshape(-1, 4)))
    assert classes is None


@pytest.mark.parametrize("condition", ["projection", "auxiliary"])
def test_the_body_starts_as_without_a_condition(condition):
    torch.manual_seed(3)
    _, with_classes = build(config(condition), (1, 28, 28), CLASSES)
    torch.manual_seed(3)
    generator, _ = build(config(condition), (1, 28, 28), CLASSES)
    _, without = _after_generator(generator)
    for name, value in without[:-2].state_dict().items():
        assert torch.equal(with_classes.body.state_dict()[name], value)
    assert torch.equal(with_classes.linear.weight, without[-2].weight)


def _after_generator(generator):
    """Both networks without a condition, the discriminator from the same place of the stream."""
    torch.manual_seed(3)
    latent = config().latent.model_copy(update={"dim": config().latent.dim + CLASSES})
    made = build(config().model_copy(update={"latent": latent}), (1, 28, 28))
    for name, value in made[0].state_dict().items():
        assert torch.equal(generator.state_dict()[name], value)
    return made


@pytest.mark.parametrize("condition", ["projection", "auxiliary"])
def test_a_condition_needs_classes(condition):
    with pytest.raises(InputError, match=f"'{condition}': the data have no labels"):
        build(config(condition), (1, 28, 28))


@pytest.mark.parametrize("condition", ["none", "projection", "auxiliary"])
def test_spectral_norms_become_one(condition):
    classes = 0 if condition == "none" else CLASSES
    torch.manual_seed(0)
    _, net = build(config(condition, spectral_norm=True), (1, 16, 16), classes)
    for layer in net.modules():  # a plain layer has no parametrisation: its name says so
        assert type(layer) not in (nn.Linear, nn.Conv2d)
    one_hot = torch.eye(CLASSES) if classes else None
    for _ in range(200):
        judge(net, torch.zeros((CLASSES, 1, 16, 16)), one_hot)
    net.eval()
    matrices = [m.weight.flatten(1) for m in net.modules() if hasattr(m, "parametrizations")]
    assert len(matrices) == (6 if classes else 5)
    for matrix in matrices:
        assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, abs=1e-3)


def test_spectral_norm_is_kept_copied_and_differentiable_twice():
    torch.manual_seed(0)
    _, net = build(config("projection", spectral_norm=True), (1, 16, 16), CLASSES)
    torch.manual_seed(0)
    _, same = build(config("projection", spectral_norm=True), (1, 16, 16), CLASSES)
    x, one_hot = torch.randn((3, 1, 16, 16)), torch.eye(3)
    judge(net, x, one_hot)
    copied = copy.deepcopy(net)
    same.load_state_dict(load(save(net.state_dict())))
    expected = judge(net, x, one_hot).logits  # each call is a power iteration
    for other in (copied, same):
        assert torch.equal(judge(other, x, one_hot).logits, expected)
    x.requires_grad_()
    (slope,) = torch.autograd.grad(judge(net, x, one_hot).logits.sum(), x, create_graph=True)
    slope.square().sum().backward()
    originals = [p for name, p in net.named_parameters() if name.endswith("original")]
    assert len(originals) == 6
    assert all(p.grad.abs().sum() > 0 for p in originals)
