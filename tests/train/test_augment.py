"""Augmentation is differentiable twice, repeatable, of each image by itself, and undoes nothing."""

import pytest
import torch
from pydantic import ValidationError

from ganbench import recipes
from ganbench.config import Augment
from ganbench.errors import InputError
from ganbench.train import pipeline
from ganbench.train.augment import adjusted, augment, check

NONE, DIFF, ADA = Augment(), Augment(name="diffaugment"), Augment(name="ada")


def images(n=4, channels=3, side=8, low=-1.0, high=1.0, dtype=torch.float64):
    values = torch.rand((n, channels, side, side), generator=seeded(5), dtype=torch.float64)
    return (low + (high - low) * values).to(dtype)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def augmented(batch, config, p=0.8, seed=0, low=-1.0, high=1.0):
    return augment(batch, config, torch.tensor(p), seeded(seed), high - low, low)


def test_none_returns_the_images_themselves():
    batch = images()
    assert augmented(batch, NONE) is batch


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_first_and_second_derivatives(config, channels):
    batch = images(2, channels, 5).requires_grad_()
    changed = augmented(batch, config)
    assert changed.shape == batch.shape
    assert not torch.equal(changed, batch)
    assert torch.autograd.gradcheck(lambda x: augmented(x, config), (batch,))
    assert torch.autograd.gradgradcheck(lambda x: augmented(x, config).pow(3), (batch,))


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_a_penalty_on_the_slopes_reaches_the_weights(config):
    """R1 through the augmentation of a linear D: |∇D|² = |Aᵀw|², against A written out."""
    batch = images(2, 1, 5).requires_grad_()
    weight = torch.rand(25, generator=seeded(7), dtype=torch.float64).requires_grad_()
    logits = augmented(batch, config).flatten(1) @ weight
    (slope,) = torch.autograd.grad(logits.sum(), batch, create_graph=True)
    (found,) = torch.autograd.grad(slope.square().sum(), weight)
    whole = torch.autograd.functional.jacobian(lambda x: augmented(x, config), batch)
    matrices = [whole[i].reshape(25, 2, 25)[:, i] for i in range(2)]
    expected = sum(2 * matrix @ matrix.T @ weight.detach() for matrix in matrices)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_the_generator_of_draws_decides(config):
    batch = images(16)
    assert torch.equal(augmented(batch, config), augmented(batch, config))
    assert not torch.equal(augmented(batch, config), augmented(batch, config, seed=1))
    after = seeded()
    augment(batch, config, torch.tensor(0.0), after, 2.0, -1.0)
    again = seeded()
    augment(batch, config, torch.tensor(0.9), again, 2.0, -1.0)
    assert torch.equal(after.get_state(), again.get_state())  # p changes no later number


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_images_do_not_influence_each_other(config):
    batch = images(16)
    other = batch.clone()
    other[3] = images(1, low=-0.2)[0]
    before, after = augmented(batch, config), augmented(other, config)
    same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [i != 3 for i in range(16)]


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_equal_images_get_different_changes(config):
    batch = images(1).repeat(16, 1, 1, 1)
    made = augmented(batch, config)
    distances = torch.cdist(made.flatten(1), made.flatten(1)) + torch.eye(16)
    assert distances.min() > 1e-3


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_the_range_of_the_values_makes_no_difference(config):
    """Images of 0 to 1 are augmented as the same images of −1 to 1 are."""
    batch = images(16)
    made = augmented((batch + 1) / 2, config, low=0.0, high=1.0)
    torch.testing.assert_close(2 * made - 1, augmented(batch, config))


@pytest.mark.parametrize("name", ["diffaugment", "ada"])
def test_float32_stays_float32(name):
    batch = images(8, dtype=torch.float32)
    made = augmented(batch, Augment(name=name))
    assert made.dtype == torch.float32
    wide = augmented(batch.double(), Augment(name=name))
    torch.testing.assert_close(made.double(), wide, rtol=0, atol=2e-4)


@pytest.mark.parametrize("low", [-1.0, 0.0])
def test_without_probability_ada_changes_no_bit(low):
    batch = images(64, low=low, high=1.0, dtype=torch.float32)
    batch[0, 0, 0, 0], batch[1, 0, 0, 0] = 1e-30, -0.0
    made = augmented(batch, ADA, p=0.0, low=low)
    assert torch.equal(made.view(torch.int32), batch.view(torch.int32))


def test_unaffected_images_keep_their_bits_beside_others():
    batch = images(4_000, 1, 4, low=0.0, dtype=torch.float32)
    made = augmented(batch, ADA, p=0.05, low=0.0)
    amounts = torch.stack(list(pipeline.draw(4_000, 4, torch.tensor(0.05), seeded()).values()))
    untouched = (amounts == 0).all(0)
    assert 0.5 < untouched.double().mean() < 0.7  # 0.95¹¹ = 0.57, and a little for null moves
    assert torch.equal(made[untouched], batch[untouched])


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_values_stay_of_the_order_of_the_range(config):
    made = augmented(images(2_000, 3, 8), config, p=1.0)
    assert made.isfinite().all()
    assert made.std() < 2
    assert made.abs().flatten(1).amax(1).quantile(0.9) < 5


def test_the_probability_follows_the_signs():
    config = Augment(name="ada", target=0.6, images=1_000)
    p = torch.tensor(0.5)

    def after(signs, start=p, images=100):
        return adjusted(start, torch.tensor(signs), config, images).item()

    assert after(0.7) == pytest.approx(0.6)
    assert after(0.5) == pytest.approx(0.4)
    assert after(0.6) == pytest.approx(0.5)
    assert after(0.7, images=250) == pytest.approx(0.75)
    assert after(-1.0, start=torch.tensor(0.05)) == 0
    assert after(1.0, start=torch.tensor(0.95)) == 1


def test_the_probability_goes_from_none_to_all_in_the_stated_images():
    config = Augment(name="ada", images=6_400)
    p, signs = torch.tensor(0.0), torch.tensor(0.9)
    for _ in range(6_400 // 256 - 1):
        p = adjusted(p, signs, config, 256)
    assert p < 1
    assert adjusted(p, signs, config, 256).item() == pytest.approx(1)
    assert adjusted(p, signs, config, 256).dtype == torch.float32


def config_with(name):
    config = recipes.mnist()
    return config.model_copy(update={"augment": Augment(name=name)})


def test_points_and_odd_shapes_are_refused():
    check(config_with("none"), (2,))
    check(config_with("diffaugment"), (3, 32, 48))
    check(config_with("ada"), (1, 28, 28))
    with pytest.raises(InputError, match="'diffaugment' is for images; this data is points of 2"):
        check(config_with("diffaugment"), (2,))
    with pytest.raises(InputError, match=r"'ada' is for images; .* --augment.name none"):
        check(config_with("ada"), (2,))
    with pytest.raises(InputError, match="1 to 4 channels; these have 5"):
        check(config_with("diffaugment"), (5, 32, 32))
    with pytest.raises(InputError, match="32 pixels high and 48 wide: use"):
        check(config_with("ada"), (3, 32, 48))


def test_policies_are_known_names():
    assert Augment(policy="cutout, color").policies == ("cutout", "color")
    with pytest.raises(ValidationError, match="no 'colour' among color, translation, cutout"):
        Augment(name="diffaugment", policy="colour,cutout")
    with pytest.raises(ValidationError, match="choose of color, translation, cutout, or"):
        Augment(name="diffaugment", policy=" ,")
    assert Augment(policy="").policies == ()


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_mixed_precision_rounds_nothing_here(config):
    batch = images(8, dtype=torch.float32)
    expected = augmented(batch, config)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augmented(batch, config), expected)


@pytest.mark.parametrize("config", [DIFF, ADA], ids=["diffaugment", "ada"])
def test_half_precision_is_augmented_in_float32(config):
    batch = images(8, dtype=torch.bfloat16)
    assert torch.equal(augmented(batch, config), augmented(batch.float(), config))
    assert augmented(batch, NONE).dtype == torch.bfloat16
