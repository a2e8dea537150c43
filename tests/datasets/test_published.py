"""Fashion-MNIST, CIFAR-10 and idx files, as they are published, damaged, and not there."""

import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import datasets
from ganbench.datasets import cifar10, fashion, idx
from ganbench.errors import InputError
from ganbench.evaluation.images import load

SHARED = Path(__file__).parents[3] / "shared/data/fashion-mnist"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty place for data, and no network."""
    monkeypatch.setenv("GANBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(fashion, "URL", (tmp_path / "net").as_uri())
    fashion._verified.cache_clear()
    return tmp_path


def packed(array):
    """As the format's description says: magic, sizes, bytes."""
    sizes = b"".join(struct.pack(">I", side) for side in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def digits():
    rng = np.random.default_rng(1)
    return rng.integers(256, size=(20, 9, 7), dtype=np.uint8), np.arange(20, dtype=np.uint8) % 10


def write_idx(folder, digits, stem="train", suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for array, kind in zip(digits, ("images-idx3", "labels-idx1"), strict=True):
        content = packed(array)
        path = folder / f"{stem}-{kind}-ubyte{suffix}"
        path.write_bytes(gzip.compress(content) if suffix else content)


class TestIdx:
    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_folder_and_file(self, tmp_path, digits, suffix):
        write_idx(tmp_path / "a", digits, suffix=suffix)
        write_idx(tmp_path / "a", (digits[0][:5], digits[1][:5]), "t10k", suffix)
        path = tmp_path / "a"
        for spec, n in (
            (path, 20),
            (f"{path}:train", 20),
            (f"{path}:test", 5),
            (path / f"t10k-images-idx3-ubyte{suffix}", 5),
        ):
            found = load(str(spec))
            assert np.array_equal(found.tensor()[:, 0].numpy(), digits[0][:n])
            assert found.labels.tolist() == digits[1][:n].tolist()

    def test_without_labels(self, tmp_path, digits):
        write_idx(tmp_path, digits)
        (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
        assert load(str(tmp_path)).labels is None

    def test_a_damaged_file_is_named(self, tmp_path, digits):
        write_idx(tmp_path, digits, suffix="")
        path = tmp_path / "train-images-idx3-ubyte"
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(InputError, match=r"idx3-ubyte says 20x9x7 and holds 1,259 bytes"):
            load(str(tmp_path))
        path.write_bytes(b"\x89PNG" + whole)
        with pytest.raises(InputError, match="no idx file"):
            load(str(tmp_path))
        path.write_bytes(gzip.compress(whole)[:-9])
        with pytest.raises(InputError, match="cannot be read"):
            load(str(tmp_path))
        write_idx(tmp_path, (digits[0], digits[1][:7]), suffix="")
        with pytest.raises(InputError, match=r"labels has shape \(7,\)"):
            load(str(tmp_path))

    def test_the_shipped_digits_are_read_by_the_same_reader(self):
        raw = packed(datasets.load("builtin:mnist:test[:9]").tensor()[:, 0].numpy())
        assert torch.equal(idx.parse(raw, "x"), datasets.load("builtin:mnist:test[:9]").tensor())


class TestFashion:
    @pytest.fixture
    def published(self, tmp_path, digits, monkeypatch):
        """The files, as if these were the published ones, at the official address."""
        sums = {}
        for stem in ("train", "t10k"):
            write_idx(tmp_path / "net", digits, stem)
        for path in (tmp_path / "net").iterdir():
            raw = gzip.decompress(path.read_bytes())
            sums[path.name.removesuffix(".gz")] = hashlib.sha256(raw).hexdigest()
        monkeypatch.setattr(fashion, "SHA256", sums)
        return tmp_path / "net"

    @pytest.mark.parametrize("place", ["data/fashion-mnist", "debian"])
    def test_found(self, published, tmp_path, monkeypatch, digits, place):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        published.rename(tmp_path / place)
        made = datasets.load("builtin:fashion-mnist:train")
        assert np.array_equal(made.tensor()[:, 0].numpy(), digits[0])
        assert made.labels.tolist() == digits[1].tolist()
        assert made.classes[9] == "Ankle boot"
        assert not (tmp_path / "cache").exists()

    def test_downloaded_once(self, published, tmp_path, digits):
        made = datasets.load("builtin:fashion-mnist:test[:5]")
        assert np.array_equal(made.tensor()[:, 0].numpy(), digits[0][:5])
        kept = sorted(p.name for p in (tmp_path / "cache/data/fashion-mnist").iterdir())
        assert kept == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
        published.rename(tmp_path / "offline")
        fashion._verified.cache_clear()
        assert datasets.load("builtin:fashion-mnist:test").n == 20

    def test_another_file_is_refused(self, published, tmp_path, digits):
        write_idx(tmp_path / "data/fashion-mnist", (digits[0] ^ 1, digits[1]))
        with pytest.raises(InputError, match="is not the published one"):
            datasets.load("builtin:fashion-mnist:train")
        write_idx(published, (digits[0] ^ 1, digits[1]), "t10k")
        with pytest.raises(InputError, match="what came has the sha256"):
            datasets.load("builtin:fashion-mnist:test")
        assert not list((tmp_path / "cache/data/fashion-mnist").iterdir())

    def test_without_a_network_it_says_where_the_files_belong(self, tmp_path):
        with pytest.raises(InputError) as caught:
            datasets.load("builtin:fashion-mnist:train")
        for words in (str(tmp_path / "data/fashion-mnist"), "t10k-labels-idx1-ubyte.gz", "Debian"):
            assert words in str(caught.value)

    @pytest.mark.skipif(not SHARED.exists(), reason="the published files are not here")
    def test_the_published_files(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GANBENCH_DATA", str(SHARED.parent))
        for split, n in (("train", 60_000), ("test", 10_000)):
            made = datasets.load(f"builtin:fashion-mnist:{split}")
            assert made.labels.bincount().tolist() == [n // 10] * 10  # as its authors say
        mean = datasets.load("builtin:fashion-mnist:train").tensor().double().mean() / 255
        assert mean.item() == pytest.approx(0.2860, abs=5e-5)  # the well-known one


@pytest.fixture
def batches(tmp_path):
    """The binary version with 4 pictures a batch: {file name: content}, pixels, labels."""
    rng = np.random.default_rng(2)
    pixels = rng.integers(256, size=(24, 3, 32, 32), dtype=np.uint8)
    labels = rng.integers(10, size=24, dtype=np.uint8)
    rows = [bytes([label]) + one.tobytes() for one, label in zip(pixels, labels, strict=True)]
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    files = {name: b"".join(rows[4 * i : 4 * i + 4]) for i, name in enumerate(names)}
    return files, pixels, labels


def write(place, files, inside="cifar-10-batches-bin"):
    """To a folder, or to an archive as the authors pack it."""
    if place.name.endswith(".tar.gz"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(place, "w:gz") as archive:
            for name, content in (files | {"batches.meta.txt": b"x"}).items():
                info = tarfile.TarInfo(f"{inside}/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return
    place.mkdir(parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content)


class TestCifar:
    @pytest.mark.parametrize(
        "place", ["cifar10", "cifar10/cifar-10-batches-bin", f"cifar10/{cifar10.BINARY}"]
    )
    def test_the_binary_version(self, tmp_path, batches, place):
        files, pixels, labels = batches
        write(tmp_path / "data" / place, files)
        direct = tmp_path / "data" / place
        for split, part in (("train", slice(0, 20)), ("test", slice(20, 24))):
            for spec in (f"builtin:cifar10:{split}", f"{direct}:{split}"):
                found = load(spec)
                assert np.array_equal(found.tensor().numpy(), pixels[part])
                assert found.labels.tolist() == labels[part].tolist()
                assert found.classes[:2] == ("airplane", "automobile")
        assert load(str(direct)).n == 20

    def test_one_file(self, tmp_path, batches):
        files, pixels, _ = batches
        write(tmp_path / "a", files)
        found = load(str(tmp_path / "a" / "test_batch.bin"))
        assert np.array_equal(found.tensor().numpy(), pixels[20:])

    @pytest.mark.parametrize("place", ["a", "a/cifar-10-batches-py", f"a/{cifar10.PYTHON}"])
    def test_pickles_are_refused(self, tmp_path, place):
        write(tmp_path / place, {"data_batch_1": b"\x80\x02."}, "cifar-10-batches-py")
        spec = tmp_path / place if place.endswith("gz") else tmp_path / "a"
        with pytest.raises(InputError, match=r"pickles.*cifar-10-binary\.tar\.gz"):
            load(str(spec))

    def test_pictures_in_folders(self, tmp_path, batches):
        _, pixels, _ = batches
        for i, name in enumerate(("airplane", "bird", "truck")):
            folder = tmp_path / "data/cifar10/train" / name
            folder.mkdir(parents=True)
            Image.fromarray(pixels[i].transpose(1, 2, 0)).save(folder / "0.png")
        found = load("builtin:cifar10:train")
        assert np.array_equal(found.tensor().numpy(), pixels[:3])
        assert found.labels.tolist() == [0, 2, 9]
        Image.fromarray(pixels[3].transpose(1, 2, 0)).save(folder / "1.jpg")
        assert "lossy" in load("builtin:cifar10:train").notes[0]
        Image.fromarray(pixels[3, :, :9].transpose(1, 2, 0)).save(folder / "2.png")
        with pytest.raises(InputError, match=r"2\.png is 32x9, expected 32x32"):
            load("builtin:cifar10:train")

    def test_damaged(self, tmp_path, batches):
        files, _, _ = batches
        write(tmp_path / "a", files | {"data_batch_3.bin": files["data_batch_3.bin"][:-1]})
        with pytest.raises(InputError, match=r"data_batch_3\.bin: 12,291 bytes"):
            load(f"{tmp_path / 'a'}:train")
        assert load(f"{tmp_path / 'a'}:test").n == 4
        (tmp_path / "a" / "test_batch.bin").write_bytes(b"\xff" * cifar10.ROW)
        with pytest.raises(InputError, match="the label 255"):
            load(f"{tmp_path / 'a'}:test")

    def test_absent(self, tmp_path):
        with pytest.raises(InputError) as caught:
            load("builtin:cifar10:train")
        for words in ("cifar-10-binary.tar.gz", str(tmp_path / "data/cifar10"), "$GANBENCH_DATA"):
            assert words in str(caught.value)

    def test_what_has_no_splits(self, tmp_path):
        (tmp_path / "a").mkdir()
        Image.new("RGB", (9, 9)).save(tmp_path / "a" / "x.png")
        with pytest.raises(InputError, match="has no splits"):
            load(f"{tmp_path / 'a'}:train")
