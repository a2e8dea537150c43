"""The latent of an image: that of a sample is found again; pictures are prepared as data are."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.errors import InputError
from ganbench.projection import project, read_target
from tests.generators import digits, points

GENERATORS = {
    "normal": digits(dim=4),
    "uniform": digits(dim=4, distribution="uniform"),
    "categories": digits(dim=6, categories=3),
    "conditional": digits(dim=4, classes=("a", "b", "c")),
    "colour": digits(dim=4, shape=(3, 16, 16)),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_sample_is_found_again(name):
    generator = GENERATORS[name]
    told = []
    # A latent that is not among the random ones of seed 0.
    latent = generator.latents(3, seed=99)[2:]
    target = generator(latent)[0]
    found = project(generator, target, steps=150, progress=lambda *done: told.append(done))
    assert found.distance < 4
    assert found.distance < 0.5 * found.random.min()
    assert found.distance < 0.1 * found.random.median()
    assert torch.equal(found.image, generator(found.latent)[0])
    assert told[:8] == [("samples", 64 * i, 512) for i in range(1, 9)]
    assert told[8:] == [("steps", i, 150) for i in range(1, 151)]
    fixed = len(generator.classes) + generator.config.latent.categories
    assert torch.equal(found.latent[:, :fixed], latent[:, :fixed])
    if name == "conditional":
        assert found.label == generator.classes[generator.labels_of(latent)]
    if name == "uniform":
        assert found.latent.abs().max() <= 1


def test_distances_are_root_mean_squares_in_levels():
    generator = digits(dim=4)
    target = torch.full(generator.shape, 255, dtype=torch.uint8)
    found = project(generator, target, steps=3, starts=2)
    samples = generator.sample(512).double()
    expected = (samples - 255).square().mean((1, 2, 3)).sqrt()
    torch.testing.assert_close(found.random.double(), expected)
    assert torch.equal(found.nearest, samples[expected.argmin()].to(torch.uint8))
    final = (found.image.double() - 255).square().mean().sqrt()
    assert found.distance == pytest.approx(float(final))


def test_the_same_seed_finds_the_same_and_a_class_can_be_asked_for():
    generator = GENERATORS["conditional"]
    target = generator.sample(1, seed=7)[0]
    first, again = (project(generator, target, steps=20, seed=3) for _ in range(2))
    assert torch.equal(first.latent, again.latent)
    assert project(generator, target, steps=5, labels="c").label == "c"


def test_of_pixels_that_say_nothing_the_most_probable_latent_is_taken():
    """Where the generator is constant, only the prior is left: z goes to 0."""
    generator = digits(dim=4)
    target = generator.sample(1)[0]
    generator.net[0].weight.zero_()
    found = project(generator, target, steps=300)
    assert found.latent.norm() < 0.2


class TestTarget:
    def save(self, path, pixels):
        Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
        return path

    def test_a_picture_of_the_size_is_taken_as_it_is(self, tmp_path):
        pixels = np.random.default_rng(0).integers(0, 256, (8, 8))
        target = read_target(self.save(tmp_path / "a.png", pixels), digits())
        assert np.array_equal(target[0].numpy(), pixels)

    def test_another_is_cropped_and_resized(self, tmp_path):
        pixels = np.zeros((16, 48, 3))
        pixels[:, 16:32] = (200, 100, 50)  # the central square
        path = self.save(tmp_path / "a.png", pixels)
        target = read_target(path, digits(shape=(3, 8, 8)))
        assert torch.equal(target, torch.tensor([200, 100, 50])[:, None, None].expand(3, 8, 8))
        grey = read_target(path, digits())
        assert grey.unique().tolist() == [round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]

    def test_transparent_pixels_are_put_on_white(self, tmp_path):
        path = self.save(tmp_path / "a.png", np.zeros((8, 8, 4)))
        assert read_target(path, digits(shape=(3, 8, 8))).min() == 255
        assert read_target(path, digits(shape=(4, 8, 8))).max() == 0

    def test_what_cannot_be_used_is_named(self, tmp_path):
        with pytest.raises(InputError, match=r"none\.png cannot be read: No such file"):
            read_target(tmp_path / "none.png", digits())
        (tmp_path / "words.png").write_text("words")
        with pytest.raises(InputError, match=r"words\.png cannot be used: it is not a picture"):
            read_target(tmp_path / "words.png", digits())
        with pytest.raises(InputError, match="makes points"):
            read_target(tmp_path / "words.png", points())
        path = self.save(tmp_path / "a.png", np.zeros((20, 30)))
        with pytest.raises(InputError, match="is 30x20, a generator makes 16x8: only squares"):
            read_target(path, digits(shape=(1, 8, 16)))
        with pytest.raises(InputError, match="makes images of 1x8x8, the target is uint8 of 1x8x4"):
            project(digits(), torch.zeros(1, 8, 4, dtype=torch.uint8))
