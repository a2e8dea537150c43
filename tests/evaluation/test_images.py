"""Images in: npz and folders, right ones and wrong ones."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import export
from ganbench.datasets import load as load_builtin
from ganbench.errors import InputError
from ganbench.evaluation.images import load


@pytest.fixture
def digits():
    return load_builtin("builtin:mnist:test[:12]")


@pytest.mark.parametrize("name", ["samples.npz", "folder"])
def test_what_is_saved_is_loaded(tmp_path, digits, name):
    export.save(digits, tmp_path / name)
    found = load(str(tmp_path / name))
    assert (found.n, found.shape) == (12, (1, 28, 28))
    assert torch.equal(torch.cat(list(found.batches(5))), digits.tensor())


def test_labels_and_points(tmp_path, digits):
    export.save(digits, tmp_path / "a.npz")
    assert torch.equal(load(str(tmp_path / "a.npz")).labels, digits.labels)
    ring = load_builtin("builtin:ring8:test[:9]")
    export.save(ring, tmp_path / "b.npz")
    assert torch.equal(load(str(tmp_path / "b.npz")).tensor(), ring.tensor())
    with pytest.raises(InputError, match="points"):
        export.save(ring, tmp_path / "b.png")


def test_the_npz_is_what_other_programs_expect(tmp_path, digits):
    export.save(digits, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        assert file["images"].dtype == np.uint8
        assert file["images"].shape == (12, 1, 28, 28)
        assert file["labels"].tolist() == digits.labels.tolist()


def test_a_grid_is_one_picture(tmp_path, digits):
    export.save(digits, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.width > 600


def test_the_fingerprint_follows_the_content(tmp_path, digits):
    export.save(digits, tmp_path / "a")
    first = load(str(tmp_path / "a")).fingerprint
    assert load(str(tmp_path / "a")).fingerprint == first
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "a" / "03.png")
    assert load(str(tmp_path / "a")).fingerprint != first


def test_what_is_wrong_is_named(tmp_path):
    def fails(spec, words):
        with pytest.raises(InputError, match=words) as caught:
            load(str(spec)).tensor()
        return str(caught.value)

    assert "run:ID" in fails(tmp_path / "nowhere", "does not exist")
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty", "no pictures")
    (tmp_path / "a.txt").write_text("x")
    fails(tmp_path / "a.txt", "neither a folder nor")
    (tmp_path / "a.npz").write_text("x")
    fails(tmp_path / "a.npz", r"a\.npz cannot be read")
    np.savez(tmp_path / "b.npz", pictures=np.zeros(3))
    fails(tmp_path / "b.npz", "pictures, expected an array 'images'")
    np.savez(tmp_path / "c.npz", images=np.zeros((2, 3, 4, 4)))
    fails(tmp_path / "c.npz", r"float64 of shape \(2, 3, 4, 4\), expected uint8")
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 1, 4, 4), np.uint8), labels=np.zeros(3))
    fails(tmp_path / "d.npz", r"labels has shape \(3,\)")
    np.savez(tmp_path / "e.npz", images=np.array([{"a": 1}], dtype=object))
    fails(tmp_path / "e.npz", r"e\.npz cannot be read")

    folder = tmp_path / "mixed"
    folder.mkdir()
    Image.new("L", (4, 4)).save(folder / "a.png")
    Image.new("RGB", (5, 4)).save(folder / "b.png")
    assert "5x4 colour" in fails(folder, r"b\.png")
    (folder / "b.png").write_text("no picture")
    fails(folder, r"b\.png cannot be read")
