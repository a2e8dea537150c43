"""One step with everything that a config can ask of it."""

import pytest
import torch

from ganbench import training_data
from ganbench.config import Augment, DcganModel, Latent, Loss, SmallModel, StyleganModel
from ganbench.errors import InputError
from ganbench.events import Stepped
from ganbench.train import loop
from ganbench.train import state as states
from ganbench.train.data import Stream, TrainingData
from ganbench.train.losses import OBJECTIVES
from ganbench.train.step import Step
from tests.train.run import start, stream, train
from tests.train.test_state import assert_identical

IMAGES = TrainingData(
    torch.randint(256, (64, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator()),
    "noise",
    "noise",
    torch.arange(64) % 4,
    ("a", "b", "c", "d"),
)


def changed(config, **parts):
    """A config with fields of its parts changed: loss={"r1": 1}."""
    made = {
        name: getattr(config, name).model_copy(update=value) if isinstance(value, dict) else value
        for name, value in parts.items()
    }
    return config.model_copy(update=made)


@pytest.fixture
def pictures(tiny):
    """A config for tiny images."""

    def make(**parts):
        config = tiny(
            model=SmallModel(width_g=4, width_d=4), latent=Latent(dim=8), batch=8, steps=20
        )
        return changed(config, **parts)

    return make


def trained(config, steps, state=None):
    state = state or loop.start(config, IMAGES)
    step = Step(config, Stream(IMAGES, state.device), bf16=False)
    values = [step(state) for _ in range(steps)]
    return state, torch.stack(values)


def test_the_discriminator_is_updated_n_critic_times(tiny):
    config = tiny(n_critic=3, steps=4)
    state = start(config)
    events = [event for event in train(config, state) if isinstance(event, Stepped)]
    updates = state.optimizer_d.state_dict()["state"][0]["step"].item()
    assert updates == 12
    assert state.optimizer_g.state_dict()["state"][0]["step"].item() == 4
    assert [event.seen for event in events] == [96, 192, 288, 384]


def test_each_update_of_the_discriminator_sees_another_batch(tiny, monkeypatch):
    config, seen = tiny(n_critic=2, steps=1), []
    state, data = start(config), training_data.load(tiny())
    step = Step(config, Stream(data, state.device), bf16=False)
    update = step.update_discriminator
    monkeypatch.setattr(
        step,
        "update_discriminator",
        lambda s, real, fake, *rest: seen.append((real, fake)) or update(s, real, fake, *rest),
    )
    step(state)
    assert not torch.equal(seen[0][0], seen[1][0])
    assert not torch.equal(seen[0][1], seen[1][1])


def test_weights_are_clipped_after_each_update(tiny):
    config = changed(tiny(steps=3), loss={"name": "wasserstein", "clip": 0.02, "r1": 0.0})
    state = start(config)
    list(train(config, state))
    assert max(p.abs().max().item() for p in state.discriminator.parameters()) <= 0.02 + 1e-8


@pytest.mark.parametrize("name", ["bce", "non-saturating", "lsgan"])
def test_smoothing_lowers_the_target_of_the_reals_alone(name):
    """At that target the loss on the reals has its minimum; on the fakes nothing changes."""
    row = OBJECTIVES[name]
    target = 0.9
    best = torch.tensor([target if name == "lsgan" else torch.tensor(target).logit().item()])
    real = best.clone().requires_grad_()
    fake = torch.tensor([0.3], requires_grad=True)
    plain = torch.autograd.grad(row.of_discriminator(real, fake, 0.0), fake)
    smoothed = row.of_discriminator(real, fake, 1 - target)
    slope_real, slope_fake = torch.autograd.grad(smoothed, (real, fake))
    assert slope_real.item() == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(slope_fake, plain[0])


def test_smoothing_is_refused_where_there_is_no_target():
    with pytest.raises(ValueError, match="has no target"):
        Loss(name="hinge", smoothing=0.1)


def test_the_penalty_of_gradients_is_added_with_its_weight(tiny):
    """The gradient with a penalty of 2 is the plain one and twice that of a penalty of 1 alone."""
    real, fake = torch.randn((2, 16, 2), generator=torch.Generator().manual_seed(1))

    def gradient(penalty):
        config = changed(tiny(), loss={"r1": 0.0, "penalty": penalty}, model={"dropout": 0.0})
        state = start(config)
        Step(config, stream(real), bf16=False).update_discriminator(state, real, fake)
        return torch.cat([p.grad.flatten() for p in state.discriminator.parameters()])

    plain = gradient(0.0)
    once, twice = gradient(1.0) - plain, gradient(2.0) - plain
    assert once.norm() > 0
    torch.testing.assert_close(twice, 2 * once, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "model", [DcganModel(width_g=4, width_d=4), StyleganModel(width=4, most=8, style=8)]
)
def test_reals_and_fakes_never_see_each_other(pictures, model):
    """The reals' logits do not depend on the fakes, as in one batch they would; six is no four."""
    config = pictures(model=model, loss={"r1": 0.0}, batch=6)
    state = loop.start(config, IMAGES)
    step = Step(config, Stream(IMAGES, state.device), bf16=False)
    real, fake = torch.randn((2, 6, 1, 16, 16))
    first, *_ = step.both(state, torch.cat((real, fake)), None, twice=False)
    other, *_ = step.both(state, torch.cat((real, fake * 5 + 3)), None, twice=False)
    assert torch.equal(first, other)


def test_both_halves_at_once_are_both_halves(pictures):
    config = pictures(loss={"r1": 0.0})
    state = loop.start(config, IMAGES)
    step = Step(config, Stream(IMAGES, state.device), bf16=False)
    real, fake = torch.randn((2, 8, 1, 16, 16))
    on_real, on_fake, _ = step.both(state, torch.cat((real, fake)), None, twice=False)
    torch.testing.assert_close(on_real, state.discriminator(real))
    torch.testing.assert_close(on_fake, state.discriminator(fake))


@pytest.mark.parametrize("condition", ["projection", "auxiliary"])
def test_conditions_reach_both_networks(pictures, condition):
    config = pictures(condition=condition)
    state, values = trained(config, 3)
    assert torch.isfinite(values).all()
    assert state.classes == ("a", "b", "c", "d")
    assert state.counts == (16, 16, 16, 16)
    noise = loop.fixed_noise(config, state)
    same_z = noise.clone()
    same_z[:, :4] = noise[:, :4].roll(1, 0)
    made = [loop.sample(config, state.generator, z) for z in (noise, same_z)]
    assert not torch.equal(*made)


def test_an_auxiliary_classifier_learns_the_classes(pictures):
    """Images with one of four quarters bright, which is the class: nearly all are told apart."""
    labels = torch.arange(64) % 4
    quarters = torch.nn.functional.one_hot(labels, 4).view(64, 1, 2, 2) * 255
    pixels = quarters.repeat_interleave(8, 2).repeat_interleave(8, 3).to(torch.uint8)
    data = TrainingData(pixels, "quarters", "quarters", labels, ("a", "b", "c", "d"))
    config = pictures(condition="auxiliary", batch=32, optimizer_d={"lr": 3e-3})
    state = loop.start(config, data)
    step = Step(config, Stream(data, state.device), bf16=False)
    for _ in range(60):
        step(state)
    label = torch.eye(4).repeat(16, 1) * 3
    images = step.from_data(data.pixels)
    guess = step.judge(state, images, label).classes
    assert (guess.argmax(1) == data.labels).float().mean() > 0.9


def test_without_labels_a_condition_is_refused(tiny):
    unlabelled = TrainingData(torch.randn((50, 2)), "points", "my points")
    with pytest.raises(InputError, match="my points has none"):
        loop.start(tiny(condition="projection"), unlabelled)


EVERYTHING = {
    "ada": {"augment": Augment(name="ada", images=100, flip=True)},
    "diffaugment": {"augment": Augment(name="diffaugment", noise=0.1)},
    "lecam": {"loss": {"name": "hinge", "lecam": 0.1, "r1": 0.0}},
    "projection": {"condition": "projection", "n_critic": 2},
    "auxiliary": {"condition": "auxiliary", "loss": {"spectral_norm": True, "r1": 0.0}},
    "penalty": {"loss": {"name": "wasserstein", "penalty": 10.0, "penalty_at": "around"}},
    "batch norm": {"model": DcganModel(width_g=4, width_d=4)},
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_state_goes_on_to_the_bit(pictures, name):
    """Also ADA's probability, LeCam's means, spectral vectors and batch statistics."""
    config = pictures(ema_images=100, **EVERYTHING[name])
    whole, values = trained(config, 8)
    half, first = trained(config, 5)
    files = states.to_files(half)
    torch.rand(3)  # what others draw in between must not matter
    half = states.from_files(config, files, torch.device("cpu"))
    _, rest = trained(config, 3, half)
    assert torch.equal(torch.cat((first, rest)), values)
    assert_identical(half, whole)


def test_adas_probability_rises_where_the_reals_are_known_well(pictures):
    """A discriminator that is sure of every real: r_t = 1 > target, so p grows by its step."""
    config = pictures(augment=Augment(name="ada", images=1_000, every=4), loss={"r1": 0.0})
    state = loop.start(config, IMAGES)
    with torch.no_grad():
        state.discriminator[-2].bias.fill_(100.0)
    step = Step(config, Stream(IMAGES, state.device), bf16=False)
    for _ in range(8):
        step(state)
    assert state.memory["augment_p"].item() == pytest.approx(2 * 4 * 8 / 1_000)


@pytest.mark.parametrize("name", ["ada", "diffaugment"])
def test_augmentations_do_not_reach_the_samples(pictures, name):
    """Samples go through no augmentation: the same inputs give the same bits."""
    config = pictures(augment=Augment(name=name))
    state, _ = trained(config, 2)
    state.memory["augment_p"].fill_(1.0)
    noise = loop.fixed_noise(config, state)
    plain = config.model_copy(update={"augment": Augment()})
    made = [loop.sample(c, state.ema, noise) for c in (config, plain)]
    assert torch.equal(*made)


@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_networks_compute_the_same(pictures):
    """fp32, 10 steps, 1e-5 relative: with penalties in every other step, which are not compiled."""
    torch._dynamo.reset()
    config = pictures(loss={"r1": 0.1, "every": 2})
    try:
        _, fast = trained(config.model_copy(update={"compile": True}), 10)
    except Exception as error:
        if "compiler" not in str(error).lower():
            raise
        pytest.skip(f"torch.compile needs a C++ compiler: {error}")
    _, plain = trained(config, 10)
    torch.testing.assert_close(fast, plain, rtol=1e-5, atol=1e-6)
