"""The feature cache: what is known is not computed again, whatever set it comes in."""

import hashlib

import pytest
import torch

from ganbench.evaluation.cache import FeatureCache, prune
from ganbench.evaluation.extract import extract
from ganbench.types import Extractor, Images, Outputs


def images(tensor, name="set"):
    keys = [hashlib.sha256(image.numpy().tobytes()).digest()[:16] for image in tensor]
    return Images(
        name,
        len(tensor),
        tuple(tensor.shape[1:]),
        lambda size: iter(tensor.split(size)),
        name,
        read=lambda rows, size: iter(tensor[rows].split(size)),
        keys=torch.tensor([list(key) for key in keys], dtype=torch.uint8),
    )


class Counting:
    """An extractor that counts what it is asked for."""

    def __init__(self, digest="a" * 64, batch=7):
        self.asked = 0
        self.extractor = Extractor("sums", digest, self.extract, batch)

    def extract(self, batch):
        self.asked += len(batch)
        flat = batch.flatten(1).float()
        return Outputs(flat[:, :3], flat[:, :2].softmax(1), flat[:, 3:])


@pytest.fixture
def pixels():
    draws = torch.Generator().manual_seed(0)
    return torch.randint(256, (50, 1, 4, 4), generator=draws, dtype=torch.uint8)


def test_the_second_time_nothing_is_computed(tmp_path, pixels):
    eye = Counting()
    (first,), _ = extract(images(pixels), [eye.extractor], cache=tmp_path)
    assert eye.asked == 50
    (second,), timing = extract(images(pixels), [eye.extractor], cache=tmp_path)
    assert eye.asked == 50
    assert timing.images == 0
    assert torch.equal(first.features, second.features)
    assert torch.equal(first.probs, second.probs)
    assert second.spatial is None


def test_only_new_images_are_computed_in_any_order(tmp_path, pixels):
    eye = Counting()
    extract(images(pixels[:30]), [eye.extractor], cache=tmp_path)
    shuffled = pixels[torch.randperm(50, generator=torch.Generator().manual_seed(1))]
    (found,), _ = extract(images(shuffled), [eye.extractor], cache=tmp_path)
    assert eye.asked == 50
    assert torch.equal(found.features, shuffled.flatten(1).float()[:, :3])
    assert torch.equal(found.probs, shuffled.flatten(1).float()[:, :2].softmax(1))


def test_another_extractor_has_its_own(tmp_path, pixels):
    one, other = Counting("a" * 64), Counting("b" * 64)
    extract(images(pixels), [one.extractor], cache=tmp_path)
    extract(images(pixels), [other.extractor], cache=tmp_path)
    assert other.asked == 50


def test_spatial_features_are_computed_when_they_are_wanted(tmp_path, pixels):
    eye = Counting()
    extract(images(pixels), [eye.extractor], cache=tmp_path)
    (found,), _ = extract(images(pixels), [eye.extractor], spatial=True, cache=tmp_path)
    assert eye.asked == 100
    assert torch.equal(found.spatial, pixels.flatten(1).float()[:, 3:])
    (again,), _ = extract(images(pixels), [eye.extractor], spatial=True, cache=tmp_path)
    assert eye.asked == 100
    assert torch.equal(again.spatial, found.spatial)


def test_an_extractor_without_spatial_features_is_not_asked_again(tmp_path, pixels):
    eye = Counting()
    plain = Extractor("plain", "b" * 64, lambda x: Outputs(eye.extract(x).features), 7)
    for _ in range(2):
        (outputs,), _ = extract(images(pixels), [plain], spatial=True, cache=tmp_path)
        assert eye.asked == 50
        assert outputs.spatial is None


def test_an_interrupted_extraction_keeps_what_it_had(tmp_path, pixels, monkeypatch):
    monkeypatch.setattr("ganbench.evaluation.extract.ROWS", 10)
    monkeypatch.setattr("ganbench.evaluation.extract.READ", 5)
    eye = Counting(batch=5)

    def stops(batch):
        if eye.asked >= 30:
            raise KeyboardInterrupt
        return eye.extract(batch)

    broken = Extractor("sums", eye.extractor.digest, stops, 5)
    with pytest.raises(KeyboardInterrupt):
        extract(images(pixels), [broken], cache=tmp_path)
    (found,), timing = extract(images(pixels), [eye.extractor], cache=tmp_path)
    assert timing.images == 20
    assert torch.equal(found.features, pixels.flatten(1).float()[:, :3])


def test_a_damaged_segment_is_as_if_it_were_not_there(tmp_path, pixels):
    eye = Counting()
    extract(images(pixels), [eye.extractor], cache=tmp_path)
    for path in tmp_path.rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:40])
    (found,), _ = extract(images(pixels), [eye.extractor], cache=tmp_path)
    assert eye.asked == 100
    assert len(found.features) == 50


def test_a_folder_that_cannot_be_written_does_not_stop_anything(tmp_path, pixels):
    (tmp_path / "features").write_text("a file in the way")
    eye = Counting()
    (found,), _ = extract(images(pixels), [eye.extractor], cache=tmp_path)
    assert len(found.features) == 50


def test_the_oldest_segments_go_first(tmp_path, pixels):
    eye = Counting()
    cache = FeatureCache(tmp_path, eye.extractor)
    keys = images(pixels).keys
    for i in range(3):
        cache.add(keys[i : i + 1], eye.extract(pixels[i : i + 1]))
    paths = sorted(tmp_path.rglob("*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
    size = paths[0].stat().st_size
    assert prune(tmp_path, 2 * size) == 1
    assert not paths[0].exists()
    assert prune(tmp_path, 2 * size) == 0
