"""What makes the training fast computes the same: ten steps with it and without it, in float32.

By plain gradient descent, which keeps a difference in rounding as small as it is; Adam's and
RMSprop's first steps are signs of gradients, and make of 10⁻⁷ what they like. torch.compile is held
to this in test_step.py, several processes in test_distributed.py, the rows of a mapped file in
test_data.py, single layers and their second derivatives in models/test_layers.py.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganbench import recipes
from ganbench.config import DcganModel, Latent, Loss, Optimizer, TutorialModel
from ganbench.models import convolution
from ganbench.models.layers import Dropout, UpsampleConv2d
from ganbench.train import loop, optim
from ganbench.train.data import Stream, TrainingData
from ganbench.train.step import SCALARS, Step
from tests.train.test_state import assert_identical

SGD = Optimizer(name="SGD", lr=2e-3)


def pixels(side):
    draws = torch.Generator().manual_seed(1)
    return torch.randint(256, (32, 1, side, side), generator=draws, dtype=torch.uint8)


def tutorial(**changes):
    parts = {"batch": 16, "precision": "fp32", "optimizer_d": SGD, "optimizer_g": SGD}
    return recipes.tutorial_mnist().model_copy(update=parts | changes)


def dcgan(r1=0.1):
    """With penalties of gradients. The discriminator's last convolution is wide, its map small."""
    return tutorial(
        model=DcganModel(width_g=8, width_d=64, batch_norm_d=False),
        latent=Latent(dim=8),
        loss=Loss(name="non-saturating", r1=r1, every=2),
    )


def trained(config, change=lambda state: None, data=None):
    data = data or TrainingData(pixels(32 if config.model.name == "dcgan" else 28), "x", "x")
    state = loop.start(config, data)
    change(state)
    step = Step(config, Stream(data, state.device), bf16=False)
    return state, torch.stack([step(state) for _ in range(10)])


def assert_the_same(one, other):
    """The scalars of ten steps to 10⁻⁵, and the weights after them, by the largest of a tensor."""
    norms = SCALARS.index("dis_grad")  # which are roots of sums of squares: ten times as loose
    torch.testing.assert_close(one[1][:, :norms], other[1][:, :norms], rtol=1e-5, atol=2e-6)
    torch.testing.assert_close(one[1][:, norms:], other[1][:, norms:], rtol=1e-4, atol=1e-5)
    for name, net in one[0].networks().items():
        theirs = other[0].networks()[name].state_dict()
        for key, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                scale = tensor.abs().max().item()
                torch.testing.assert_close(tensor, theirs[key], rtol=1e-5, atol=1e-5 * scale + 1e-6)


class PlainUpsample(UpsampleConv2d):
    def forward(self, x):
        large = F.interpolate(x, scale_factor=2)
        return F.conv2d(large, self.weight, self.bias, padding=self.weight.shape[-1] // 2)


def test_phases_instead_of_upsampling():
    def plain(state):
        found = [m for m in state.generator.modules() if isinstance(m, UpsampleConv2d)]
        assert len(found) == 2
        for module in found:
            module.__class__ = PlainUpsample

    assert_the_same(trained(tutorial()), trained(tutorial(), plain))


@pytest.mark.parametrize("config", [tutorial, dcgan])
def test_weight_gradients_as_matrix_products(config, monkeypatch):
    calls = []
    gradient = convolution.weight_gradient
    monkeypatch.setattr(convolution, "weight_gradient", lambda *a: calls.append(1) or gradient(*a))
    ours = trained(config())
    assert calls
    calls.clear()
    monkeypatch.setattr(convolution, "SMALL", 0)
    plain = trained(config())
    assert not calls
    assert_the_same(ours, plain)


@pytest.mark.parametrize("name", ["tutorial", "dcgan"])
def test_channels_last(name):
    """Without dropout, whose masks are drawn in the order of the memory."""

    def contiguous(state):
        for net in state.networks().values():
            net.to(memory_format=torch.contiguous_format)

    config = tutorial(model=TutorialModel(dropout=0.0)) if name == "tutorial" else dcgan()
    assert_the_same(trained(config), trained(config, contiguous))


def test_a_frozen_discriminator_gives_the_generator_the_same_gradient_to_the_bit():
    """It only leaves out the gradients of its own weights, which nobody looks at."""

    def unfrozen(state):
        state.discriminator.requires_grad_ = lambda flag=True: state.discriminator

    frozen, other = trained(tutorial()), trained(tutorial(), unfrozen)
    assert torch.equal(frozen[1], other[1])
    assert_identical(frozen[0], other[0])


def test_dropout_by_bits_is_dropout():
    """The masks are others than torch's, so: the same outputs where both masks are given."""
    x = torch.randn((4, 6, 3, 3)).to(memory_format=torch.channels_last)
    made = Dropout(0.25)(x)
    kept = (made != 0).float()
    torch.testing.assert_close(made, x * kept / 0.75, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", ["RMSprop", "Adam"])
def test_all_tensors_at_once_are_updated_as_one_by_one(name):
    """The optimizers of the step, over lists of tensors, against a loop in numpy's float64."""
    config = Optimizer(name=name, lr=1e-2)
    draws = torch.Generator().manual_seed(2)
    shapes = [(3, 4), (5,), (2, 2, 2)]
    weights = [torch.nn.Parameter(torch.randn(s, generator=draws)) for s in shapes]
    plain = [w.detach().double().numpy().copy() for w in weights]
    means, squares = [np.zeros_like(w) for w in plain], [np.zeros_like(w) for w in plain]
    optimizer = optim.make(config, weights)
    for step in range(10):
        for i, w in enumerate(weights):
            w.grad = torch.randn(w.shape, generator=draws)
            g = w.grad.double().numpy()
            if name == "RMSprop":
                squares[i] = 0.9 * squares[i] + 0.1 * g**2
                plain[i] -= 1e-2 * g / np.sqrt(squares[i] + 1e-7)
                continue
            means[i] = 0.9 * means[i] + 0.1 * g
            squares[i] = 0.999 * squares[i] + 0.001 * g**2
            rate = 1e-2 * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            plain[i] -= rate * means[i] / (np.sqrt(squares[i]) + 1e-7)
        optim.update(optimizer, config, step, 10)
    for w, p in zip(weights, plain, strict=True):
        np.testing.assert_allclose(w.detach().numpy(), p, rtol=1e-5, atol=1e-6)


def test_a_mapped_file_trains_as_memory_does_to_the_bit(tmp_path):
    np.save(tmp_path / "x.npy", pixels(32).numpy())
    mapped = torch.from_numpy(np.load(tmp_path / "x.npy", mmap_mode="c"))
    one = trained(dcgan())
    other = trained(dcgan(), data=TrainingData(mapped, "x", "x", mapped=True))
    assert torch.equal(one[1], other[1])
    assert_identical(one[0], other[0])


def test_shared_fakes_are_another_gan_whose_losses_mean_the_same():
    """Sharing changes what the discriminator sees, fakes in training mode instead of inference.

    What stays: the losses at the same weights and fakes. Without dropout, and with a learning rate
    of nothing, the generator's loss of a shared step is that of fakes of its own, made anew.
    """
    still = Optimizer(name="SGD", lr=1e-30)
    parts = {"model": TutorialModel(dropout=0.0), "optimizer_d": still, "optimizer_g": still}
    data = TrainingData(pixels(28), "x", "x")
    config = tutorial(fakes="shared", **parts)
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16=False)
    seen = []
    make = step.fakes
    step.fakes = lambda *a: seen.append(make(*a)) or seen[-1]
    dis_loss, _, adv_loss, *_ = step(state)
    (fake,) = seen
    real = step.from_data(step.stream.take(torch.randint(32, (16,), generator=_draws(config)))[0])
    on_real, on_fake = state.discriminator(real), state.discriminator(fake)
    torch.testing.assert_close(dis_loss, step.objective.discriminator(on_real, on_fake))
    torch.testing.assert_close(adv_loss, step.objective.generator(on_real, on_fake))


def _draws(config):
    from ganbench.train.rng import generator_of

    return generator_of(config.seed, "step", 0)
