"""Folders and zips of whatever people have: each kind of file is handled as docs/images.md says."""

import os
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.errors import InputError
from ganbench.evaluation.images import Reading, load
from ganbench.evaluation.images.traces import warnings

SKIP = Reading(skip_bad=True)


def noise(size=(12, 10), channels=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    return rng.integers(256, size=shape, dtype=np.uint8)


def cut(path, share=0.6):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def save(path, mode="RGB", size=(12, 10), **options):
    Image.fromarray(noise(size)).convert(mode).save(path, **options)


def bomb(path):
    """A header that promises 20,000 by 20,000 pixels."""
    Image.new("1", (20_000, 20_000)).save(path)


def animated(path):
    frames = [Image.fromarray(noise(seed=i)) for i in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def deep(path):
    Image.fromarray(np.arange(0, 65536, 546, dtype=np.uint16).reshape(11, 11)[:10]).save(path)


def floats(path):
    Image.fromarray(np.zeros((10, 12), np.float32)).save(path)


def exif(path):
    tags = Image.Exif()
    tags[274] = 6
    Image.fromarray(noise()).save(path, exif=tags)


def bad_sum(path):
    save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 10] ^= 255
    path.write_bytes(content)


def transparent(path):
    Image.fromarray(noise()).quantize(8).save(path, transparency=0)


def loop(path):
    path.mkdir()
    save(path / "inside.png")
    (path / "again").symlink_to(path, target_is_directory=True)


# name: (how it is made, what becomes of it: "good", "bad: words", "note: words" or "left out")
KINDS = {
    "plain.png": (save, "good"),
    "photo.jpg": (save, "good"),
    "web.webp": (save, "good"),
    "old.bmp": (save, "good"),
    "scan.tiff": (save, "good"),
    "UPPER.PNG": (save, "good"),
    "ünïcødé ✓.png": (save, "good"),
    "really_a_jpeg.png": (lambda p: save(p, format="JPEG"), "good"),
    "cmyk.jpg": (lambda p: save(p, "CMYK"), "good"),
    "one_bit.png": (lambda p: save(p, "1"), "good"),
    "grey.png": (lambda p: save(p, "L"), "good"),
    "palette.png": (lambda p: save(p, "P"), "good"),
    "profile.png": (lambda p: save(p, icc_profile=b"x" * 64), "good"),
    "narrow.png": (lambda p: save(p, size=(9, 900)), "good"),
    "animated.webp": (animated, "note: animations"),
    "animated.gif": (animated, "note: animations"),
    "pages.tif": (animated, "note: animations"),
    "sixteen.png": (deep, "note: 16 bits"),
    "one_pixel.png": (lambda p: save(p, size=(1, 1)), "note: side below 8"),
    "alpha.png": (lambda p: save(p, "RGBA"), "note: transparent"),
    "grey_alpha.png": (lambda p: save(p, "LA"), "note: transparent"),
    "palette_alpha.png": (transparent, "note: transparent"),
    "turned.jpg": (exif, "note: EXIF"),
    "folder.png": (loop, "good"),
    "truncated.png": (lambda p: (save(p), cut(p)), "bad: damaged"),
    "truncated.jpg": (lambda p: (save(p, size=(200, 200)), cut(p)), "bad: damaged"),
    "bad_sum.png": (bad_sum, "bad: damaged"),
    "text.png": (lambda p: p.write_text("no picture"), "bad: not a picture"),
    "empty.png": (lambda p: p.touch(), "bad: empty"),
    "bomb.png": (bomb, "bad: decompression bomb"),
    "floats.tiff": (floats, "bad: 32-bit floats"),
    "nowhere.png": (lambda p: p.symlink_to("gone"), "bad: leads nowhere"),
    "pipe.png": (lambda p: os.mkfifo(p), "bad: not a regular file"),
    "drawing.svg": (lambda p: p.write_text("<svg/>"), "left out"),
    "no_suffix": (save_png := lambda p: save(p, format="PNG"), "left out"),
    "labels.json": (lambda p: p.write_text("{}"), "left out"),
    ".hidden.png": (save_png, "hidden"),
    "._resource.png": (lambda p: p.write_text("x"), "hidden"),
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    for name, (make, _) in KINDS.items():
        make(folder / name)
    return folder


def outcomes(kind):
    return [name for name, (_, outcome) in KINDS.items() if outcome.startswith(kind)]


def test_all_bad_files_are_named_with_the_reason(zoo):
    with pytest.raises(InputError) as caught:
        load(str(zoo))
    told = str(caught.value)
    assert f"{len(outcomes('bad'))} files that cannot be used; --skip-bad" in told
    for name in outcomes("bad"):
        (line,) = [line for line in told.splitlines() if line.startswith(f"  {name}:")]
        assert KINDS[name][1].removeprefix("bad: ") in line
    assert not [name for name in outcomes("good") if f"  {name}:" in told]


def test_skipping_goes_on_and_says_how_many(zoo):
    images = load(str(zoo), options=SKIP)
    assert images.n == len(outcomes("good")) + len(outcomes("note"))
    assert images.shape == (3, -1, -1)
    assert sum(len(batch) for batch in images.batches(4)) == images.n
    notes = "\n".join(images.notes)
    assert f"{len(outcomes('bad'))} bad files were left out" in notes
    assert f"{len(outcomes('left out'))} files are no pictures and were left out" in notes
    for name in outcomes("note"):
        assert KINDS[name][1].removeprefix("note: ") in notes
    assert "hidden" not in notes


@pytest.mark.parametrize("name", outcomes("good"))
def test_a_good_file_is_good_alone(zoo, tmp_path, name):
    (tmp_path / name).symlink_to(zoo / name)
    images = load(str(tmp_path))
    assert images.n == 1
    assert images.notes == ()


def test_a_file_that_breaks_late_is_listed_with_all_others(tmp_path):
    for i in range(40):
        save(tmp_path / f"{i:02}.jpg", size=(200, 200))
    for i in (7, 31):
        cut(tmp_path / f"{i:02}.jpg", 0.9)
    images = load(str(tmp_path))
    with pytest.raises(InputError, match=r"(?s)2 files that.*07\.jpg: it is damaged.*31\.jpg"):
        list(images.batches(4))
    assert load(str(tmp_path), options=SKIP).n == 38


class TestPolicy:
    def one(self, folder, **options):
        (batch,) = load(str(folder), options=Reading(**options)).batches(1)
        return batch[0]

    @pytest.mark.parametrize(("alpha", "level"), [("white", 255), ("black", 0), ("drop", 90)])
    def test_transparency(self, tmp_path, alpha, level):
        Image.new("RGBA", (9, 9), (90, 90, 90, 0)).save(tmp_path / "a.png")
        assert (self.one(tmp_path, alpha=alpha) == level).all()

    def test_half_transparent_grey_stays_grey(self, tmp_path):
        Image.new("LA", (9, 9), (100, 51)).save(tmp_path / "a.png")
        image = self.one(tmp_path)
        assert image.shape == (1, 9, 9)
        assert (image == round(100 * 0.2 + 255 * 0.8)).all()

    def test_sixteen_bits_are_divided_by_257_and_rounded(self, tmp_path):
        values = np.array([[0, 128, 129, 257 * 9, 65535]] * 8, dtype=np.uint16)
        Image.fromarray(values).save(tmp_path / "a.png")
        assert self.one(tmp_path)[0, 0].tolist() == [0, 0, 1, 9, 255]

    def test_grey_among_colour_is_repeated(self, tmp_path):
        Image.new("L", (9, 9), 40).save(tmp_path / "a.png")
        Image.new("RGB", (9, 9), (1, 2, 3)).save(tmp_path / "b.png")
        images = load(str(tmp_path))
        assert images.shape == (3, 9, 9)
        assert images.tensor()[:, :, 0, 0].tolist() == [[40, 40, 40], [1, 2, 3]]

    def test_the_first_frame_counts(self, tmp_path):
        animated(tmp_path / "a.tif")
        assert np.array_equal(self.one(tmp_path).permute(1, 2, 0).numpy(), noise(seed=0))

    def test_the_policy_is_part_of_the_key(self, tmp_path):
        save(tmp_path / "a.png")
        keys = [load(str(tmp_path), options=Reading(alpha=a)).keys for a in ("white", "drop")]
        assert not torch.equal(*keys)


class TestOrder:
    def test_batches_are_in_order_whatever_the_threads(self, tmp_path):
        for i in range(90):
            Image.new("L", (8 + i % 3, 8), i).save(tmp_path / f"{i:03}.png")
        for workers in (1, 7):
            images = load(str(tmp_path), options=Reading(workers=workers))
            seen = [int(image[0, 0, 0]) for batch in images.batches(16) for image in batch]
            assert seen == list(range(90))
        rows = torch.tensor([5, 80, 5, 0])
        taken = [int(image[0, 0, 0]) for b in images.take(rows, "some").batches(3) for image in b]
        assert taken == [5, 80, 5, 0]

    def test_names_are_no_part_of_the_content(self, tmp_path):
        for side, names in (("a", "xyz"), ("b", "zyx")):
            (tmp_path / side).mkdir()
            for i, name in enumerate(names):
                Image.new("L", (9, 9), i).save(tmp_path / side / f"{name}.png")
        a, b = load(str(tmp_path / "a")), load(str(tmp_path / "b"))
        assert a.fingerprint == b.fingerprint
        assert torch.equal(a.keys, b.keys.flip(0))

    def test_a_consumer_may_stop(self, tmp_path):
        for i in range(50):
            save(tmp_path / f"{i}.png")
        batches = load(str(tmp_path)).batches(2)
        next(batches)
        batches.close()


class TestClasses:
    def test_class_folders_give_labels(self, tmp_path):
        for name, count in (("cat", 2), ("dog", 3)):
            (tmp_path / name).mkdir()
            for i in range(count):
                save(tmp_path / name / f"{i}.png")
        images = load(str(tmp_path))
        assert images.classes == ("cat", "dog")
        assert images.labels.tolist() == [0, 0, 1, 1, 1]

    def test_one_folder_or_files_beside_give_none(self, tmp_path):
        (tmp_path / "cat").mkdir()
        save(tmp_path / "cat" / "a.png")
        assert load(str(tmp_path)).labels is None
        save(tmp_path / "b.png")
        assert load(str(tmp_path)).labels is None


class TestZip:
    def test_a_zip_is_its_folder(self, tmp_path):
        folder = tmp_path / "in"
        for name in ("a", "b"):
            (folder / name).mkdir(parents=True)
            save(folder / name / "x.png", size=(9, 9 + len(name)))
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for path in folder.rglob("*.png"):
                archive.write(path, f"top/{path.relative_to(folder)}")
            archive.writestr("__MACOSX/top/._x.png", "x")
        zipped, plain = load(str(tmp_path / "a.zip")), load(str(folder))
        assert zipped.fingerprint == plain.fingerprint
        assert zipped.classes == ("a", "b")
        assert torch.equal(zipped.tensor(), plain.tensor())

    def test_a_damaged_zip_is_named(self, tmp_path):
        (tmp_path / "a.zip").write_text("x")
        with pytest.raises(InputError, match=r"a\.zip cannot be read as \.zip"):
            load(str(tmp_path / "a.zip"))


def test_empty_folders_say_what_they_hold(tmp_path):
    with pytest.raises(InputError, match=r"holds no pictures.*it is empty"):
        load(str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match=r"its files are 1 \.txt"):
        load(str(tmp_path))


class TestTraces:
    """Smooth random pictures, as files, with and without what was done to one side."""

    def folder(self, path, seed, change=lambda picture: picture, suffix=".png"):
        path.mkdir()
        rng = np.random.default_rng(seed)
        for i in range(24):
            field = np.fft.rfft2(rng.normal(size=(64, 64, 3)), axes=(0, 1))
            down, along = np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64)[None]
            field *= 1 / np.maximum(np.hypot(down, along), 1 / 64)[..., None]
            image = np.fft.irfft2(field, axes=(0, 1))
            image = (image - image.mean()) / image.std() * 50 + 128
            picture = Image.fromarray(image.clip(0, 255).astype(np.uint8))
            change(picture).save(path / f"{i:02}{suffix}")
        return load(str(path))

    def test_alike_sides_are_not_warned_about(self, tmp_path):
        a, b = self.folder(tmp_path / "a", 0), self.folder(tmp_path / "b", 1)
        assert warnings(a, b) == []

    def test_jpeg_files_on_one_side(self, tmp_path):
        a, b = self.folder(tmp_path / "a", 0, suffix=".jpg"), self.folder(tmp_path / "b", 1)
        (told,) = warnings(a, b)
        assert "the real images have been JPEG-compressed" in told

    def test_pngs_that_were_jpeg_before(self, tmp_path):
        def compressed(picture):
            import io

            stream = io.BytesIO()
            picture.save(stream, "JPEG", quality=60)
            return Image.open(stream)

        a, b = self.folder(tmp_path / "a", 0), self.folder(tmp_path / "b", 1, compressed)
        (told,) = warnings(a, b)
        assert "the fake images have been JPEG-compressed" in told

    def test_enlarged_images(self, tmp_path):
        def enlarged(picture):
            half = picture.resize((32, 32), Image.Resampling.BILINEAR)
            return half.resize((64, 64), Image.Resampling.BILINEAR)

        a, b = self.folder(tmp_path / "a", 0), self.folder(tmp_path / "b", 1, enlarged)
        (told,) = warnings(a, b)
        assert "the fake images look enlarged" in told
