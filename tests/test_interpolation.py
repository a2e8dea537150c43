"""Ways between latents: the laws of a great circle, closed loops, pictures."""

import math

import numpy as np
import pytest
import torch

from ganbench import grids, interpolation
from ganbench.interpolation import between, loop, slerp, strip
from tests.generators import digits, points


def pair(dim=7):
    draws = torch.Generator().manual_seed(1)
    return torch.randn(2, 5, dim, generator=draws, dtype=torch.float64)


T = torch.linspace(0, 1, 11, dtype=torch.float64)[:, None, None]


class TestSlerp:
    def test_it_goes_from_a_to_b(self):
        a, b = pair()
        torch.testing.assert_close(slerp(a, b, torch.tensor(0.0)), a, rtol=0, atol=1e-15)
        torch.testing.assert_close(slerp(a, b, torch.tensor(1.0)), b, rtol=0, atol=1e-15)

    def test_backwards_it_is_the_same_way(self):
        a, b = pair()
        torch.testing.assert_close(slerp(a, b, T), slerp(b, a, 1 - T))

    def test_equal_lengths_stay(self):
        a, b = pair()
        b = b / b.norm(dim=-1, keepdim=True) * a.norm(dim=-1, keepdim=True)
        lengths = slerp(a, b, T).norm(dim=-1)
        torch.testing.assert_close(lengths, a.norm(dim=-1).expand_as(lengths))

    def test_other_lengths_go_linearly(self):
        a, b = pair()
        expected = (1 - T) * a.norm(dim=-1, keepdim=True) + T * b.norm(dim=-1, keepdim=True)
        torch.testing.assert_close(slerp(a, b, T).norm(dim=-1, keepdim=True), expected)

    def test_it_stays_in_the_plane_and_turns_evenly(self):
        a, b = pair()
        way = slerp(a, b, T)
        for i in range(a.shape[0]):
            plane = torch.linalg.qr(torch.stack((a[i], b[i]), 1))[0]
            torch.testing.assert_close(way[:, i] @ plane @ plane.T, way[:, i])
        unit = way / way.norm(dim=-1, keepdim=True)
        turns = (unit[1:] * unit[:-1]).sum(-1).acos()
        torch.testing.assert_close(turns, turns[:1].expand_as(turns))

    def test_a_quarter_in_closed_form(self):
        a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
        middle = slerp(a, b, torch.tensor(1 / 3))
        expected = torch.tensor([2 * math.cos(math.pi / 6), 2 * math.sin(math.pi / 6)])
        torch.testing.assert_close(middle, expected)

    @pytest.mark.parametrize("factor", [1.0, 3.0, -1.0, 1 + 1e-12])
    def test_where_there_is_no_circle_it_goes_straight(self, factor):
        a, _ = pair()
        torch.testing.assert_close(slerp(a, a * factor, T), (1 - T) * a + T * a * factor)

    def test_nearly_the_same_directions(self):
        a, b = pair()
        near = a + 1e-5 * b
        torch.testing.assert_close(slerp(a, near, T), a + T * (near - a), rtol=0, atol=1e-9)

    def test_from_nothing(self):
        a = torch.zeros(3)
        b = torch.tensor([1.0, 2.0, 3.0])
        torch.testing.assert_close(slerp(a, b, torch.tensor(0.5)), b / 2)


class TestBetween:
    def test_uniform_latents_go_straight_and_stay_in_the_cube(self):
        generator = digits(distribution="uniform")
        a, b = generator.latents(2)
        torch.testing.assert_close(
            between(generator, a, b, torch.tensor(0.25)), 0.75 * a + 0.25 * b
        )

    def test_what_is_one_hot_is_cross_faded(self):
        generator = digits(classes=("x", "y"), categories=3)
        a, b = generator.latents(2, labels=["x", "y"])
        way = between(generator, a, b, torch.tensor(0.25))
        torch.testing.assert_close(way[:5], 0.75 * a[:5] + 0.25 * b[:5])
        torch.testing.assert_close(way[5:], slerp(a[5:], b[5:], torch.tensor(0.25)))
        torch.testing.assert_close(way[:2].sum(), a[:2].sum())


def test_a_strip_goes_from_each_even_sample_to_the_next():
    generator = digits()
    ends = generator.latents(6)
    path = strip(generator, ends, 5)
    torch.testing.assert_close(path[0::5], ends[0::2])
    torch.testing.assert_close(path[4::5], ends[1::2])
    torch.testing.assert_close(path[5:10], strip(generator, ends[2:4], 5))


def test_a_loop_passes_its_stops_and_its_first_frame_follows_the_last():
    generator = digits(dim=32)
    stops = generator.latents(4 * 3).view(4, 3, 32)
    path = loop(generator, stops, 20)
    assert path.shape == (80, 3, 32)
    torch.testing.assert_close(path[::20], stops)
    steps = (path - path.roll(1, 0)).norm(dim=-1)
    last = steps[0]  # from the last frame to the first
    for p in range(3):
        assert last[p] <= steps[1:, p].max() * 1.02
        assert steps[:, p].max() < 0.15 * (stops[0, p] - stops[1, p]).norm()
    # The way back is the way from the last stop to the first.
    torch.testing.assert_close(path[60:], loop(generator, stops[[3, 0]], 20)[:20])


class TestPictures:
    def test_tiles_are_the_samples(self):
        generator = digits()
        path = strip(generator, generator.latents(4), 3)
        sheet = interpolation.picture(generator, path, 3)
        assert sheet.shape == (2 * 10 + 2, 3 * 10 + 2, 3)
        assert np.array_equal(sheet[12:20, 22:30, 0], generator(path)[5, 0].numpy())

    @pytest.mark.parametrize("generator", [digits(), points()])
    def test_a_movie_has_a_picture_for_each_step(self, generator):
        path = loop(generator, generator.latents(3 * 4).unflatten(0, (3, 4)), 5)
        frames = list(interpolation.movie(generator, path, fps=25, side=100))
        assert len(frames) == 15
        assert {stay for _, _, stay in frames} == {40}
        (size,) = {frame.size for _, frame, _ in frames}
        assert size[0] % 2 == size[1] % 2 == 0
        if generator.shape == (1, 8, 8):
            expected = interpolation.picture(generator, path[7], 2)
            factor = size[0] // expected.shape[1]
            pixels = np.asarray(frames[7][1])[::factor, ::factor]
            assert np.array_equal(pixels[: len(expected), : expected.shape[1]], expected)

    @pytest.mark.parametrize("channels", [2, 4])
    def test_what_is_not_opaque_is_seen_on_white(self, channels):
        image = np.full((1, channels, 1, 3), 40, np.uint8)
        image[0, -1, 0] = (0, 255, 51)  # a fifth
        sheet = grids.tile(image)
        assert np.array_equal(sheet[2, 2:5, 0], [255, 40, 255 - 43])
