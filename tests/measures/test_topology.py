"""The Geometry Score of a circle, a disk and a blob, whose holes are known."""

import builtins

import numpy as np
import pytest
import torch

from ganbench.measures import topology
from ganbench.measures.topology import geometry_score, lifetimes

gudhi = pytest.importorskip("gudhi", reason="gudhi is not installed: ganbench[topology]")


def circle(n, seed, noise=0.05):
    rng = np.random.RandomState(seed)
    angle = rng.rand(n) * 2 * np.pi
    radius = 1 + noise * rng.randn(n)
    return np.stack((np.cos(angle) * radius, np.sin(angle) * radius), 1)


def disk(n, seed):
    rng = np.random.RandomState(seed)
    angle, radius = rng.rand(n) * 2 * np.pi, np.sqrt(rng.rand(n))
    return np.stack((np.cos(angle) * radius, np.sin(angle) * radius), 1)


def score(real, fake, **knobs):
    given = {"repeats": 20, "landmarks": 32, "gamma": 1 / 8, **knobs}
    return geometry_score(torch.from_numpy(real), torch.from_numpy(fake), **given)


def test_a_circle_has_one_hole_and_a_disk_none():
    ring, plate = (lifetimes(points, 20, 32, 1 / 8) for points in (circle(1000, 0), disk(1000, 0)))
    assert ring[1] > 0.9
    assert plate[0] > 0.8
    assert ring.sum() == pytest.approx(1)


def test_the_score_tells_them_apart_and_nothing_else():
    assert score(circle(1000, 0), disk(1000, 0)).value > 1
    assert score(circle(1000, 0), circle(1000, 1)).value < 0.01


def test_where_and_how_large_the_points_are_does_not_count():
    ring = circle(500, 0)
    assert score(ring, ring[:, ::-1] * 7 + 100, repeats=5).value == pytest.approx(0, abs=1e-9)


def test_living_times_by_hand():
    """Four witnesses on the edges of a square of landmarks, whose hole nothing fills."""
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    edges = (corners + np.roll(corners, -1, 0)) / 2
    points = np.concatenate((corners, edges))
    far = topology._distances(points, corners)
    shares = topology._relative_living_times(far, 0.25, 10)
    end = 0.25 * np.sqrt(2)
    # an edge's own witness makes it at once: the hole lives from 0 to the end
    assert end < 0.5
    assert shares[1] == pytest.approx(1)


def test_as_many_samples_of_both_sides_and_their_number_in_gamma():
    found = score(circle(300, 0), circle(200, 1), gamma=0.0, repeats=3)
    assert found.detail["samples"] == 200
    assert found.detail["gamma"] == pytest.approx(200 / (128 * 5000))
    assert sum(found.detail["real"]) == pytest.approx(1, abs=1e-4)


def test_points_that_coincide_have_no_hole():
    assert lifetimes(np.zeros((40, 2)), 2, 8, 1 / 8)[0] == 1


def test_a_sample_must_hold_the_landmarks():
    with pytest.raises(ValueError, match="32 landmarks"):
        score(circle(31, 0), circle(31, 1))


def test_without_gudhi_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "gudhi":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"ganbench\[topology\]"):
        score(circle(100, 0), circle(100, 1))


def test_landmarks_are_drawn_anew_and_with_replacement():
    points = circle(200, 0)
    one, two = (lifetimes(points, repeats, 24, 1 / 8) for repeats in (1, 2))
    assert not np.array_equal(one, two)
    assert lifetimes(points[:10], 1, 20, 1 / 8).sum() == pytest.approx(1)
