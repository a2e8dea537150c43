"""Penalties, clipping and LeCam are the stated formulas, where their values are known."""

import pytest
import torch
from torch import nn

from ganbench.train import regularise


def linear(slope):
    return lambda x: x.flatten(1) @ slope


@pytest.mark.parametrize("length", [0.0, 1.0, 3.0])
def test_the_slope_of_a_linear_discriminator_is_its_weight(length):
    slope = torch.full((4,), length / 2)  # |slope| = length
    points = torch.randn((5, 1, 2, 2))
    penalty = regularise.unit_slope_penalty(linear(slope), points)
    assert penalty.item() == pytest.approx((length - 1) ** 2, abs=1e-5)


def test_the_norm_is_over_all_values_of_an_image():
    """A norm over one axis would give another value: that mistake has been published."""
    slope = torch.arange(1.0, 13.0)
    penalty = regularise.unit_slope_penalty(linear(slope), torch.randn((2, 3, 2, 2)))
    assert penalty.item() == pytest.approx((slope.norm().item() - 1) ** 2, rel=1e-5)


def test_the_penalty_trains_a_weight_to_length_one():
    weight = nn.Parameter(torch.tensor([2.0, 1.0, 0.5]))
    for _ in range(200):
        penalty = regularise.unit_slope_penalty(lambda x: x @ weight, torch.randn((8, 3)))
        (slope,) = torch.autograd.grad(penalty, weight)
        weight.data -= 0.1 * slope
    assert weight.norm().item() == pytest.approx(1, abs=1e-3)


def test_points_between_lie_on_the_segments():
    real, fake = torch.randn((2, 500, 3, 4, 4))
    points = regularise.between(real, fake, torch.Generator().manual_seed(0))
    share = ((points - real) / (fake - real)).flatten(1)
    torch.testing.assert_close(share, share[:, :1].expand_as(share), rtol=1e-3, atol=1e-3)
    assert share.min() >= 0
    assert share.max() <= 1
    assert share[:, 0].mean().item() == pytest.approx(0.5, abs=4 / 12**0.5 / 500**0.5)


def test_points_around_are_near_the_reals():
    """The disturbance is positive and at most half the standard deviation of the batch."""
    real = torch.randn((200, 1, 4, 4)) * 3
    moved = regularise.around(real, torch.Generator().manual_seed(0)) - real
    assert moved.min() >= -1e-5
    assert moved.max() <= real.std() / 2 + 1e-5
    assert moved.mean().item() == pytest.approx(real.std().item() / 8, rel=0.1)  # ½ · ½ · ½ σ


def test_lecam():
    real, fake = torch.tensor([1.0, -1.0]), torch.tensor([0.0, -3.0])
    anchors = torch.tensor([0.5, -0.5])  # of reals, of fakes
    expected = (1.5**2 + 0) / 2 + (0.5**2 + 3.5**2) / 2
    assert regularise.lecam(real, fake, anchors).item() == pytest.approx(expected)


def test_moving_means_begin_at_the_first_batch():
    anchors = torch.zeros(2)
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([-1.0, -3.0])
    regularise.moving_means(anchors, real, fake, 0)
    assert anchors.tolist() == [2, -2]
    regularise.moving_means(anchors, real + 1, fake, 1)
    assert anchors.tolist() == pytest.approx([0.99 * 2 + 0.01 * 3, -2])


def test_clipped_weights_lie_in_their_bounds():
    net = nn.Linear(50, 50)
    before = net.weight.detach().clone()
    regularise.clip_weights(net, 0.05)
    assert torch.equal(net.weight, before.clamp(-0.05, 0.05))
    assert net.bias.abs().max() <= 0.05
