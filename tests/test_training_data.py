"""Training data of any kind: prepared as by hand, decoded once, and what is wrong is named."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import datasets, recipes, training_data
from ganbench.config import Prepare
from ganbench.errors import InputError
from ganbench.evaluation import pixel_cache
from ganbench.evaluation.images import pictures
from ganbench.evaluation.images.fit import Fit


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prepared"


def photo(seed, size):
    """A smooth picture of (width, height), with noise."""
    rng = np.random.default_rng(seed)
    rough = Image.fromarray(rng.integers(256, size=(6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(rough.resize(size, Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray(
        (smooth + rng.integers(-9, 9, smooth.shape)).clip(0, 255).astype("uint8")
    )


@pytest.fixture
def folder(tmp_path):
    """24 photos of mixed sizes in two classes."""
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            size = tuple(rng.integers(40, 90, 2).tolist())
            photo(rng.integers(99), size).save(tmp_path / "photos" / name / f"{i:02}.png")
    return tmp_path / "photos"


def config(data, real=None, condition="none", **prepare):
    base = recipes.mnist()
    return base.model_copy(
        update={
            "data": str(data),
            "prepare": Prepare(**prepare),
            "condition": condition,
            "scoring": base.scoring.model_copy(update={"real": real}),
        }
    )


def by_hand(path, size, mode="RGB"):
    """The central square by Pillow's own words."""
    with Image.open(path) as picture:
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side))
        made = np.asarray(square.resize((size, size), Image.Resampling.LANCZOS).convert(mode))
    return made[None] if mode == "L" else made.transpose(2, 0, 1)


class TestBuiltIn:
    @pytest.mark.parametrize("spec", ["builtin:mnist:train", "builtin:mnist:train[5000:]"])
    def test_as_they_always_were(self, spec):
        made, images = training_data.load(config(spec)), datasets.load(spec)
        assert made.fingerprint == images.fingerprint
        assert torch.equal(made.pixels, images.tensor())
        assert torch.equal(made.labels, images.labels)
        assert made.classes == tuple("0123456789")

    def test_the_reference_has_its_sibling_as_control(self):
        real, control = training_data.load_reference(
            config("builtin:mnist:train", "builtin:mnist:test")
        )
        whole = {split: datasets.load(f"builtin:mnist:{split}") for split in ("test", "train")}
        assert real.fingerprint == whole["test"].fingerprint
        assert control.n == 10_000  # as many as are scored
        assert control.fingerprint.startswith(whole["train"].fingerprint)

    def test_points_keep_their_modes(self):
        given = config("builtin:ring8:train", "builtin:ring8:test")
        assert training_data.load(given).shape == (2,)
        assert len(training_data.load_reference(given)[0].modes.centres) == 8
        with pytest.raises(InputError, match="points"):
            training_data.load(config("builtin:ring8:train", size=8))

    def test_prepared_like_any_other(self):
        given = config("builtin:mnist:test[:50]", "builtin:mnist:test[:50]", size=32, channels=3)
        made, (real, control) = training_data.load(given), training_data.load_reference(given)
        assert made.shape == real.shape == control.shape == (3, 32, 32)
        assert made.fingerprint == real.fingerprint != datasets.load(given.data).fingerprint
        assert torch.equal(made.pixels, real.tensor())


class TestFolder:
    def test_prepared_as_by_hand(self, folder):
        made = training_data.load(config(folder, size=32))
        paths = sorted(folder.glob("*/*"))
        assert len(made) == 24
        for row, path in enumerate(paths):
            assert np.array_equal(made.pixels[row].numpy(), by_hand(path, 32))
        assert made.labels.tolist() == [0] * 12 + [1] * 12
        assert made.classes == ("cats", "dogs")

    def test_notes_say_what_was_done(self, folder):
        notes = " ".join(training_data.load(config(folder, size=64)).notes)
        assert "cropped to a square" in notes
        assert "smaller than 64 pixels and were enlarged" in notes

    def test_mixed_sizes_need_one(self, folder):
        with pytest.raises(InputError, match=r"--prepare\.size 32$") as caught:
            training_data.load(config(folder))
        for path in sorted(folder.glob("*/*"))[:2]:
            with Image.open(path) as picture:
                words = f"{path.relative_to(folder)} is {picture.width}x{picture.height}"
            assert words in str(caught.value)

    def test_the_reference_is_the_data_or_prepared_alike(self, folder):
        given = config(folder, size=32)
        made = training_data.load(given)
        for data in (None, made):
            real, control = training_data.load_reference(given, data)
            assert control is None
            assert real.fingerprint == made.fingerprint
            assert torch.equal(torch.cat(list(real.batches(7))), made.pixels)
            picks = torch.tensor([3, 20, 1])
            assert torch.equal(next(real.read(picks, 9)), made.pixels[picks])
        other = config(folder, real=str(folder / "cats"), size=32)
        real, control = training_data.load_reference(other)
        assert (real.n, real.shape, control) == (12, (3, 32, 32), None)
        assert torch.equal(real.tensor(), made.pixels[:12])

    def test_of_many_pictures_a_part_is_the_reference_and_another_one_the_control(self):
        given = config("builtin:mnist:test")
        given = given.model_copy(update={"scoring": given.scoring.model_copy(update={"n": 3000})})
        real, control = training_data.load_reference(given)
        both = torch.cat([*real.batches(999), *control.batches(999)])
        assert (real.n, control.n, len(both)) == (3000, 3000, 6000)
        assert len(both.flatten(1).unique(dim=0)) == 6000  # disjoint: no two digits are the same
        data = training_data.load(given)
        again, _ = training_data.load_reference(given.model_copy(update={"seed": 5}), data)
        assert again.fingerprint == real.fingerprint
        assert torch.equal(again.tensor(), real.tensor())
        assert torch.equal(again.labels, real.labels)

    def test_a_photo_on_its_side_is_turned_upright(self, tmp_path):
        (tmp_path / "a").mkdir()
        tags = Image.Exif()
        tags[274] = 6
        picture = photo(1, (60, 40))
        picture.save(tmp_path / "a" / "x.png", exif=tags)
        made = training_data.load(config(tmp_path / "a"))
        assert made.shape == (3, 60, 40)
        turned = np.rot90(np.asarray(picture), -1).transpose(2, 0, 1)
        assert np.array_equal(made.pixels[0].numpy(), turned)
        assert "turned upright" in made.notes[0]

    def test_opacity_is_kept_if_it_is_wanted(self, tmp_path):
        (tmp_path / "a").mkdir()
        rgba = np.random.default_rng(0).integers(256, size=(16, 16, 4), dtype=np.uint8)
        Image.fromarray(rgba).save(tmp_path / "a" / "x.png")
        Image.fromarray(rgba[..., 0]).save(tmp_path / "a" / "y.png")
        made = training_data.load(config(tmp_path / "a", channels=4)).pixels.numpy()
        assert np.array_equal(made[0], rgba.transpose(2, 0, 1))
        assert np.array_equal(made[1, :3], rgba[..., 0][None].repeat(3, 0))
        assert (made[1, 3] == 255).all()
        assert training_data.load(config(tmp_path / "a")).shape == (3, 16, 16)


class TestOnce:
    @pytest.fixture
    def decoded(self, monkeypatch):
        """The files that are decoded."""
        names = []
        decode = pictures._decode

        def watched(file, *rest):
            names.append(file.path)
            return decode(file, *rest)

        monkeypatch.setattr(pictures, "_decode", watched)
        return names

    @pytest.mark.parametrize("mapped", [False, True])
    def test_a_second_run_decodes_nothing(self, folder, decoded, mapped, cache):
        memory = {"memory": 1} if mapped else {}
        given = config(folder, size=256, **memory)
        told = []
        first = training_data.load(given, lambda *words: told.append(words))
        assert len(decoded) == 24
        assert first.mapped == mapped
        assert told[:24] == [(i, 24) for i in range(1, 25)]  # looked at
        assert told[24:] == [(i, 24) for i in range(1, 25)]  # decoded: each has its own size
        again = training_data.load(given)
        assert len(decoded) == 24
        assert torch.equal(first.pixels, again.pixels)
        assert (first.fingerprint, first.notes) == (again.fingerprint, again.notes)
        assert not list(cache.glob("*.part"))

    def test_a_training_reads_its_reference_once(self, folder, decoded, monkeypatch):
        """Not from the files, while the data are held."""
        given = config(folder, size=32)
        held = training_data.load(given)
        monkeypatch.setattr(training_data, "read", None)
        real, _ = training_data.load_reference(given)
        assert next(real.batches(24)).data_ptr() == held.pixels.data_ptr()
        del held, real
        with pytest.raises(TypeError):
            training_data.load_reference(given)

    def test_in_memory_and_mapped_are_the_same(self, folder, tmp_path, monkeypatch):
        held = training_data.load(config(folder, size=256))
        monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "other"))
        mapped = training_data.load(config(folder, size=256, memory=1))
        assert (held.mapped, mapped.mapped) == (False, True)
        assert torch.equal(held.pixels, mapped.pixels)
        assert held.fingerprint == mapped.fingerprint

    @pytest.mark.parametrize("memory", [1, 4096])
    @pytest.mark.parametrize("damage", ["cut", "empty", "a bit", "no sums"])
    def test_a_damaged_file_is_made_again(self, folder, decoded, cache, damage, memory):
        given = config(folder, size=256, memory=memory)
        whole = training_data.load(given).pixels.clone()
        (path,) = (p for p in cache.glob("*.npy") if "sums" not in p.name)
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        if damage == "no sums":
            path.with_suffix(".sums.npy").unlink()
        else:
            path.write_bytes({"cut": content[:-9], "empty": b"", "a bit": content}[damage])
        assert torch.equal(training_data.load(given).pixels, whole)
        assert len(decoded) == 48
        training_data.load(given)
        assert len(decoded) == 48

    def test_other_options_and_other_pictures_are_other_files(self, folder, decoded):
        training_data.load(config(folder, size=32))
        training_data.load(config(folder, size=16))
        assert len(decoded) == 48
        Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(folder / "cats" / "00.png")
        changed = training_data.load(config(folder, size=32))
        assert not changed.pixels[0].any()

    def test_the_order_of_the_files_counts(self, tmp_path):
        """The fingerprint of a set forgets it; its rows must not."""
        for name, seeds in (("a", (1, 2)), ("b", (2, 1))):
            (tmp_path / name).mkdir()
            for i, seed in enumerate(seeds):
                photo(seed, (40, 40)).save(tmp_path / name / f"{i}.png")
        one = training_data.load(config(tmp_path / "a", size=16))
        two = training_data.load(config(tmp_path / "b", size=16))
        assert one.fingerprint == two.fingerprint
        assert torch.equal(one.pixels, two.pixels.flip(0))

    def test_a_folder_that_cannot_be_written(self, folder, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("x")
        monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "file"))
        assert len(training_data.load(config(folder, size=256))) == 24
        with pytest.raises(InputError, match=r"GANBENCH_CACHE.*--prepare\.memory"):
            training_data.load(config(folder, size=256, memory=1))

    def test_the_oldest_files_go(self, folder, cache):
        sizes = (16, 32, 64)
        for size in sizes:
            training_data.load(config(folder, size=size))
        files = sorted(cache.glob("*.npy"), key=lambda path: path.stat().st_size)
        newest = files[-1]
        pixel_cache.prune(newest, limit=newest.stat().st_size + 8000)
        left = sorted(p.name for p in cache.glob("*.npy"))
        assert left == sorted([newest.name, newest.with_suffix(".sums.npy").name])


class TestWrong:
    def test_a_bad_file_is_named_and_can_be_left_out(self, folder):
        path = folder / "cats" / "03.png"
        path.write_bytes(path.read_bytes()[:900])
        with pytest.raises(
            InputError, match=r"--prepare\.skip-bad leaves them out\n *cats/03\.png"
        ):
            training_data.load(config(folder, size=32))
        made = training_data.load(config(folder, size=32, skip_bad=True))
        assert (len(made), len(made.labels)) == (23, 23)
        assert "cats/03.png" in " ".join(made.notes)

    def test_one_class_alone(self, tmp_path, folder):
        (folder / "dogs").rename(tmp_path / "elsewhere")
        assert training_data.load(config(folder, size=32)).labels is None
        with pytest.raises(InputError, match=r"one class alone, 'cats'.*--condition none"):
            training_data.load(config(folder, condition="projection", size=32))

    def test_labels_that_do_not_match(self, tmp_path):
        pixels = np.zeros((10, 3, 16, 16), np.uint8)
        np.savez(tmp_path / "a.npz", images=pixels, labels=np.zeros(9, int))
        with pytest.raises(InputError, match=r"labels has shape \(9,\), expected \(10,\)"):
            training_data.load(config(tmp_path / "a.npz"))
        np.savez(tmp_path / "b.npz", images=pixels, labels=np.array(["cat"] * 10))
        with pytest.raises(InputError, match="expected whole numbers"):
            training_data.load(config(tmp_path / "b.npz"))
        np.savez(tmp_path / "c.npz", images=pixels)
        with pytest.raises(InputError, match="'labels'"):
            training_data.load(config(tmp_path / "c.npz", condition="auxiliary"))

    def test_labels_are_numbered(self, tmp_path):
        pixels = np.zeros((6, 3, 16, 16), np.uint8)
        np.savez(tmp_path / "a.npz", images=pixels, labels=[7, 3, 7, 100, 3, -1])
        made = training_data.load(config(tmp_path / "a.npz"))
        assert made.classes == ("-1", "3", "7", "100")
        assert made.labels.tolist() == [2, 1, 2, 3, 1, 0]

    def test_a_reference_with_other_classes(self, tmp_path, folder):
        other = tmp_path / "other"
        for name in ("dogs", "lions"):
            (other / name).mkdir(parents=True)
            photo(1, (40, 40)).save(other / name / "0.png")
        given = config(folder, real=str(other), condition="projection", size=32)
        data = training_data.load(given)
        for held in (data, None):  # the data are known while somebody holds them
            with pytest.raises(InputError, match=r"the classes lions, which.*cats, dogs"):
                training_data.load_reference(given, held)
        (other / "lions" / "0.png").rename(other / "dogs" / "1.png")
        (other / "lions").rename(other / "snakes")
        photo(2, (40, 40)).save(other / "snakes" / "0.png")
        (other / "snakes").rename(other / "cats")
        real, _ = training_data.load_reference(given, data)
        assert (real.labels.tolist(), real.classes) == ([0, 1, 1], ("cats", "dogs"))

    def test_a_reference_with_a_part_of_the_classes(self, folder, tmp_path):
        """Its labels are those of the data."""
        given = config("builtin:mnist:train", condition="projection")
        data = training_data.load(given)
        pixels = np.zeros((3, 1, 28, 28), np.uint8)
        np.savez(tmp_path / "a.npz", images=pixels, labels=[9, 4, 9])
        scoring = given.scoring.model_copy(update={"real": str(tmp_path / "a.npz")})
        real, _ = training_data.load_reference(given.model_copy(update={"scoring": scoring}), data)
        assert real.labels.tolist() == [9, 4, 9]

    def test_a_reference_of_another_shape(self, folder):
        given = config(folder, real="builtin:mnist:test", size=32)
        data = training_data.load(given)
        with pytest.raises(InputError, match=r"1x32x32.*3x32x32.*--prepare\.channels 3"):
            training_data.load_reference(given, data)

    def test_samples_of_a_run_are_saved_first(self):
        with pytest.raises(InputError, match="ganbench sample RUN --out"):
            training_data.load(config("run:latest"))


class TestFit:
    @pytest.mark.parametrize(
        ("size", "height", "width"), [(16, 50, 30), (64, 30, 30), (30, 30, 50)]
    )
    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    def test_each_channel_is_pillows(self, size, height, width, channels):
        rng = np.random.default_rng(3)
        pixels = rng.integers(256, size=(2, channels, height, width), dtype=np.uint8)
        made = Fit(size)(torch.from_numpy(pixels)).numpy()
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        for one, given in zip(made, pixels, strict=True):
            for plane, source in zip(one, given, strict=True):
                square = Image.fromarray(source[top : top + side, left : left + side].copy())
                expected = square.resize((size, size), Image.Resampling.LANCZOS)
                assert np.array_equal(plane, np.asarray(expected))

    def test_grey_is_pillows(self):
        pixels = np.random.default_rng(3).integers(256, size=(40, 50, 3), dtype=np.uint8)
        made = Fit(None, 1)(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()))
        assert np.array_equal(made[0, 0].numpy(), np.asarray(Image.fromarray(pixels).convert("L")))

    def test_what_is_not_opaque_is_put_on_white(self):
        pixels = np.random.default_rng(3).integers(256, size=(40, 50, 4), dtype=np.uint8)
        made = Fit(None, 3)(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()))
        ground = Image.new("RGBA", (50, 40), "white")
        ground.alpha_composite(Image.fromarray(pixels))
        expected = np.asarray(ground.convert("RGB")).astype(int).transpose(2, 0, 1)
        assert abs(made[0].numpy() - expected).max() <= 1

    def test_channels_that_cannot_be_had(self, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros((3, 2, 16, 16), np.uint8))
        assert training_data.load(config(tmp_path / "a.npy")).shape == (2, 16, 16)
        with pytest.raises(InputError, match="has 2 channels, which cannot be made 3"):
            training_data.load(config(tmp_path / "a.npy", channels=3))
