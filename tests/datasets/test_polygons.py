"""The polygons are those of the published generator, pixel for pixel."""

import numpy as np
import pytest
from scipy import ndimage

from ganbench import polygons
from ganbench.datasets import load


def published(vertices):
    """One image as the published code makes it: an inside test of every subpixel, then a box."""
    corners = vertices * 8
    x, y = np.mgrid[0:224, 0:224]
    inside = np.ones((224, 224), bool)
    centre = corners.mean(0)
    for a, b in zip(corners, np.roll(corners, -1, 0), strict=True):
        edge = b - a
        side = edge[0] * (y - a[1]) - edge[1] * (x - a[0])
        inner = edge[0] * (centre[1] - a[1]) - edge[1] * (centre[0] - a[0])
        inside &= side * inner > 0
    mask = (~inside).astype(np.float64)
    return ndimage.convolve(mask, np.ones((8, 8)), mode="constant", cval=1.0)[::8, ::8] / 64


@pytest.mark.parametrize("corners", [3, 4])
def test_rendering_equals_the_inside_test_of_every_subpixel(corners):
    drawn = polygons.draw(corners, 20, np.random.RandomState(5), legacy_rotation=True)
    for one, image in zip(drawn, polygons.render(drawn), strict=True):
        np.testing.assert_array_equal(image, published(one))


def test_vertices_follow_the_published_recipe():
    """Drawn one by one with the scalar formulas, from the same stream."""
    rng = np.random.RandomState(0)
    for drawn in polygons.draw(3, 5, np.random.RandomState(0), legacy_rotation=True):
        angles = np.radians([i * 120 + 10 + rng.rand() * 110 for i in range(3)])
        points = (np.column_stack((np.cos(angles), np.sin(angles))) + 1) / 2
        theta = np.radians(rng.rand() * 2 * np.pi)
        turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
        points = points @ turn * 21
        np.testing.assert_allclose(drawn, points + 14 - points.mean(0), atol=1e-12)


def test_the_split_is_the_published_shuffle():
    rng = np.random.RandomState(0)
    drawn = polygons.draw(3, 80_000, rng, legacy_rotation=True)
    order = rng.permutation(80_000)
    expected = np.rint(polygons.render(drawn[order[60_000:60_003]]) * 255)
    found = load("builtin:triangles:test[:3]").tensor()[:, 0].numpy()
    np.testing.assert_array_equal(found, expected)


def test_polygons_are_dark_on_white():
    images = load("builtin:triangles:test[:500]").tensor().numpy()[:, 0]
    assert (images[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    assert (images[:, 14, 14] == 0).all()  # the mean of the vertices is inside


def test_the_full_turn_is_offered():
    legacy = polygons.draw(3, 2000, np.random.RandomState(1), legacy_rotation=True)
    turned = polygons.draw(3, 2000, np.random.RandomState(1), legacy_rotation=False)

    def angles(drawn):
        first = drawn[:, 0] - 14
        return np.degrees(np.arctan2(first[:, 1], first[:, 0])) % 360

    quarters = np.histogram(angles(turned), bins=4, range=(0, 360))[0]
    assert quarters.min() > 300
    assert np.histogram(angles(legacy), bins=4, range=(0, 360))[0].min() < 100
