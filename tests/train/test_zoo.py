"""Every objective trains every architecture that it fits, and every regulariser goes with each."""

import pytest
import torch

from ganbench.classics import OBJECTIVES
from ganbench.config import (
    DcganModel,
    Latent,
    Loss,
    MlpModel,
    R3ganModel,
    SmallModel,
    SnganModel,
    StyleganModel,
    TutorialModel,
)
from ganbench.models import MODELS
from ganbench.train import loop
from ganbench.train.data import Stream, TrainingData
from ganbench.train.step import Step

STEPS = 20
TINY = {
    "mlp": MlpModel(hidden=16, depth=2),
    "tutorial": TutorialModel(),
    "small": SmallModel(width_g=4, width_d=4),
    "dcgan": DcganModel(width_g=4, width_d=4),
    "sngan": SnganModel(width_g=8, width_d=8),
    "r3gan": R3ganModel(width=8, most=16, group=4),
    "stylegan": StyleganModel(width=8, most=16, style=8),
}
REGULARISERS = {
    "R1": {"r1": 0.5},
    "R2": {"r2": 0.5},
    "R1 and R2, lazily": {"r1": 0.5, "r2": 0.5, "every": 4},
    "gradient penalty": {"penalty": 1.0},
    "gradient penalty around": {"penalty": 1.0, "penalty_at": "around"},
    "spectral norm": {"spectral_norm": True},
    "LeCam": {"lecam": 0.1},
}
NAMES = ("minimax", "non-saturating", "lsgan", "hinge", "wasserstein", "relativistic", "bce")


def digits(side):
    """Blurred noise of the right size."""
    draws = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (32, 1, side, side), generator=draws, dtype=torch.uint8)
    return TrainingData(pixels, "noise", "noise")


def trained(config, data, steps=STEPS):
    state = loop.start(config, data)
    before = [p.detach().clone() for p in state.generator.parameters()]
    step = Step(config, Stream(data, state.device), bf16=False)
    values = torch.stack([step(state) for _ in range(steps)])
    assert torch.isfinite(values).all(), values
    pairs = zip(before, state.generator.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)  # it moved
    return state


def test_every_architecture_is_here():
    assert TINY.keys() == MODELS.keys()


@pytest.mark.parametrize("model", TINY)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_every_architecture(tiny, objective, model):
    """Of the tutorial's networks, which are large, two images at a time."""
    side, batch = (28, 2) if model == "tutorial" else (16, 4)
    rules = OBJECTIVES[objective] | {"n_critic": 1}
    config = tiny(model=TINY[model], latent=Latent(dim=8), batch=batch, steps=STEPS, **rules)
    trained(config, digits(side))


@pytest.mark.parametrize("regulariser", REGULARISERS)
@pytest.mark.parametrize("objective", NAMES)
def test_every_regulariser_goes_with_every_objective(tiny, objective, regulariser):
    loss = Loss(name=objective, **REGULARISERS[regulariser])
    config = tiny(model=TINY["small"], latent=Latent(dim=8), batch=8, steps=8, loss=loss)
    trained(config, digits(16), steps=8)


@pytest.mark.parametrize("condition", ["projection", "auxiliary"])
@pytest.mark.parametrize("model", TINY)
def test_every_architecture_takes_conditions(tiny, model, condition):
    side = 28 if model == "tutorial" else 16
    data = digits(side)
    data = TrainingData(data.pixels, "noise", "noise", torch.arange(32) % 3, ("a", "b", "c"))
    config = tiny(model=TINY[model], latent=Latent(dim=8), batch=6, steps=3, condition=condition)
    state = trained(config, data, steps=3)
    noise = loop.fixed_noise(config, state)
    other = torch.cat((noise[:, :3].roll(1, 1), noise[:, 3:]), 1)
    assert not torch.equal(*(loop.sample(config, state.ema, z) for z in (noise, other)))
