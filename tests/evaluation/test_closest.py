"""What the report shows as near: copies beside their originals, and duplicates above each other."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.evaluation import closest, pictures
from ganbench.evaluation.evaluation import Evaluation
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.html_report import html
from ganbench.evaluation.sample import Sample
from ganbench.types import Images

STEP = pictures.SIDE + pictures.GAP


def sample(pixels, name="made"):
    images = Images(
        name, len(pixels), tuple(pixels.shape[1:]), lambda size: iter(pixels.split(size)), name
    )
    return Sample(images, load_extractor("random-conv"))


def noise(n, seed, channels=1):
    draws = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, channels, 16, 16), generator=draws, dtype=torch.uint8)


def tiles(uri):
    """The tiles of a grid: rows × columns × 64 × 64."""
    sheet = Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))
    grey = np.asarray(sheet.convert("L"))
    return [
        [grey[y : y + 64, x : x + 64] for x in range(0, grey.shape[1], STEP)]
        for y in range(0, grey.shape[0], STEP)
    ]


def same(a, b):
    return np.array_equal(a, b)


@pytest.fixture(scope="module")
def sides():
    real, fake, control = noise(300, 0), noise(90, 1), noise(80, 2)
    fake[7] = real[123]
    fake[33] = fake[60] = fake[12]
    return sample(real, "real"), sample(fake, "fake"), sample(control, "control")


@pytest.mark.parametrize("find", [closest.by_features, closest.by_pixels])
def test_a_copy_comes_first_and_its_original_beside_it(sides, find):
    real, fake, _ = sides
    queries, found = find(real, fake)
    assert queries[0] == 7
    assert found[0, 0] == 123
    assert found.shape == (8, 5)


def test_pixel_neighbours_are_the_nearest_by_numpy(sides):
    real, fake, _ = sides
    x, y = (side.pixels.flatten(1).numpy() / 255.0 for side in (real, fake))
    gaps = np.linalg.norm(y[:, None] - x, axis=2)
    queries, found = closest.by_pixels(real, fake)
    assert queries.tolist() == np.sort(gaps, 1)[:, 0].argsort()[:8].tolist()
    for query, rows in zip(queries.tolist(), found.tolist(), strict=True):
        assert rows == gaps[query].argsort()[:5].tolist()


def test_many_reals_are_read_in_batches():
    real, fake = noise(1200, 3), noise(300, 4)
    fake[0] = real[1150]
    queries, found = closest.by_pixels(sample(real), sample(fake))
    assert (queries[0].item(), found[0, 0].item()) == (0, 1150)


def test_four_grids_of_neighbours(sides):
    made = closest.neighbours(*sides)
    assert [caption for caption, _ in made] == [
        "fakes, by features",
        "held-out real images, for comparison, by features",
        "fakes, by pixels",
        "held-out real images, for comparison, by pixels",
    ]
    for caption, uri in made:
        grid = tiles(uri)
        assert (len(grid), len(grid[0])) == (8, 6)
        assert same(grid[0][0], grid[0][1]) == caption.startswith("fakes")  # the copy
    (tile,) = pictures.tiles(sides[0].images, [123])
    assert same(tiles(made[0][1])[0][1], np.asarray(tile.convert("L")))


def test_images_of_another_size_have_no_pixel_neighbours(sides):
    real, fake, _ = sides
    colour = sample(noise(50, 5, channels=3))
    assert [caption for caption, _ in closest.neighbours(real, colour)] == ["fakes, by features"]
    assert len(closest.neighbours(real, fake)) == 2


def test_duplicates_stand_above_each_other(sides):
    real, _, control = sides
    few = noise(40, 6)
    fake = sample(few[torch.randint(40, (400,), generator=torch.Generator().manual_seed(0))])
    text, made = closest.pairs(real, fake, control)
    assert "the generator makes about " in text
    (name, fakes), (other, reals) = made
    assert (name, other) == (
        "fakes, the closest pairs first",
        "held-out real images, for comparison",
    )
    grid = tiles(fakes)
    assert (len(grid), len(grid[0])) == (4, 10)
    assert all(same(above, below) for above, below in zip(grid[0], grid[1], strict=True))
    assert not same(tiles(reals)[0][0], tiles(reals)[1][0])


def test_without_duplicates_it_says_more_than(sides):
    far = (noise(200, 8) > 127).to(torch.uint8) * 255  # of more contrast than the reals
    text, made = closest.pairs(sides[0], sample(far, "far"))
    assert " 0% of 10 batches" in text
    assert "the generator makes more than " in text
    assert len(made) == 1


def test_the_report_holds_them(sides):
    real, fake, control = sides
    made = Evaluation(samples=[(Evaluator(real, control), fake)])
    text = html(made)
    for _, uri in (*closest.neighbours(real, fake, control), *closest.pairs(*sides)[1]):
        assert uri in text
    assert "Closest pairs of fakes (birthday paradox)" in text
