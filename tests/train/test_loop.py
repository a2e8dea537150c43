"""The loop: its events, its exactness, what it does when numbers break."""

import numpy as np
import pytest
import torch

from ganbench.config import TutorialModel
from ganbench.errors import InputError
from ganbench.events import Checkpoint, Diverged, Finished, Grid, Scalars, Stepped
from ganbench.recipes import RECIPES
from ganbench.train import state as states
from ganbench.train.step import SCALARS, Step
from tests.train.run import start, stream, train
from tests.train.test_state import assert_identical


def scalars(events):
    return {e.step: dict(e.values) for e in events if is_step(e)}


def is_step(event):
    return isinstance(event, Scalars) and "diversity" not in event.values


def test_events_come_at_their_steps(tiny):
    config = tiny(steps=12, log_every=5, grid_every=4, checkpoint_every=10)
    events = list(train(config, start(config)))
    steps = {
        kind: [e.step for e in events if isinstance(e, kind)]
        for kind in (Stepped, Grid, Checkpoint, Finished)
    }
    assert steps[Stepped] == list(range(1, 13))
    assert list(scalars(events)) == [1, 5, 10, 12]
    apart = [e.step for e in events if isinstance(e, Scalars) and not is_step(e)]
    assert apart == [4, 8, 12]
    assert steps[Grid] == [0, 4, 8, 12]
    assert steps[Checkpoint] == [10, 12]
    assert steps[Finished] == [12]
    assert all(e.seen == e.step * config.batch for e in events)
    assert all(tuple(values) == SCALARS for values in scalars(events).values())


def test_grids_are_pictures_of_the_same_noise(tiny):
    config = tiny(steps=1)
    first, second = [e for e in train(config, start(config)) if isinstance(e, Grid)]
    assert first.pixels.dtype == np.uint8
    assert first.pixels.shape == second.pixels.shape
    again = next(iter(train(config, start(config))))
    assert np.array_equal(first.pixels, again.pixels)


@pytest.mark.parametrize("stop", [1, 7, 20])
def test_a_resumed_run_repeats_every_bit(tiny, stop):
    config = tiny()
    whole = start(config)
    events = list(train(config, whole))

    state = start(config)
    for event in train(config, state):
        if isinstance(event, Stepped) and event.step == stop:
            break
    torch.rand(17)  # what others draw in between must not matter
    state = states.from_files(config, states.to_files(state), torch.device("cpu"))
    rest = list(train(config, state))

    assert_identical(state, whole)
    expected = scalars(events)
    assert scalars(rest) == {step: expected[step] for step in scalars(rest)}
    assert max(scalars(rest)) == config.steps


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_resumes_to_the_bit(name, tmp_path):
    """Its own networks, objective, optimizers and augmentation, on four images at a time."""
    rng = np.random.default_rng(0)
    config = RECIPES[name]()
    if not config.data.startswith("builtin:ring") and not config.data.startswith("builtin:grid"):
        shape = {"cifar10": (3, 32, 32), "folder": (3, 32, 32), "stacked-mnist": (3, 28, 28)}
        images = rng.integers(256, size=(20, *shape.get(name, (1, 28, 28))), dtype=np.uint8)
        np.savez(tmp_path / "a.npz", images=images, labels=np.arange(20) % 10)
        config = config.model_copy(update={"data": str(tmp_path / "a.npz")})
    config = config.model_copy(update={"steps": 10, "batch": 4, "grid_every": 100})
    whole, first = start(config), start(config)
    for _ in train(config, whole):
        pass
    for event in train(config, first):  # lazy penalties fall on both sides of step 7
        if isinstance(event, Stepped) and event.step == 7:
            break
    files = states.to_files(first)
    again = states.from_files(config, files, torch.device("cpu"))
    for _ in train(config, again):
        pass
    assert_identical(again, whole)


def test_draws_in_between_do_not_matter(tiny):
    config = tiny(steps=10)
    plain, disturbed = start(config), start(config)
    for _ in train(config, plain):
        pass
    for _ in train(config, disturbed):
        torch.rand(3)
    assert_identical(plain, disturbed)


def test_seeds_differ(tiny):
    runs = [list(train(c, start(c))) for c in (tiny(steps=5), tiny(steps=5, seed=1))]
    assert scalars(runs[0]) != scalars(runs[1])


def test_a_non_finite_loss_names_the_first_step_and_the_scalar(tiny):
    config = tiny(log_every=10, grid_every=100, checkpoint_every=100)
    state, events = start(config), []
    for event in train(config, state):
        events.append(event)
        if isinstance(event, Stepped) and event.step == 13:
            with torch.no_grad():
                next(state.discriminator.parameters()).fill_(torch.nan)
    assert isinstance(events[-1], Diverged)
    assert (events[-1].step, events[-1].tensor) == (14, "dis_loss")
    assert events[-1].seen == 14 * config.batch
    assert not any(isinstance(event, Finished) for event in events)


def test_a_non_finite_weight_is_never_saved(tiny):
    config = tiny(log_every=10, checkpoint_every=10)
    state, events = start(config), []
    for event in train(config, state):
        events.append(event)
        if isinstance(event, Stepped) and event.step == 15:
            with torch.no_grad():
                next(state.ema.parameters())[0, 0] = torch.inf
    assert isinstance(events[-1], Diverged)
    assert (events[-1].step, events[-1].tensor) == (20, "ema.0.weight")
    assert [e.step for e in events if isinstance(e, Checkpoint)] == [10]


@pytest.mark.parametrize("fakes", ["inference", "training", "shared"])
def test_each_network_moves_in_its_own_step_only(tiny, fakes):
    config = tiny(fakes=fakes)
    state = start(config)
    step = Step(config, stream(torch.randn((50, 2))), bf16=False)
    real, fake = torch.randn((2, 32, 2))
    before = {name: [p.clone() for p in net.parameters()] for name, net in state.networks().items()}

    def moved(name):
        pairs = zip(state.networks()[name].parameters(), before[name], strict=True)
        return any(not torch.equal(p, old) for p, old in pairs)

    step.update_discriminator(state, real, fake)
    assert moved("discriminator")
    assert not moved("generator")
    before["discriminator"] = [p.clone() for p in state.discriminator.parameters()]
    noise = torch.randn((32, config.latent.dim))
    step.update_generator(state, real, state.generator(noise))
    assert moved("generator")
    assert not moved("discriminator")
    assert all(p.requires_grad for p in state.discriminator.parameters())


def test_penalties_come_every_so_many_steps_and_count_so_many_times(tiny):
    """One step with every = 4 adds 4 times the gradient that one with every = 1 adds."""
    real, fake = torch.randn((2, 32, 2), generator=torch.Generator().manual_seed(1))

    def gradient(every, r1, at=0):
        config = tiny()
        loss = config.loss.model_copy(update={"r1": r1, "r2": 0.0, "every": every})
        config = config.model_copy(
            update={"loss": loss, "model": config.model.model_copy(update={"dropout": 0.0})}
        )
        state = start(config)
        state.step = at
        Step(config, stream(real), bf16=False).update_discriminator(state, real, fake)
        return torch.cat([p.grad.flatten() for p in state.discriminator.parameters()])

    plain = gradient(1, 0.0)
    once, four = gradient(1, 0.5) - plain, gradient(4, 0.5) - plain
    torch.testing.assert_close(four, 4 * once, rtol=1e-3, atol=1e-6)
    assert once.norm() > 0
    torch.testing.assert_close(gradient(4, 0.5, at=3), plain)


def test_the_average_follows_its_half_life(tiny):
    """Two steps by hand; the half-life is limited to a twentieth of the images seen."""
    config = tiny(steps=2, ema_images=1_000_000)
    state = start(config)
    weight = next(state.generator.parameters())
    weights = [weight.detach().clone()]
    events = (event for event in train(config, state) if isinstance(event, Stepped))
    weights += [weight.detach().clone() for _ in events]
    expected = weights[0]
    for seen, weight in zip((32, 64), weights[1:], strict=True):
        beta = 0.5 ** (32 / (0.05 * seen))
        expected = beta * expected + (1 - beta) * weight
    torch.testing.assert_close(next(state.ema.parameters()), expected)


def test_bf16_computes_nearly_the_same(tiny):
    losses = {}
    for precision in ("fp32", "bf16"):
        config = tiny(steps=1, precision=precision)
        losses[precision] = scalars(train(config, start(config)))[1]["dis_loss"]
    assert losses["fp32"] != losses["bf16"]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.02)


def test_what_does_not_fit_is_refused_before_the_first_step(tiny):
    with pytest.raises(InputError, match="makes images of 1x28x28"):
        start(tiny(model=TutorialModel()))
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="no GPU"):
            start(tiny(device="cuda"))
