"""A state survives its files bit for bit, and a damaged file is named."""

import orjson
import pytest
import torch

from ganbench.errors import InputError
from ganbench.train import loop
from ganbench.train import state as states
from tests.train.run import start, train


def trained(config):
    state = start(config)
    for _ in train(config, state):
        pass
    return state


def assert_identical(a, b):
    assert (a.step, a.seen, a.shape) == (b.step, b.seen, b.shape)
    for (name, ours), (_, theirs) in zip(states.tensors(a), states.tensors(b), strict=True):
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert torch.equal(ours[key], theirs[key]), f"{name}.{key}"


@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "Adam", "AdamW"])
@pytest.mark.parametrize("ema", [0, 500])
def test_round_trip(tiny, optimizer, ema):
    config = tiny(steps=3, ema_images=ema)
    rule = config.optimizer_d.model_copy(update={"name": optimizer, "momentum": 0.5})
    config = config.model_copy(update={"optimizer_d": rule})
    state = trained(config)
    files = states.to_files(state)
    assert ("ema.safetensors" in files) == bool(ema)
    assert_identical(states.from_files(config, files, torch.device("cpu")), state)


def test_initial_weights_follow_the_seed_alone(tiny):
    torch.manual_seed(1)
    a = start(tiny())
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    assert_identical(start(tiny()), a)
    assert torch.equal(torch.random.get_rng_state(), before)  # ours is not the caller's
    other = start(tiny(seed=1))
    assert not torch.equal(next(other.generator.parameters()), next(a.generator.parameters()))


def test_damage_is_named(tiny):
    config = tiny(steps=1)
    files = states.to_files(trained(config))
    broken = bytearray(files["generator.safetensors"])
    broken[-1] ^= 1
    with pytest.raises(InputError, match=r"generator\.safetensors is damaged"):
        states.from_files(
            config, files | {"generator.safetensors": bytes(broken)}, torch.device("cpu")
        )
    missing = {name: content for name, content in files.items() if name != "ema.safetensors"}
    with pytest.raises(InputError, match=r"no ema\.safetensors"):
        states.from_files(config, missing, torch.device("cpu"))
    meta = orjson.loads(files["state.json"]) | {"format": 99}
    with pytest.raises(InputError, match="format 99"):
        states.from_files(config, files | {"state.json": orjson.dumps(meta)}, torch.device("cpu"))


def test_the_generator_that_is_sampled_is_the_average(tiny):
    config = tiny(steps=3)
    state = trained(config)
    files = states.to_files(state)
    made = states.generator_from_files(config, files, torch.device("cpu"))
    assert (made.shape, made.step) == ((2,), 3)
    net, noise = made.net, loop.fixed_noise(config, state)
    assert torch.equal(loop.sample(config, net, noise), loop.sample(config, state.ema, noise))
    assert not torch.equal(
        loop.sample(config, net, noise), loop.sample(config, state.generator, noise)
    )
