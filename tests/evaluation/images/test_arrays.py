"""Images in: npz, folders, callables and data sets, right ones and wrong ones."""

import io
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ganbench import saving
from ganbench.datasets import load as load_builtin
from ganbench.errors import InputError
from ganbench.evaluation.images import Reading, load
from tests.parity import shim


@pytest.fixture
def digits():
    return load_builtin("builtin:mnist:test[:12]")


@pytest.mark.parametrize("name", ["samples.npz", "folder"])
def test_what_is_saved_is_loaded(tmp_path, digits, name):
    saving.save(digits, tmp_path / name)
    found = load(str(tmp_path / name))
    assert (found.n, found.shape) == (12, (1, 28, 28))
    assert torch.equal(torch.cat(list(found.batches(5))), digits.tensor())


def test_labels_and_points(tmp_path, digits):
    saving.save(digits, tmp_path / "a.npz")
    assert torch.equal(load(str(tmp_path / "a.npz")).labels, digits.labels)
    ring = load_builtin("builtin:ring8:test[:9]")
    saving.save(ring, tmp_path / "b.npz")
    assert torch.equal(load(str(tmp_path / "b.npz")).tensor(), ring.tensor())
    with pytest.raises(InputError, match="points"):
        saving.save(ring, tmp_path / "b.png")


def test_the_npz_is_what_other_programs_expect(tmp_path, digits):
    saving.save(digits, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        assert file["images"].dtype == np.uint8
        assert file["images"].shape == (12, 1, 28, 28)
        assert file["labels"].tolist() == digits.labels.tolist()


def test_a_grid_is_one_picture(tmp_path, digits):
    saving.save(digits, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.width > 600


def test_the_fingerprint_follows_the_content(tmp_path, digits):
    saving.save(digits, tmp_path / "a")
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
    (tmp_path / "v6be3g").mkdir()
    (tmp_path / "v6be3g" / "run.json").write_text("{}")
    assert "run:v6be3g" in fails(tmp_path / "v6be3g", "is the folder of a run")
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty", "no pictures")
    (tmp_path / "a.txt").write_text("x")
    fails(tmp_path / "a.txt", "neither a folder nor")
    (tmp_path / "a.npz").write_text("x")
    fails(tmp_path / "a.npz", r"a\.npz cannot be read")
    np.savez(tmp_path / "b.npz", pictures=np.zeros(3), more=np.zeros(3))
    fails(tmp_path / "b.npz", "pictures, more, expected an array 'images'")
    np.savez(tmp_path / "c.npz", images=np.full((2, 3, 4, 4), 7.0))
    fails(tmp_path / "c.npz", "floats from 7 to 7, expected uint8")
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 1, 4, 4), np.uint8), labels=np.zeros(3))
    fails(tmp_path / "d.npz", r"labels has shape \(3,\)")
    np.savez(tmp_path / "e.npz", images=np.array([{"a": 1}], dtype=object))
    fails(tmp_path / "e.npz", r"e\.npz cannot be read")


def test_a_typo_names_what_is_there(tmp_path):
    (tmp_path / "samples").mkdir()
    with pytest.raises(InputError, match=r"does not exist; did you mean '.*samples'"):
        load(str(tmp_path / "sampels"))


@pytest.mark.parametrize("layout", ["nchw", "nhwc", "nhw"])
def test_layouts(tmp_path, layout):
    channels = 1 if layout == "nhw" else 3
    images = np.arange(2 * channels * 20, dtype=np.uint8).reshape(2, channels, 4, 5)
    stored = {"nchw": images, "nhwc": images.transpose(0, 2, 3, 1), "nhw": images[:, 0]}[layout]
    np.save(tmp_path / "a.npy", stored)
    found = load(str(tmp_path / "a.npy"))
    assert np.array_equal(found.tensor().numpy(), images)


@pytest.mark.parametrize(
    ("stored", "shape"),
    [
        ((5, 2, 9, 8), (2, 9, 8)),
        ((5, 4, 9, 8), (4, 9, 8)),
        ((5, 9, 8, 4), (4, 9, 8)),
        ((5, 4, 9, 3), (3, 4, 9)),  # as ever: 3 is likelier than 4
        ((5, 3, 9, 4), (3, 9, 4)),
        ((5, 4, 9, 2), (4, 9, 2)),
    ],
)
def test_two_and_four_channels(tmp_path, stored, shape):
    np.save(tmp_path / "a.npy", np.zeros(stored, np.uint8))
    assert load(str(tmp_path / "a.npy")).shape == shape


def test_floats_are_rounded_and_it_is_said(tmp_path):
    """Truncation, as other tools do it, would make 0.9999 one level darker."""
    values = np.array([0.0, 0.5, 0.999, 1.0], dtype=np.float32).reshape(1, 1, 2, 2)
    np.savez(tmp_path / "a.npz", images=values)
    found = load(str(tmp_path / "a.npz"))
    assert found.tensor().flatten().tolist() == [0, 128, 255, 255]
    assert "rounded" in found.notes[0]
    np.savez(tmp_path / "b.npz", images=values * 2 - 1)
    assert load(str(tmp_path / "b.npz")).tensor().flatten().tolist() == [0, 128, 255, 255]


def test_safetensors(tmp_path, digits):
    save_file({"images": digits.tensor(), "labels": digits.labels}, tmp_path / "a.safetensors")
    found = load(str(tmp_path / "a.safetensors"))
    assert torch.equal(found.tensor(), digits.tensor())
    assert torch.equal(found.labels, digits.labels)


def test_the_same_pixels_have_the_same_keys_in_any_file(tmp_path, digits):
    np.save(tmp_path / "a.npy", digits.tensor().numpy())
    np.savez(tmp_path / "b.npz", images=digits.tensor().numpy()[::-1])
    a, b = load(str(tmp_path / "a.npy")), load(str(tmp_path / "b.npz"))
    assert torch.equal(a.keys, b.keys.flip(0))
    assert a.fingerprint == b.fingerprint  # the order of a set is no part of its content


class TestCallables:
    def load(self, tmp_path, monkeypatch, body):
        (tmp_path / "mine.py").write_text(f"import numpy as np, torch\n{body}")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(sys.modules, "mine", raising=False)
        return load("py:mine:make")

    @pytest.mark.parametrize(
        "body",
        [
            "def make(): return np.full((6, 3, 4, 5), 7, np.uint8)",
            "def make(): return torch.full((6, 3, 4, 5), 7, dtype=torch.uint8)",
            "def make():\n for _ in range(6): yield np.full((4, 5, 3), 7, np.uint8)",
            "def make():\n for _ in range(2): yield torch.full((3, 3, 4, 5), 7 / 255)",
            "def make(): return [torch.full((3, 4, 5), 7, dtype=torch.uint8)] * 6",
        ],
    )
    def test_any_iterable(self, tmp_path, monkeypatch, body):
        found = self.load(tmp_path, monkeypatch, body)
        assert (found.n, found.shape) == (6, (3, 4, 5))
        assert (found.tensor() == 7).all()

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("def other(): pass", "has no make to call"),
            ("def make(): return iter(())", "no images came"),
            ("def make(): return 5", "expected an array"),
            ("def make(): return ['a']", "expected arrays, got str"),
            ("def make(): return np.full((2, 3, 4, 4), 300.0)", "floats from 300"),
            (
                "def make(): return [np.zeros((3, 4, 4), np.uint8), np.zeros((3, 5, 5), np.uint8)]",
                "more than one shape",
            ),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path, monkeypatch, body, words):
        with pytest.raises(InputError, match=words):
            self.load(tmp_path, monkeypatch, body)


def test_hugging_face_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match=r"ganbench\[hf\]"):
        load("hf:cifar10:test")
    with pytest.raises(InputError, match="expected hf:NAME:SPLIT"):
        load("hf:cifar10")


class TestHuggingFace:
    @pytest.fixture
    def held(self, tmp_path, monkeypatch):
        """Writes a data set of six rows, and gives its path and its pixels."""
        datasets = shim.peer("datasets")
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
        pixels = np.random.default_rng(0).integers(256, size=(6, 9, 8, 3), dtype=np.uint8)

        def write(**columns):
            streams = [io.BytesIO() for _ in pixels]
            for stream, one in zip(streams, pixels, strict=True):
                Image.fromarray(one).save(stream, "PNG")
            contents = [{"bytes": s.getvalue(), "path": None} for s in streams]
            contents[3:4] = columns.pop("third", contents[3:4])
            kinds = {"label": datasets.ClassLabel(names=["tram", "bus", "car/van"])}
            features = {"image": datasets.Image()} | {k: kinds[k] for k in columns}
            rows = {"image": contents} | columns
            made = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
            (tmp_path / "held").mkdir()
            made.to_parquet(tmp_path / "held" / "train.parquet")
            return f"hf:{tmp_path / 'held'}:train"

        return write, torch.from_numpy(pixels).permute(0, 3, 1, 2)

    def test_pictures_and_classes(self, held):
        write, pixels = held
        labels = [2, 0, 0, 2, 0, 2]
        images = load(write(label=labels))
        order = sorted(range(6), key=lambda i: labels[i])
        assert torch.equal(images.tensor(), pixels[order])
        assert [images.classes[i] for i in images.labels] == ["tram"] * 3 + ["car/van"] * 3

    @pytest.mark.parametrize("columns", [{}, {"label": [0, 1, -1, 0, 1, 2]}])
    def test_without_classes(self, held, columns):
        write, pixels = held
        images = load(write(**columns))
        assert torch.equal(images.tensor(), pixels)
        assert images.labels is None

    def test_a_bad_row_is_named_and_can_be_left_out(self, held):
        write, pixels = held
        spec = write(label=[0, 0, 1, 1, 0, 1], third=[{"bytes": b"\x89PNG", "path": None}])
        with pytest.raises(InputError, match="class 00001/row 3"):
            load(spec)
        images = load(spec, options=Reading(skip_bad=True))
        assert torch.equal(images.tensor(), pixels[[0, 1, 4, 2, 5]])
        assert images.labels.tolist() == [0, 0, 0, 1, 1]

    def test_what_there_is_not(self, held, tmp_path):
        write, _ = held
        spec = write()
        with pytest.raises(InputError, match=r"cannot be loaded: .*test"):
            load(spec.replace(":train", ":test"))
        with pytest.raises(InputError, match="cannot be loaded"):
            load(f"hf:{tmp_path / 'none'}:train")
