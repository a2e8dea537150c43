"""What holds for every architecture: shapes, ranges, classes, seeds, files, formats, gradients."""

import copy

import pytest
import torch
from safetensors.torch import load, save
from torch.nn import functional as F

from ganbench.config import TutorialModel
from ganbench.errors import InputError
from ganbench.models import MODELS, build, judge
from tests.models import tiny

CLASSES = 3
IMAGES = [*tiny.MODELS]


def pair(model, shape=(1, 16, 16), seed=0, **options):
    torch.manual_seed(seed)
    made = tiny.made(model, **options)
    return build(made, shape, CLASSES if made.condition != "none" else 0)


def latents(n, classes=0, dim=8, seed=1):
    z = torch.randn((n, dim), generator=torch.Generator().manual_seed(seed))
    if not classes:
        return z, None
    one_hot = F.one_hot(torch.arange(n) % classes, classes).float()
    return torch.cat((one_hot, z), 1), one_hot


def test_the_table_has_all_that_the_config_offers():
    assert {*MODELS} == {*tiny.MODELS, "tutorial"}


@pytest.mark.parametrize("condition", ["none", "projection", "auxiliary"])
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 28, 28), (4, 32, 32)])
@pytest.mark.parametrize("model", IMAGES)
def test_generator_makes_what_the_discriminator_reads(model, shape, condition):
    classes = 0 if condition == "none" else CLASSES
    generator, discriminator = pair(model, shape, condition=condition)
    z, one_hot = latents(6, classes)
    samples = generator(z * 10)
    assert samples.shape == (6, *shape)
    assert MODELS[model].low <= samples.min()
    assert samples.max() <= MODELS[model].high
    said = judge(discriminator, samples, one_hot)
    assert said.logits.shape == (6,)
    if condition == "auxiliary":
        assert said.classes.shape == (6, CLASSES)
    else:
        assert said.classes is None


@pytest.mark.parametrize("side", [20, 24, 40, 64])
@pytest.mark.parametrize("model", IMAGES)
def test_other_sides(model, side):
    generator, discriminator = pair(model, (3, side, side))
    samples = generator(latents(2)[0])
    assert samples.shape == (2, 3, side, side)
    assert discriminator(samples).shape == (2,)


def test_the_tutorial_reads_and_judges_classes_too():
    made = tiny.made(TutorialModel(), condition="projection")
    generator, discriminator = build(made, (1, 28, 28), CLASSES)
    z, one_hot = latents(2, CLASSES)
    assert judge(discriminator, generator(z), one_hot).logits.shape == (2,)


@pytest.mark.parametrize("model", IMAGES)
def test_the_class_changes_the_image_and_the_verdict(model):
    generator, discriminator = pair(model, condition="projection")
    generator.eval()
    discriminator.eval()
    z, one_hot = latents(1, CLASSES)
    other = z.clone()
    other[:, :CLASSES] = torch.tensor([0.0, 1.0, 0.0])
    with torch.no_grad():
        first, second = generator(z), generator(other)
        on_first = judge(discriminator, first, one_hot).logits
        on_other = judge(discriminator, first, other[:, :CLASSES]).logits
    assert (first - second).abs().max() > 1e-4
    assert (on_first - on_other).abs() > 1e-3 * on_first.abs()


@pytest.mark.parametrize("model", IMAGES)
def test_an_image_is_a_function_of_its_latent_alone(model):
    generator, _ = pair(model)
    generator.eval().double()
    z = latents(5)[0].double()
    together = generator(z)
    assert torch.equal(generator(z), together)  # no noise
    for i in range(5):
        torch.testing.assert_close(generator(z[i : i + 1])[0], together[i], rtol=1e-9, atol=1e-12)
    assert (together[0] - together[1]).abs().max() > 1e-4


@pytest.mark.parametrize("condition", ["none", "projection"])
@pytest.mark.parametrize("model", IMAGES)
def test_the_seed_makes_the_weights_and_files_keep_them(model, condition):
    first, same = pair(model, condition=condition), pair(model, condition=condition)
    other = pair(model, condition=condition, seed=1)
    for net, twin, different in zip(first, same, other, strict=True):
        ours, theirs = net.state_dict(), twin.state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        assert any(not torch.equal(ours[name], different.state_dict()[name]) for name in ours)
        different.load_state_dict(load(save(ours)))  # refuses tensors that share memory
        assert all(torch.equal(ours[name], value) for name, value in different.state_dict().items())


@pytest.mark.parametrize("model", IMAGES)
def test_channels_last_is_the_same_function(model):
    nets = [net.double() for net in pair(model, (3, 16, 16))]
    z = latents(4)[0].double()
    expected = nets[0](z)
    logits = nets[1](expected)
    last = [copy.deepcopy(net).to(memory_format=torch.channels_last) for net in nets]
    made = last[0](z)
    torch.testing.assert_close(made, expected, rtol=1e-9, atol=1e-12)
    made = made.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last[1](made), logits, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", IMAGES)
def test_bfloat16_computes_nearly_the_same(model):
    generator, discriminator = pair(model, (3, 16, 16))
    z = latents(8)[0]
    expected = generator(z)
    logits = discriminator(expected)
    with torch.autocast("cpu", torch.bfloat16):
        made = generator(z).float()
        said = discriminator(expected).float()
    assert (made - expected).norm() < 0.05 * expected.norm()
    assert (said - logits).norm() < 0.05 * logits.norm()


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("model", IMAGES)
def test_twenty_steps_with_a_gradient_penalty_stay_finite(model, spectral_norm):
    """Adam on the non-saturating losses and R1, which is differentiated twice."""
    generator, discriminator = pair(model, (2, 16, 16), spectral_norm=spectral_norm)
    draws = torch.Generator().manual_seed(2)
    dis = torch.optim.Adam(discriminator.parameters(), 1e-3, (0.0, 0.99))
    adv = torch.optim.Adam(generator.parameters(), 1e-3, (0.0, 0.99))
    before = [p.clone() for net in (generator, discriminator) for p in net.parameters()]
    for _ in range(20):
        real = torch.rand((6, 2, 16, 16), generator=draws).mul(2).sub(1).requires_grad_()
        fake = generator(torch.randn((6, 8), generator=draws))
        on_real = discriminator(real)
        (slope,) = torch.autograd.grad(on_real.sum(), real, create_graph=True)
        penalty = slope.square().flatten(1).sum(1).mean()
        loss = F.softplus(-on_real).mean() + F.softplus(discriminator(fake.detach())).mean()
        dis.zero_grad()
        (loss + penalty).backward()
        dis.step()
        adv.zero_grad()
        F.softplus(-discriminator(fake)).mean().backward()
        adv.step()
    after = [p for net in (generator, discriminator) for p in net.parameters()]
    assert all(torch.isfinite(p).all() for p in after)
    unchanged = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if torch.equal(a, b)]
    assert not unchanged


@pytest.mark.parametrize("model", ["dcgan", "sngan", "r3gan", "stylegan"])
@pytest.mark.parametrize("shape", [(3, 48, 64), (3, 30, 30), (5, 32, 32), (3, 8, 8), (2,)])
def test_what_cannot_be_made_is_refused_with_what_can(model, shape):
    with pytest.raises(InputError, match=r"16, 20, .* 224 or 256 pixels a side, the data are"):
        build(tiny.made(model), shape)
