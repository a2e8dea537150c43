"""The objectives are the stated formulas, with their gradients."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench.train.losses import KERAS_LOGIT, OBJECTIVES
from ganbench.train.regularise import gradient_penalties

REAL, FAKE = torch.tensor([2.0, -0.5, 1.0]), torch.tensor([-1.0, 0.3, 0.2])


def test_bce_is_the_cross_entropy_of_one_concatenated_batch():
    row = OBJECTIVES["bce"]
    logits, targets = torch.cat((REAL, FAKE)), torch.tensor([1.0] * 3 + [0.0] * 3)
    expected = F.binary_cross_entropy(logits.sigmoid(), targets)
    torch.testing.assert_close(row.discriminator(REAL, FAKE), expected)
    expected = F.binary_cross_entropy(FAKE.sigmoid(), torch.ones(3))
    torch.testing.assert_close(row.generator(REAL, FAKE), expected)


def test_bce_is_clipped_as_keras_clips_it():
    far = torch.tensor([-40.0], requires_grad=True)
    loss = OBJECTIVES["bce"].generator(far, far)
    assert loss.item() == pytest.approx(-math.log(1e-7), rel=1e-6)
    (slope,) = torch.autograd.grad(loss, far)
    assert slope.item() == 0
    assert pytest.approx(16.118, abs=1e-3) == KERAS_LOGIT


def test_non_saturating():
    row = OBJECTIVES["non-saturating"]
    expected = -(REAL.sigmoid().log().mean() + (1 - FAKE.sigmoid()).log().mean())
    torch.testing.assert_close(row.discriminator(REAL, FAKE), expected)
    torch.testing.assert_close(row.generator(REAL, FAKE), -FAKE.sigmoid().log().mean())


def test_relativistic():
    row = OBJECTIVES["relativistic"]
    expected = -(REAL - FAKE).sigmoid().log().mean()
    torch.testing.assert_close(row.discriminator(REAL, FAKE), expected)
    torch.testing.assert_close(row.generator(REAL, FAKE), -(FAKE - REAL).sigmoid().log().mean())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_generator_pulls_where_the_discriminator_pushes(name):
    fake = torch.tensor([0.1, 0.3, 0.2], requires_grad=True)  # between the targets of lsgan
    (down,) = torch.autograd.grad(OBJECTIVES[name].discriminator(REAL, fake), fake)
    (up,) = torch.autograd.grad(OBJECTIVES[name].generator(REAL, fake), fake)
    assert (down > 0).all()
    assert (up < 0).all()


def test_accuracies():
    assert [a.item() for a in OBJECTIVES["bce"].accuracies(REAL, FAKE)] == pytest.approx(
        [2 / 3, 1 / 3]
    )
    pairs = OBJECTIVES["relativistic"].accuracies(REAL, FAKE)
    assert [a.item() for a in pairs] == pytest.approx([2 / 3, 2 / 3])


def test_penalties_are_the_squared_slopes():
    """D(x) = a·x² summed has the gradient 2ax."""
    net = nn.Flatten()
    x = torch.randn((6, 1, 2, 2), requires_grad=True)
    weight = torch.randn(4)
    logits = (net(x).square() * weight).sum(1)
    r1, r2 = gradient_penalties(*logits.chunk(2), x)
    squares = (2 * weight * x.detach().flatten(1)).square().sum(1)
    torch.testing.assert_close(r1, squares[:3].mean())
    torch.testing.assert_close(r2, squares[3:].mean())
    (r1 + r2).backward()  # it is differentiable
    assert x.grad is not None
