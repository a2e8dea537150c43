"""One pass over the images: batches are full, whatever sizes come; several extractors at once."""

import pytest
import torch

from ganbench.evaluation.extract import extract
from ganbench.types import Extractor, Images, Outputs


def mixed(shapes, read=None):
    """Images of many sizes; the value of each is its number."""
    tensors = [torch.full((1, 3, *shape), i, dtype=torch.uint8) for i, shape in enumerate(shapes)]
    return Images("mixed", len(shapes), (3, -1, -1), lambda size: iter(tensors), "mixed", read=read)


def means(sizes, batch):
    def take(prepared):
        sizes.append(len(prepared))
        return Outputs(prepared.float().mean((1, 2, 3))[:, None])

    def shrink(images):
        return images[:, :, :2, :2]

    return Extractor("means", "m", take, batch, shrink)


def test_images_of_many_sizes_fill_the_batches():
    sizes = []
    images = mixed([(4, 5), (3, 3), (9, 2), (2, 2), (4, 4), (5, 4), (2, 8)])
    (found,), timing = extract(images, [means(sizes, 3)])
    assert found.features.flatten().tolist() == list(range(7))
    assert sizes == [3, 3, 1]
    assert timing.images == 7


def test_the_images_are_read_once_for_several_extractors():
    reads = []
    images = mixed([(4, 5)] * 6)

    def batches(size):
        reads.append(size)
        return images.batches(size)

    once = Images("once", 6, (3, 4, 5), batches, "once")
    found, _ = extract(once, [means([], 4), means([], 5)])
    assert len(reads) == 1
    assert torch.equal(found[0].features, found[1].features)


@pytest.mark.parametrize("announced", [5, 7])
def test_another_number_than_announced_is_an_error(announced):
    tensor = torch.zeros((6, 3, 4, 4), dtype=torch.uint8)
    images = Images("short", announced, (3, 4, 4), lambda size: iter(tensor.split(size)), "f")
    with pytest.raises(ValueError, match=f"{announced} samples announced"):
        extract(images, [means([], 4)])


def test_progress_counts_to_the_end():
    told = []
    tensor = torch.zeros((150, 3, 4, 4), dtype=torch.uint8)
    images = Images("set", 150, (3, 4, 4), lambda size: iter(tensor.split(size)), "f")
    extract(images, [means([], 20)], progress=lambda done, total: told.append((done, total)))
    assert told == [(64, 150), (128, 150), (150, 150)]


def test_waiting_for_images_is_measured():
    import time

    tensor = torch.zeros((3, 3, 4, 4), dtype=torch.uint8)

    def slow(size):
        for image in tensor.split(1):
            time.sleep(0.05)
            yield image

    _, timing = extract(Images("slow", 3, (3, 4, 4), slow, "f"), [means([], 2)])
    assert 0.14 < timing.waited <= timing.seconds
