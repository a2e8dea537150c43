"""ADA's transforms against NumPy, SciPy and the paper's matrices; how often each comes."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from ganbench.train import pipeline

GATED = {  # how often an amount is not 0 when its transform comes
    "flip": 1 / 2,
    "turn": 3 / 4,
    "luma": 1 / 2,
    "scale": 1,
    "stretch": 1,
    "slide_down": 1,
    "slide_right": 1,
    "brightness": 1,
    "contrast": 1,
    "hue": 1,
    "saturation": 1,
}


def draw(n, p, side=16, seed=0):
    return pipeline.draw(n, side, torch.tensor(p), torch.Generator().manual_seed(seed))


def pictures(n, channels=3, side=16):
    generator = torch.Generator().manual_seed(11)
    return torch.rand((n, channels, side, side), generator=generator, dtype=torch.float64) * 2 - 1


def only(n=1, **amounts):
    """Amounts of n images of which only these are not 0."""
    zero = {name: torch.zeros(n, dtype=torch.float64) for name in draw(1, 0.0)}
    given = {k: torch.as_tensor(v, dtype=torch.float64).expand(n) for k, v in amounts.items()}
    assert given.keys() <= zero.keys()
    return zero | given


@pytest.mark.parametrize("side", [7, 16])
@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("flip", [0, 1])
def test_flips_turns_and_moves_are_exactly_numpys(side, turn, flip):
    images = pictures(1, side=side)
    made = pipeline.apply(images, only(flip=flip, turn=turn, down=-1, right=2), 2.0, 0.0)[0]
    expected = images[0].numpy()[:, :, ::-1] if flip else images[0].numpy()
    expected = np.rot90(expected, turn, axes=(1, 2))
    wide = np.pad(expected, ((0, 0), (2, 2), (2, 2)), mode="symmetric")
    assert np.array_equal(made, wide[:, 3 : 3 + side, 0:side])


def inverse(**a):
    """The inverse of the paper's product of 2×2 matrices, for (row, column) around the centre."""

    def rotation(angle):
        return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])

    stretch = np.diag([2.0 ** -a["stretch"], 2.0 ** a["stretch"]])  # rows, columns
    forward = rotation(a["rotate_again"]) @ stretch @ rotation(a["rotate"]) * 2.0 ** a["scale"]
    return np.linalg.inv(forward)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("channels", [1, 3])
def test_the_geometry_is_scipys_affine_transform(seed, channels):
    amounts = draw(1, 1.0, seed=seed)
    values = {name: amounts[name].item() for name in pipeline.WARPS}
    images = pictures(1, channels)
    made = pipeline.apply(images, only(**values), 2.0, 0.0)[0]
    matrix, centre = inverse(**values), np.array([7.5, 7.5])
    slide = 16 * np.array([values["slide_down"], values["slide_right"]])
    for found, image in zip(made.numpy(), images[0].numpy(), strict=True):
        expected = ndimage.affine_transform(
            image, matrix, centre - matrix @ (centre + slide), order=1, mode="reflect"
        )
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_what_each_part_of_the_geometry_does():
    """A bright spot right of the centre grows, shrinks, turns and moves where it should."""
    side = 33
    at = torch.arange(side, dtype=torch.float64) - 16
    image = torch.exp(-((at[:, None]) ** 2 + (at[None] - 8) ** 2) / 4).view(1, 1, side, side)

    def spot(**amounts):
        made = pipeline.apply(image, only(**amounts), 2.0, 0.0)[0, 0]
        made = made * (made > 0.3)
        return [((made * at[:, None]).sum() / made.sum()), ((made * at).sum() / made.sum())]

    assert spot() == pytest.approx([0, 8], abs=0.05)
    assert spot(scale=-0.5) == pytest.approx([0, 8 * 0.5**0.5], abs=0.1)
    assert spot(stretch=0.5) == pytest.approx([0, 8 * 2**0.5], abs=0.1)
    assert spot(rotate=math.pi / 2) == pytest.approx([8, 0], abs=0.1)
    assert spot(rotate=math.pi / 2, rotate_again=-math.pi / 2) == pytest.approx([0, 8], abs=0.1)
    assert spot(slide_down=0.125) == pytest.approx([33 / 8, 8], abs=0.1)
    assert spot(slide_right=-0.125) == pytest.approx([0, 8 - 33 / 8], abs=0.1)


def paper(a):
    """The 4×4 matrices of the paper's appendix B, multiplied."""
    v = np.array([1, 1, 1]) / math.sqrt(3)
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    axis = np.outer(v, v)
    hue = (
        math.cos(a["hue"]) * np.eye(3)
        + math.sin(a["hue"]) * cross
        + (1 - math.cos(a["hue"])) * axis
    )
    linear = [
        np.eye(3) * 2 ** a["contrast"],
        np.eye(3) - 2 * a["luma"] * axis,
        hue,
        axis + (np.eye(3) - axis) * 2 ** a["saturation"],
    ]
    product = np.eye(4)
    product[:3, 3] = a["brightness"]
    for matrix in linear:
        step = np.eye(4)
        step[:3, :3] = matrix
        product = step @ product
    return product


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_colours_are_the_papers_matrix(channels):
    images, amounts = pictures(60, channels, 3), draw(60, 0.7)
    made = pipeline.apply(images, only(60, **{k: amounts[k] for k in pipeline.TINTS}), 2.0, 0.0)
    for i, (image, found) in enumerate(zip(images.numpy(), made.numpy(), strict=True)):
        matrix = paper({name: amounts[name][i].item() for name in pipeline.TINTS})
        colours = image[:3] if channels > 2 else image[:1].repeat(3, axis=0)
        expected = np.einsum("ij,jyx->iyx", matrix[:3, :3], colours) + matrix[:3, 3, None, None]
        count = {1: 1, 2: 1, 3: 3, 4: 3}[channels]
        np.testing.assert_allclose(found[:count], expected[:count], atol=1e-12)
        assert np.array_equal(found[count:], image[count:])


def test_a_turn_of_the_hue_by_a_third_permutes_the_channels():
    images = pictures(1)
    made = pipeline.apply(images, only(hue=2 * math.pi / 3), 2.0, 0.0)
    torch.testing.assert_close(made, images.roll(1, 1))


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("name", GATED)
def test_each_transform_comes_with_probability_p(name, p):
    n = 4_000
    came = int((draw(n, p)[name] != 0).sum())
    chance = p * GATED[name]
    low, high = stats.binom.interval(1 - 1e-6, n, chance) if 0 < chance < 1 else (chance * n,) * 2
    assert low <= came <= high


def test_one_of_the_rotations_comes_with_probability_p():
    amounts = draw(4_000, 0.5)
    first, last = amounts["rotate"] != 0, amounts["rotate_again"] != 0
    bounds = stats.binom.interval(1 - 1e-6, 4_000, 0.5)
    assert bounds[0] <= int((first | last).sum()) <= bounds[1]
    assert not torch.equal(first, last)


def test_both_directions_of_a_move_come_together():
    """In pixels, 2 u is rounded to 0 with chance 1/4: 9/16 of the moves are in both directions."""
    amounts = draw(4_000, 0.5)
    for down, right, share in (("down", "right", 9 / 16), ("slide_down", "slide_right", 1)):
        both = int(((amounts[down] != 0) & (amounts[right] != 0)).sum())
        low, high = stats.binom.interval(1 - 1e-6, 4_000, 0.5 * share)
        assert low <= both <= high


def test_transforms_come_independently_of_each_other():
    amounts = draw(4_000, 0.5)
    came = torch.stack([amounts[name] != 0 for name in GATED if name != "slide_right"]).double()
    correlation = torch.corrcoef(came) - torch.eye(len(came))
    assert correlation.abs().max() < 5 / math.sqrt(4_000)


def test_the_strengths_are_the_papers():
    amounts = draw(20_000, 1.0)
    spread = {"scale": 0.2, "stretch": 0.2, "slide_down": 0.125, "brightness": 0.2}
    for name, deviation in (spread | {"contrast": 0.5, "saturation": 1.0}).items():
        statistic = stats.kstest(amounts[name].numpy() / deviation, "norm").pvalue
        assert statistic > 1e-4, name
    for name in ("rotate", "rotate_again", "hue"):
        share = amounts[name].numpy() / (2 * math.pi) + 0.5
        assert stats.kstest(share, "uniform").pvalue > 1e-4, name
    assert sorted(set(amounts["turn"].tolist())) == [0, 1, 2, 3]
    assert sorted(set(amounts["down"].tolist())) == [-2, -1, 0, 1, 2]


def mixing(name, count, p, n=40_000):
    """How often each of `count` orientations becomes each, column by column: empirical."""
    amounts = draw(n, p)[name].long()
    share = torch.bincount(amounts, minlength=count).double() / n
    return torch.stack([share.roll(k) for k in range(count)], 1)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(("name", "count"), [("flip", 2), ("turn", 4)])
def test_orientations_can_be_told_back_below_probability_one(name, count, p):
    """The mixing matrix is (1 − p) I + p/k J: its eigenvalues are 1 and 1 − p, none is 0.

    So the distribution of orientations follows from the augmented one, and a generator that matches
    the augmented data has to match the data: the augmentation does not leak.
    """
    found = mixing(name, count, p)
    exact = (1 - p) * torch.eye(count, dtype=torch.float64) + p / count
    torch.testing.assert_close(found, exact, rtol=0, atol=0.01)
    assert torch.linalg.det(exact).item() == pytest.approx((1 - p) ** (count - 1))
    data = torch.tensor([0.7, 0.2, 0.1, 0.0][:count], dtype=torch.float64)
    data = data / data.sum()
    told = torch.linalg.solve(exact, found @ data)
    torch.testing.assert_close(told, data, rtol=0, atol=0.06)


def test_orientations_are_lost_at_probability_one():
    found = mixing("turn", 4, 1.0)
    assert torch.linalg.svdvals(found)[1] < 0.02


def test_the_order_of_the_images_makes_no_difference():
    images, amounts = pictures(12), draw(12, 0.7)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    made = pipeline.apply(images, amounts, 2.0, 0.0)
    shuffled = {name: values[order] for name, values in amounts.items()}
    assert torch.equal(pipeline.apply(images[order], shuffled, 2.0, 0.0), made[order])
