"""The layers compute what they say, values and gradients."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench.models.layers import KerasBatchNorm, SameConv2d, UpsampleConv2d


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("size", [(1, 1), (4, 7), (7, 4)])
def test_upsample_conv_equals_upsampling_then_convolution(kernel, size):
    layer = UpsampleConv2d(3, 4, kernel).double()
    nn.init.normal_(layer.bias)
    x = torch.randn((2, 3, *size), dtype=torch.float64, requires_grad=True)
    plain = F.conv2d(
        F.interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=kernel // 2
    )
    ours = layer(x)
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=1e-12)
    weight = torch.randn_like(plain)
    wanted = (x, layer.weight, layer.bias)
    for a, b in zip(
        torch.autograd.grad((ours * weight).sum(), wanted),
        torch.autograd.grad((plain * weight).sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("size", "stride", "expected"),
    [(28, 2, (1, 2)), (14, 2, (1, 2)), (7, 2, (2, 2)), (4, 1, (2, 2)), (9, 3, (1, 1))],
)
def test_same_padding_is_tensorflows(size, stride, expected):
    """ceil(size / stride) outputs; what cannot be shared goes to the right and the bottom."""
    layer = SameConv2d(1, 1, 5, stride)
    x = torch.randn((1, 1, size, size))
    padded = F.pad(x, (*expected, *expected))
    torch.testing.assert_close(layer(x), F.conv2d(padded, layer.weight, layer.bias, stride))
    assert layer(x).shape[-1] == -(-size // stride)


@pytest.mark.parametrize("shape", [(8, 5), (4, 5, 3, 3)])
def test_keras_batch_norm_keeps_the_biased_variance(shape):
    x = torch.randn(shape) * 2 + 1
    layer = KerasBatchNorm(5)
    layer(x)
    values = x.transpose(0, 1).reshape(5, -1)
    torch.testing.assert_close(layer.running_mean, 0.1 * values.mean(1))
    expected = 0.9 + 0.1 * values.var(1, unbiased=False)
    torch.testing.assert_close(layer.running_var, expected)


def test_keras_batch_norm_normalises_with_its_epsilon():
    x = torch.full((4, 1), 2.0)
    x[0] = 2.002
    layer = KerasBatchNorm(1)
    expected = (x - x.mean()) / (x.var(unbiased=False) + 1e-3).sqrt()
    torch.testing.assert_close(layer(x), expected)
    layer.eval()
    expected = (x - layer.running_mean) / (layer.running_var + 1e-3).sqrt()
    torch.testing.assert_close(layer(x), expected)


def test_keras_batch_norm_can_run_twice_before_a_backward():
    layer = KerasBatchNorm(3)
    (layer(torch.randn(8, 3)).sum() + layer(torch.randn(8, 3)).square().sum()).backward()
    assert torch.isfinite(layer.weight.grad).all()
