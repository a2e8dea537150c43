"""The published networks: their sizes, and their parts by the formulas of the papers."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench.config import DcganModel, R3ganModel, SnganModel, StyleganModel
from ganbench.models import build
from ganbench.models.r3gan import Bottleneck
from ganbench.models.resample import Conv3x3Pool, UpsampleConv3x3
from ganbench.models.sngan import Down, Up
from ganbench.models.stylegan import MinibatchStd, Modulated, demodulation, equalised
from tests.models import tiny


def count(net):
    return sum(p.numel() for p in net.parameters())


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64)


class TestResampling:
    @pytest.mark.parametrize("size", [(1, 1), (4, 7), (6, 2)])
    def test_upsampling_then_convolution(self, size):
        layer = UpsampleConv3x3(3, 4).double()
        x = normal(2, 3, *size).requires_grad_()
        plain = F.conv2d(F.interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=1)
        self.assert_same(layer, x, plain)

    @pytest.mark.parametrize("size", [(2, 2), (4, 8), (6, 2)])
    def test_convolution_then_pooling(self, size):
        layer = Conv3x3Pool(3, 4).double()
        x = normal(2, 3, *size).requires_grad_()
        plain = F.avg_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=1), 2)
        self.assert_same(layer, x, plain)

    def assert_same(self, layer, x, plain):
        """Values, gradients, and the gradients of these."""
        ours = layer(x)
        torch.testing.assert_close(ours, plain, rtol=1e-12, atol=1e-12)
        weight, wanted = torch.randn_like(plain), (x, layer.weight, layer.bias)
        slopes = [
            torch.autograd.grad((y * weight).square().sum(), wanted, create_graph=True)
            for y in (ours, plain)
        ]
        curves = [
            torch.autograd.grad(sum(s.square().sum() for s in slope), wanted) for slope in slopes
        ]
        for pairs in (zip(*slopes, strict=True), zip(*curves, strict=True)):
            for a, b in pairs:
                torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


class TestDcgan:
    def test_sizes_are_those_of_pytorchs_example(self):
        generator, discriminator = build(tiny.made(DcganModel(), dim=100), (3, 64, 64))
        assert count(generator) == 3_576_704
        assert count(discriminator) == 2_765_568

    def test_layers_are_those_of_the_paper(self):
        generator, discriminator = build(tiny.made(DcganModel(), dim=100), (3, 64, 64))
        ups = [m for m in generator if isinstance(m, nn.ConvTranspose2d)]
        assert [m.out_channels for m in ups] == [512, 256, 128, 64, 3]
        downs = [m for m in discriminator if isinstance(m, nn.Conv2d)]
        assert [m.out_channels for m in downs] == [64, 128, 256, 512]
        norms = [isinstance(m, nn.BatchNorm2d) for m in discriminator]
        assert norms[:3] == [False] * 3  # not behind the first convolution
        assert sum(norms) == 3
        for layer in (*ups, *downs):
            assert layer.bias is None
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        norms = [m.weight for net in (generator, discriminator) for m in net if "Norm" in str(m)]
        assert len(norms) == 7
        assert torch.cat(norms).mean().item() == pytest.approx(1, abs=0.003)
        assert torch.cat(norms).std().item() == pytest.approx(0.02, rel=0.1)

    def test_the_linear_layer_is_a_convolution_of_the_whole_map(self):
        _, discriminator = build(tiny.made("dcgan"), (3, 16, 16))
        discriminator.double().eval()
        x = normal(2, 3, 16, 16)
        features = discriminator[:-3](x)
        kernel = discriminator[-2].weight.reshape(1, -1, 4, 4)
        expected = F.conv2d(features, kernel).flatten()
        torch.testing.assert_close(discriminator(x), expected, rtol=1e-12, atol=1e-12)

    def test_batch_norm_can_be_left_out(self):
        model = DcganModel(width_d=4, batch_norm_d=False)
        _, discriminator = build(tiny.made(model), (3, 32, 32))
        assert not any(isinstance(m, nn.BatchNorm2d) for m in discriminator)


def conv(inputs, outputs, kernel):
    return inputs * outputs * kernel**2 + outputs


def up_block(inputs, outputs):
    norms = 2 * inputs + 2 * outputs
    return norms + conv(inputs, outputs, 3) + conv(outputs, outputs, 3) + conv(inputs, outputs, 1)


def down_block(inputs, outputs, hidden, shortcut=True):
    short = conv(inputs, outputs, 1) if shortcut else 0
    return conv(inputs, hidden, 3) + conv(hidden, outputs, 3) + short


class TestSngan:
    def test_cifar10_has_the_sizes_of_table_4(self):
        generator, discriminator = build(tiny.made(SnganModel(), dim=128), (3, 32, 32))
        first = 128 * 4 * 4 * 256 + 4 * 4 * 256
        last = 2 * 256 + conv(256, 3, 3)
        assert count(generator) == first + 3 * up_block(256, 256) + last
        blocks = down_block(3, 128, 128) + down_block(128, 128, 128)
        blocks += 2 * down_block(128, 128, 128, shortcut=False)
        assert count(discriminator) == blocks + 129

    @pytest.mark.parametrize(
        ("side", "ups", "downs"),
        [
            (48, [512, 256, 128, 64], [64, 128, 256, 512, 1024]),  # table 5, STL-10
            (64, [1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024]),
            (128, [1024, 1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024, 1024]),  # ImageNet
        ],
    )
    def test_larger_images_have_the_widths_of_their_tables(self, side, ups, downs):
        with torch.device("meta"):
            generator, discriminator = build(tiny.made(SnganModel(), dim=128), (3, side, side))
        blocks = [m for m in generator if isinstance(m, Up)]
        widths = [m.shortcut.in_channels for m in blocks]
        assert [*widths, blocks[-1].shortcut.out_channels] == ups
        blocks = [m for m in discriminator if isinstance(m, Down)]
        assert [m.residual[3].out_channels for m in blocks] == downs
        hidden = [m.residual[1].out_channels for m in blocks]
        assert hidden == [downs[0], *downs[:-1]]  # as the authors' code has it
        activated = [isinstance(m.residual[0], nn.ReLU) for m in blocks]
        assert activated == [False] + [True] * (len(downs) - 1)  # pixels are no activations
        halving = [isinstance(m.pool, nn.AvgPool2d) for m in blocks]
        assert halving == [True] * (len(downs) - 1) + [False]

    def test_weights_are_glorots_and_larger_in_the_residuals(self):
        generator, _ = build(tiny.made(SnganModel(width_g=64), dim=128), (3, 32, 32))
        block = next(m for m in generator if isinstance(m, Up))
        bound = math.sqrt(6 / (2 * 9 * 64))
        assert block.residual[5].weight.abs().max().item() == pytest.approx(
            math.sqrt(2) * bound, rel=0.01
        )
        assert block.shortcut.weight.abs().max().item() == pytest.approx(3 * bound, rel=0.01)

    def test_blocks_are_the_plain_layers_in_the_papers_order(self):
        """Upsampling before the shortcut's convolution, pooling behind both convolutions."""
        up, down = Up(3, 5).double(), Down(3, 5, first=False, halve=True).double()
        x = normal(2, 3, 4, 4)
        norm, _, first, norm2, _, second = up.residual
        larger = F.interpolate(F.relu(norm(x)), scale_factor=2)
        hidden = F.conv2d(larger, first.weight, first.bias, padding=1)
        expected = second(F.relu(norm2(hidden))) + up.shortcut(F.interpolate(x, scale_factor=2))
        torch.testing.assert_close(up(x), expected, rtol=1e-10, atol=1e-10)
        _, first, _, second = down.residual
        hidden = F.relu(first(F.relu(x)))
        hidden = F.conv2d(hidden, second.weight, second.bias, padding=1) + down.shortcut(x)
        torch.testing.assert_close(down(x), F.avg_pool2d(hidden, 2), rtol=1e-10, atol=1e-10)


class TestR3gan:
    def test_a_block_starts_as_the_identity(self):
        block = Bottleneck(R3ganModel(), 32, blocks=4)
        x = torch.randn((2, 32, 5, 5))
        assert torch.equal(block(x), x)
        nn.init.normal_(block.residual[-1].weight)
        assert not torch.equal(block(x), x)

    @pytest.mark.parametrize(("width", "groups"), [(64, 8), (32, 4), (4, 1), (12, 3)])
    def test_groups_have_so_many_channels(self, width, groups):
        block = Bottleneck(R3ganModel(group=16, expansion=2), width, blocks=1)
        assert block.residual[2].groups == groups

    def test_inner_weights_are_scaled_by_the_number_of_blocks(self):
        """Fixup: L^(−1/4) for residuals of three layers, and He et al.'s gain."""
        block = Bottleneck(R3ganModel(), 128, blocks=16)
        gain = math.sqrt(2 / 1.04) / 2
        for layer, fan_in in ((block.residual[0], 128), (block.residual[2], 9 * 16)):
            assert layer.weight.std().item() == pytest.approx(gain / math.sqrt(fan_in), rel=0.02)

    def test_there_is_no_normalisation(self):
        for net in build(tiny.made("r3gan"), (3, 32, 32)):
            assert not any("Norm" in type(layer).__name__ for layer in net.modules())
            assert sum(isinstance(layer, Bottleneck) for layer in net) == 4  # 4, 8, 16, 32 pixels


class TestStylegan:
    @pytest.mark.parametrize("up", [False, True])
    @pytest.mark.parametrize("demodulate", [False, True])
    def test_modulation_is_its_definition(self, up, demodulate):
        """One convolution for each image, with weights of its own: equations 1 and 3."""
        layer = Modulated(6, 3, 4, 3, up=up, demodulate=demodulate).double()
        nn.init.normal_(layer.conv.bias)
        x, style = normal(5, 3, 4, 4), normal(5, 6)
        ours = layer(x, style)
        for i in range(5):
            scale = style[i] @ layer.affine.weight.t() + layer.affine.bias
            weight = layer.conv.weight * scale[None, :, None, None]
            if demodulate:
                weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
            image = F.interpolate(x[i : i + 1], scale_factor=2) if up else x[i : i + 1]
            expected = F.conv2d(image, weight, layer.conv.bias, padding=1)[0]
            torch.testing.assert_close(ours[i], expected, rtol=1e-10, atol=1e-10)

    def test_demodulated_weights_have_norm_one(self):
        weight, scale = normal(4, 3, 3, 3), normal(5, 3)
        factors = demodulation(weight, scale)
        scaled = weight[None] * scale[:, None, :, None, None] * factors[:, :, None, None, None]
        norms = scaled.square().sum((2, 3, 4))
        torch.testing.assert_close(norms, torch.ones_like(norms), rtol=1e-6, atol=0)

    def test_minibatch_std_of_a_group(self):
        """Values ±a about any image in pairs: the deviation is a everywhere."""
        image = normal(1, 2, 3, 3)
        x = torch.cat(
            (image + 0.5, image - 0.5, image + 0.5, image - 0.5, image.repeat(4, 1, 1, 1))
        )
        with_map = MinibatchStd()(x)
        assert with_map.shape == (8, 3, 3, 3)
        assert torch.equal(with_map[:, :2], x)
        torch.testing.assert_close(with_map[:4, 2], torch.full((4, 3, 3), 0.5).double())
        torch.testing.assert_close(with_map[4:, 2], torch.full((4, 3, 3), 1e-4).double())

    @pytest.mark.parametrize(
        ("n", "sizes"), [(1, [1]), (3, [3]), (5, [3, 2]), (7, [4, 3]), (8, [4, 4]), (10, [4, 3, 3])]
    )
    def test_groups_of_any_batch(self, n, sizes):
        x = normal(n, 2, 3, 3)
        found = MinibatchStd()(x)[:, 2]
        expected = [
            (part.var(0, unbiased=False) + 1e-8).sqrt().mean().expand(len(part), 3, 3)
            for part in x.split(sizes)
        ]
        torch.testing.assert_close(found, torch.cat(expected), rtol=1e-12, atol=1e-12)

    def test_equalised_layers_keep_the_variance_and_their_parameters_are_normal(self):
        torch.manual_seed(0)
        layer = equalised(nn.Conv2d(64, 64, 3), rate=0.1)
        assert layer.parametrizations.weight.original.std().item() == pytest.approx(10, rel=0.02)
        assert layer.weight.std().item() == pytest.approx(1 / math.sqrt(64 * 9), rel=0.02)
        out = layer(torch.randn((8, 64, 9, 9)))
        assert out.square().mean().item() == pytest.approx(1, rel=0.1)

    def test_without_minibatch_std_an_image_is_judged_alone(self):
        x = torch.randn((4, 1, 16, 16))
        for minibatch_std in (False, True):
            model = StyleganModel(width=4, most=8, style=8, minibatch_std=minibatch_std)
            _, net = build(tiny.made(model), (1, 16, 16))
            alone = torch.cat([net(x[i : i + 1]) for i in range(4)])
            assert torch.allclose(alone, net(x), atol=1e-5) is not minibatch_std

    def test_the_length_of_z_does_not_matter(self):
        generator, _ = build(tiny.made("stylegan"), (1, 16, 16))
        z = torch.randn((3, 8))
        torch.testing.assert_close(generator(7 * z), generator(z))
