"""Every architecture makes what it reads, in its stated range, and refuses what it cannot make."""

import pytest
import torch
from torch import nn

from ganbench import recipes
from ganbench.config import SmallModel
from ganbench.errors import InputError
from ganbench.models import MODELS, build


def config(model):
    recipe = {"tutorial": recipes.tutorial_mnist, "small": recipes.mnist, "mlp": recipes.ring8}
    return recipe[model]()


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 28, 28), (3, 32, 48), (4, 8, 8), (1, 4, 4)])
def test_small_makes_any_size_and_channels(shape):
    made = config("small").model_copy(update={"model": SmallModel(width_g=2, width_d=2)})
    generator, discriminator = build(made, shape)
    samples = generator(torch.randn((2, made.latent.dim)))
    assert samples.shape == (2, *shape)
    assert discriminator(samples).shape == (2,)


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        ("tutorial", (3, 28, 28), "1x28x28, the data are 3x28x28"),
        ("small", (1, 30, 28), "multiples of 4, the data are 1x30x28"),
        ("small", (2,), "multiples of 4"),
    ],
)
def test_what_cannot_be_made_is_refused(model, shape, words):
    with pytest.raises(InputError, match=words):
        build(config(model), shape)


@pytest.mark.parametrize("model", MODELS)
def test_every_grey_value_survives_the_way_there_and_back(model):
    row = MODELS[model]
    grey = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    floats = row.from_data(grey)
    assert floats.min() == row.low
    assert floats.max() == row.high
    assert torch.equal(row.to_data(floats), grey)
    nudge = 0.49 * (row.high - row.low) / 255  # rounded, not truncated
    assert torch.equal(row.to_data(floats + nudge), grey)
    assert torch.equal(row.to_data(floats - nudge), grey)


def test_points_are_used_as_they_are():
    points = torch.tensor([[-3.0, 0.5]])
    assert torch.equal(MODELS["mlp"].from_data(points), points)
    assert torch.equal(MODELS["mlp"].to_data(points), points)


def test_the_discriminator_keeps_the_variance_at_the_start():
    """He et al.: the signal neither dies nor explodes through the layers."""
    _, discriminator = build(config("small"), (1, 28, 28))
    x = torch.randn((64, 1, 28, 28))
    convolutions = 0
    for layer in discriminator:
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d):
            convolutions += 1
            assert 0.5 < x.square().mean() < 2.5
    assert convolutions == 4


def test_small_is_at_28_pixels_what_the_mnist_recipe_was_measured_with():
    """Layer for layer, and weight for weight from the same seed."""
    torch.manual_seed(7)
    made = config("small")
    generator, discriminator = build(made, (1, 28, 28))
    torch.manual_seed(7)
    literal = nn.Sequential(
        *(nn.Linear(32, 64 * 49), nn.BatchNorm1d(64 * 49), nn.LeakyReLU(0.2)),
        nn.Unflatten(1, (64, 7, 7)),
        *(nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)),
        *(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(16, 1, 3, padding=1), nn.Tanh()),
    )
    assert str(generator) == str(literal)
    _assert_equal(generator, literal)
    literal = nn.Sequential(
        *(nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.0)),
        *(nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.0)),
        *(nn.Conv2d(64, 64, 3, 1, 1), nn.LeakyReLU(0.2), nn.Dropout(0.0)),
        *(nn.Conv2d(64, 128, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.0)),
        *(nn.Flatten(), nn.Linear(128 * 16, 1), nn.Flatten(0)),
    )
    assert str(discriminator) == str(literal)
    for layer in literal:
        if hasattr(layer, "weight"):
            nn.init.kaiming_normal_(layer.weight, 0.2)
            nn.init.zeros_(layer.bias)
    _assert_equal(discriminator, literal)


def _assert_equal(ours, theirs):
    ours, theirs = ours.state_dict(), theirs.state_dict()
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.equal(ours[name], value)


@pytest.mark.parametrize(
    ("side", "smallest"), [(16, 4), (20, 5), (28, 7), (32, 4), (36, 9), (96, 6), (256, 4)]
)
def test_small_starts_from_four_to_seven_pixels_where_it_can(side, smallest):
    made = config("small").model_copy(update={"model": SmallModel(width_g=2, width_d=2)})
    generator, _ = build(made, (1, side, side))
    assert generator[3].unflattened_size == (min(2 * side // smallest, 16), smallest, smallest)
