"""The layers compute what they say, values and gradients."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench.models import convolution
from ganbench.models.convolution import convolve
from ganbench.models.layers import (
    Dropout,
    KerasBatchNorm,
    SameConv2d,
    UpsampleConv2d,
    interleave,
)


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


@pytest.fixture
def narrow(monkeypatch):
    """Also narrow convolutions have their weights' gradients as a matrix product."""
    monkeypatch.setattr(convolution, "WIDE", 1)
    monkeypatch.setattr(convolution, "SMALL", 1_000)


WAYS = [((1, 1), (2, 2)), ((2, 2), (0, 0)), ((2, 1), (1, 3)), ((3, 2), (2, 0))]


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(("stride", "padding"), WAYS)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_gradients_of_weights_as_a_matrix_product(stride, padding, memory):
    """Values, gradients, and the gradients of a penalty of gradients, are those of conv2d."""
    x = torch.randn((3, 2, 6, 7), dtype=torch.float64).to(memory_format=memory)
    weight = torch.randn((4, 2, 5, 3), dtype=torch.float64).to(memory_format=memory)
    bias = torch.randn(4, dtype=torch.float64)

    def everything(convolution):
        wanted = [t.clone().requires_grad_() for t in (x, weight, bias)]
        made = convolution(*wanted, stride, padding)
        first = torch.autograd.grad(made.square().sum(), wanted, create_graph=True)
        penalty = sum(g.square().sum() for g in first)
        return made, *first, *torch.autograd.grad(penalty, wanted)

    ours, plain = everything(convolve), everything(F.conv2d)
    assert type(ours[0].grad_fn).__name__ == "_ConvolutionBackward"
    for a, b in zip(ours, plain, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("narrow")
def test_under_autocast_the_gradient_of_the_weights_is_float32():
    x, weight = torch.randn((3, 2, 6, 6)), torch.randn((4, 2, 3, 3), requires_grad=True)
    bias = torch.randn(4, requires_grad=True)

    def gradients(convolution):
        with torch.autocast("cpu", torch.bfloat16):
            made = convolution(x, weight, bias, (1, 1), (1, 1))
        assert made.dtype == torch.bfloat16
        return torch.autograd.grad(made.float().square().sum(), (weight, bias))

    for ours, plain in zip(gradients(convolve), gradients(F.conv2d), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, plain, rtol=0.02, atol=0.02 * plain.abs().max().item())


def test_phases_are_interleaved_as_by_a_pixel_shuffle():
    x = torch.randn((2, 12, 3, 5))
    shuffled = F.pixel_shuffle(x.view(2, 4, 3, 3, 5).transpose(1, 2).reshape(2, 12, 3, 5), 2)
    assert torch.equal(interleave(x), shuffled)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_its_share_and_keeps_the_mean(dtype):
    x = torch.ones((64, 100, 5, 5), dtype=dtype).to(memory_format=torch.channels_last)
    x.requires_grad_()
    made = Dropout(0.4)(x)
    dropped = made == 0
    n = x.numel()
    assert dropped.float().mean().item() == pytest.approx(0.4, abs=4 * (0.24 / n) ** 0.5)
    torch.testing.assert_close(
        made[~dropped].float(),
        torch.full((1,), 1 / 0.6).expand(int((~dropped).sum())),
        rtol=4e-3,
        atol=0,
    )
    (gradient,) = torch.autograd.grad(made.sum(), x)
    assert torch.equal(gradient, made)
    along = dropped.float().mean((0, 2, 3))  # no axis has a share of its own
    assert (along - 0.4).abs().max() < 5 * (0.24 * 100 / n) ** 0.5


def test_dropout_is_off_in_inference_and_follows_the_seed():
    x = torch.randn((8, 50))
    layer = Dropout(0.5)
    torch.manual_seed(3)
    first, other = layer(x), layer(x)
    torch.manual_seed(3)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, other)
    assert layer.eval()(x) is x
    assert Dropout(0.0)(x) is x
