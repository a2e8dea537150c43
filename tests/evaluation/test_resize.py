"""The resize protocols against the definition of each, written in another way."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.errors import InputError
from ganbench.evaluation.resize import RESIZERS, resize

SIZES = [(32, 32), (1, 1), (1, 9), (7, 1), (37, 37), (41, 20), (90, 75), (150, 40)]


def noise(n, c, h, w):
    return torch.randint(0, 256, (n, c, h, w), dtype=torch.uint8)


def tf1_pixel(image, y, x, size):
    """A pixel as TensorFlow's kernel computes it, in float32 step by step."""
    f = np.float32
    height, width = image.shape

    def place(i, length):
        at = f(i) * (f(length) / f(size))
        low = int(at)
        return low, min(low + 1, length - 1), at - f(low)

    top, bottom, dy = place(y, height)
    left, right, dx = place(x, width)
    a, b, c, d = (f(image[i, j]) for i in (top, bottom) for j in (left, right))
    upper = a + (b - a) * dx
    lower = c + (d - c) * dx
    return upper + (lower - upper) * dy


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_tf1_is_tensorflows_kernel_bit_for_bit(h, w):
    image, size = noise(1, 1, h, w), 37
    found = resize(image, "tf1", size)[0, 0].numpy()
    plane = image[0, 0].numpy()
    expected = [[tf1_pixel(plane, y, x, size) for x in range(size)] for y in range(size)]
    assert np.array_equal(found, np.array(expected))


def pillow(image, size, method):
    """One image, one channel at a time, in Pillow's float mode."""
    planes = [
        np.asarray(Image.fromarray(plane.astype(np.float32)).resize((size, size), method))
        for plane in image.numpy()
    ]
    return torch.from_numpy(np.stack(planes))


@pytest.mark.parametrize(("h", "w"), SIZES)
@pytest.mark.parametrize(
    ("protocol", "method", "tolerance"),  # PyTorch places pixels in float32, Pillow in float64
    [
        ("clean", Image.Resampling.BICUBIC, 5e-5),
        ("torch-antialias", Image.Resampling.BILINEAR, 5e-3),
    ],
)
def test_the_antialiased_ones_are_pillows_in_floats(h, w, protocol, method, tolerance):
    images = noise(2, 3, h, w)
    found = resize(images, protocol, 37)
    expected = torch.stack([pillow(image, 37, method).clamp(0, 255) for image in images])
    assert (found - expected).abs().max() < tolerance


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_half_pixel_is_bilinear_between_pixel_centres(h, w):
    """x = (i + ½)·W/S − ½, clipped at the border."""
    images, size = noise(2, 3, h, w), 37

    def matrix(length):
        place = ((np.arange(size) + 0.5) * length / size - 0.5).clip(0, length - 1)
        low = np.floor(place).astype(int)
        rows, part = np.zeros((size, length)), place - low
        np.add.at(rows, (np.arange(size), low), 1 - part)
        np.add.at(rows, (np.arange(size), np.minimum(low + 1, length - 1)), part)
        return torch.from_numpy(rows)

    expected = torch.einsum("yh,nchw,xw->ncyx", matrix(h), images.double(), matrix(w))
    assert (resize(images, "torch-half-pixel", size) - expected).abs().max() < 5e-3


@pytest.mark.parametrize("protocol", RESIZERS)
def test_laws(protocol):
    images = noise(5, 3, 40, 28)
    found = resize(images, protocol)
    assert found.shape == (5, 3, 299, 299)
    assert found.dtype == torch.float32
    assert found.min() >= 0
    assert found.max() <= 255
    # one image at a time gives the same, and one channel is three
    one = torch.cat([resize(image[None], protocol) for image in images])
    assert torch.equal(found, one)
    grey = resize(images[:, :1], protocol)
    assert torch.equal(grey[:, :1].expand(-1, 3, -1, -1), grey)
    assert torch.allclose(grey[:, :1], found[:, :1], atol=1e-4)
    # what has the size already stays, and what is constant stays constant
    assert torch.equal(resize(images[..., :28, :], protocol, 28), images[..., :28, :].float())
    for h, w in SIZES:
        flat = torch.full((1, 3, h, w), 77, dtype=torch.uint8)
        assert (resize(flat, protocol, 50) - 77).abs().max() < 1e-4


def test_the_protocols_differ():
    images = noise(4, 3, 32, 32)
    found = {name: resize(images, name) for name in RESIZERS}
    assert (found["tf1"] - found["torch-half-pixel"]).abs().mean() > 1
    assert (found["clean"] - found["torch-antialias"]).abs().mean() > 1
    # enlarged, antialias has nothing to do
    assert torch.allclose(found["torch-half-pixel"], found["torch-antialias"], atol=1e-3)
    large = noise(2, 3, 700, 700)
    assert (resize(large, "torch-half-pixel") - resize(large, "torch-antialias")).std() > 10


@pytest.mark.parametrize(
    ("images", "protocol", "words"),
    [
        (noise(1, 3, 4, 4), "tf", "did you mean 'tf1'"),
        (noise(1, 4, 4, 4), "tf1", "1×4×4×4"),
        (noise(1, 3, 4, 4).float(), "tf1", "got float32"),
        (noise(1, 3, 4, 4)[0], "tf1", "3×4×4"),
        (noise(1, 3, 4, 4)[..., :0], "clean", "0x4 have no pixels"),
    ],
)
def test_what_is_wrong_is_named(images, protocol, words):
    with pytest.raises(InputError, match=words):
        resize(images, protocol)
