"""DiffAugment's transforms against plain loops over pixels."""

import math

import numpy as np
import pytest
import torch

from ganbench.config import Augment
from ganbench.config.training import POLICIES as NAMES
from ganbench.train import diffaugment

SHAPES = [(1, 8, 8), (3, 9, 9), (4, 16, 12), (2, 5, 7)]


def batch(shape, n=40):
    generator = torch.Generator().manual_seed(3)
    values = torch.rand((n, *shape), generator=generator, dtype=torch.float64) * 2 - 1
    return values, diffaugment.draw(n, generator)


@pytest.mark.parametrize("shape", SHAPES)
def test_translation_moves_whole_pixels_in_from_grey(shape):
    images, uniform = batch(shape)
    made = diffaugment.translation(images, uniform[:, 3:5]).numpy()
    _, height, width = shape
    shifts = set()
    for image, found, numbers in zip(images.numpy(), made, uniform[:, 3:5].tolist(), strict=True):
        down, right = (
            math.floor(u * (2 * int(side / 8 + 0.5) + 1)) - int(side / 8 + 0.5)
            for u, side in zip(numbers, (height, width), strict=True)
        )
        expected = np.zeros_like(image)
        for y in range(height):
            for x in range(width):
                if 0 <= y - down < height and 0 <= x - right < width:
                    expected[:, y, x] = image[:, y - down, x - right]
        assert np.array_equal(found, expected)
        shifts.add((down, right))
    reach = int(height / 8 + 0.5)
    assert {down for down, _ in shifts} == set(range(-reach, reach + 1))


@pytest.mark.parametrize("shape", SHAPES)
def test_cutout_greys_half_of_the_sides(shape):
    images, uniform = batch(shape)
    made = diffaugment.cutout(images, uniform[:, 5:7]).numpy()
    _, height, width = shape
    sizes = [int(side / 2 + 0.5) for side in (height, width)]
    for image, found, numbers in zip(images.numpy(), made, uniform[:, 5:7].tolist(), strict=True):
        expected = image.copy()
        centres = [
            math.floor(u * (side + (1 - cut % 2)))
            for u, side, cut in zip(numbers, (height, width), sizes, strict=True)
        ]
        top, left = (centre - cut // 2 for centre, cut in zip(centres, sizes, strict=True))
        for y in range(max(top, 0), min(top + sizes[0], height)):
            for x in range(max(left, 0), min(left + sizes[1], width)):
                expected[:, y, x] = 0
        assert np.array_equal(found, expected)
        assert (found == 0).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_color_is_brightness_then_saturation_then_contrast(shape):
    images, uniform = batch(shape)
    made = diffaugment.color(images, uniform[:, :3]).numpy()
    colours = {1: 1, 2: 1, 3: 3, 4: 3}[shape[0]]
    for image, found, numbers in zip(images.numpy(), made, uniform.tolist(), strict=True):
        values = image[:colours] + numbers[0] - 0.5
        grey = values.mean(axis=0)
        values = (values - grey) * (2 * numbers[1]) + grey
        mean = values.mean()
        values = (values - mean) * (numbers[2] + 0.5) + mean
        np.testing.assert_allclose(found[:colours], values, atol=1e-12)
        assert np.array_equal(found[colours:], image[colours:])


def test_saturation_leaves_grey_images():
    images, uniform = batch((1, 8, 8))
    other = uniform.clone()
    other[:, 1] = 1 - other[:, 1]
    assert torch.equal(
        diffaugment.color(images, uniform[:, :3]), diffaugment.color(images, other[:, :3])
    )


def test_the_policy_chooses_and_orders():
    images, uniform = batch((3, 8, 8))
    cut = diffaugment.apply(images, ("cutout",), uniform, 2.0, 0.0)
    assert torch.equal(cut, diffaugment.cutout(images, uniform[:, 5:7]))
    both = diffaugment.apply(images, ("cutout", "translation"), uniform, 2.0, 0.0)
    assert torch.equal(both, diffaugment.translation(cut, uniform[:, 3:5]))
    assert tuple(diffaugment.POLICIES) == NAMES == Augment().policies
