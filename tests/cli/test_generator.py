"""The commands that use a generator, on exported folders: what is written, and what is refused."""

import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganbench as gb
from ganbench import exported, grids, workbench
from ganbench.cli import main
from tests.generators import digits, points


def folder(generator, path):
    path.mkdir()
    files = exported.to_files(generator, {})
    (path / exported.WEIGHTS).write_bytes(files.weights)
    (path / exported.JSON).write_bytes(files.json)
    return path


@pytest.fixture
def plain(tmp_path):
    return folder(digits(), tmp_path / "plain")


@pytest.fixture
def conditional(tmp_path):
    return folder(digits(classes=("cat", "big dog", "3"), counts=(1, 1, 2)), tmp_path / "cond")


@pytest.fixture
def ring(tmp_path):
    return folder(points(), tmp_path / "ring")


def run(capsys, *words):
    capsys.readouterr()
    status = main([str(word) for word in words])
    return status, capsys.readouterr()


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


class TestSample:
    def test_arrays_with_labels(self, capsys, conditional, tmp_path):
        out = tmp_path / "a.npz"
        words = ("sample", conditional, "--out", out, "--n", 30, "--seed", 5)
        assert run(capsys, *words)[0] == 0
        generator = gb.load(conditional)
        with np.load(out) as file:
            assert np.array_equal(file["images"], generator.sample(30, seed=5).numpy())
            expected = generator.labels_of(generator.latents(30, seed=5))
            assert np.array_equal(file["labels"], expected.numpy())
        assert run(capsys, *words, "--label", "big dog")[0] == 0
        with np.load(out) as file:
            assert file["labels"].tolist() == [1] * 30

    def test_a_column_for_each_class(self, capsys, conditional, tmp_path):
        out = tmp_path / "a.png"
        words = ("sample", conditional, "--out", out, "--n", 9)
        assert run(capsys, *words, "--label", "all")[0] == 0
        made = gb.load(conditional).sample(9, labels=[0, 1, 2] * 3).numpy()
        assert np.array_equal(pixels(out), grids.enlarge(grids.tile(made, 3), 800))
        assert run(capsys, *words, "--label", "cat", "3", "--grid", 5)[0] == 0
        made = gb.load(conditional).sample(9, labels=[0, 2, 0, 2, 0, 2, 0, 2, 0]).numpy()
        assert np.array_equal(pixels(out), grids.enlarge(grids.tile(made, 5), 800))

    def test_a_folder_for_each_class(self, capsys, conditional, tmp_path):
        out = tmp_path / "files"
        words = ("sample", conditional, "--out", out, "--n", 12, "--label", "all")
        assert run(capsys, *words)[0] == 0
        found = sorted(str(path.relative_to(out)) for path in out.rglob("*.png"))
        assert found[:5] == ["3/02.png", "3/05.png", "3/08.png", "3/11.png", "big_dog/01.png"]
        made = gb.load(conditional).sample(12, labels=[0, 1, 2] * 4).numpy()
        assert np.array_equal(pixels(out / "cat" / "03.png")[..., 0], made[3, 0])

    def test_psi(self, capsys, plain, tmp_path):
        out = tmp_path / "a.npz"
        words = ("sample", plain, "--out", out, "--n", 5, "--psi", 0.5)
        assert "psi 0.5" in run(capsys, *words)[1].out
        with np.load(out) as file:
            assert np.array_equal(file["images"], gb.load(plain).sample(5, psi=0.5).numpy())

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--label", "dgo"], "no class 'dgo'; There are 0 cat, 1 big dog, 2 3"),
            (["--label", "7"], "no class '7'"),
            (["--psi", "-1"], "--psi -1: 0 or more"),
            (["--grid", "0"], "--grid 0: at least 1"),
            (["--n", "0"], "--n 0: at least 1"),
            (["--step", "3"], "no step to choose"),
        ],
    )
    def test_what_is_refused(self, capsys, conditional, tmp_path, words, message):
        status, shown = run(capsys, "sample", conditional, "--out", tmp_path / "a.png", *words)
        assert status == 1
        assert message in shown.err
        assert not (tmp_path / "a.png").exists()

    def test_a_class_of_one_that_has_none(self, capsys, plain, tmp_path):
        for label in ("3", "all"):
            words = ("sample", plain, "--out", tmp_path / "a.png", "--label", label)
            assert "is not conditional" in run(capsys, *words)[1].err


class TestInterpolate:
    def test_a_strip(self, capsys, plain, tmp_path):
        out = tmp_path / "s.png"
        assert run(capsys, "interpolate", plain, "--out", out, "--n", 3, "--frames", 7)[0] == 0
        generator = gb.load(plain)
        ends = generator(generator.latents(6)).numpy()
        shown = pixels(out)
        factor = round(shown.shape[1] / (7 * 10 + 2))
        small = shown[::factor, ::factor, 0]
        for row in range(3):
            top = 2 + 10 * row
            assert np.array_equal(small[top : top + 8, 2:10], ends[2 * row, 0])
            assert np.array_equal(small[top : top + 8, 62:70], ends[2 * row + 1, 0])

    @pytest.mark.parametrize("suffix", [".webp", ".gif", ".zip"])
    def test_a_loop(self, capsys, conditional, tmp_path, suffix):
        out = tmp_path / f"m{suffix}"
        words = ("--n", 3, "--frames", 4, "--side", 60, "--grid", 2, "--label", "all")
        assert run(capsys, "interpolate", conditional, "--out", out, *words)[0] == 0
        if suffix != ".zip":
            with Image.open(out) as movie:
                assert (movie.n_frames, movie.info["loop"]) == (12, 0)
            return
        with zipfile.ZipFile(out) as archive:
            names = archive.namelist()
            assert len(names) == 12
            generator = gb.load(conditional)
            # At its second stop all four samples are of the second class.
            made = generator.sample(12, labels=[0] * 4 + [1] * 4 + [2] * 4)[4:8]
            with archive.open(names[4]) as file:
                found = np.asarray(Image.open(file).convert("RGB"))
        expected = grids.enlarge(grids.tile(made.numpy(), 2), 60)
        assert np.array_equal(found[: len(expected), : expected.shape[1]], expected)

    def test_a_video_has_every_frame(self, capsys, plain, tmp_path):
        av = pytest.importorskip("av", reason="PyAV is in the video extra")
        out = tmp_path / "m.mp4"
        words = ("--n", 2, "--frames", 5, "--fps", 10, "--side", 64)
        assert run(capsys, "interpolate", plain, "--out", out, *words)[0] == 0
        with av.open(str(out)) as movie:
            assert len(list(movie.decode(video=0))) == 10
            assert movie.duration / av.time_base == pytest.approx(1)

    def test_points(self, capsys, ring, tmp_path):
        for name in ("p.png", "p.gif"):
            words = ("--n", 2, "--frames", 3)
            assert run(capsys, "interpolate", ring, "--out", tmp_path / name, *words)[0] == 0
            assert len(np.unique(pixels(tmp_path / name).reshape(-1, 3), axis=0)) >= 3

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--out", "m.pdf"], "or a .png for a strip"),
            (["--out", "m.gif", "--fps", "0"], "--fps 0"),
            (["--out", "m.png", "--frames", "1"], "--frames 1: at least 2"),
            (["--out", "m.png", "--n", "0"], "--n 0: at least 1"),
            (["--out", "m.gif", "--grid", "0"], "--grid 0: at least 1"),
        ],
    )
    def test_what_is_refused(self, capsys, plain, words, message):
        status, shown = run(capsys, "interpolate", plain, *words)
        assert status == 1
        assert message in shown.err


class TestProject:
    def test_the_picture_of_a_sample(self, capsys, conditional, tmp_path):
        generator = gb.load(conditional)
        sample = generator.sample(1, seed=77, labels="big dog")[0]
        Image.fromarray(sample[0].numpy()).save(tmp_path / "in.png")
        words = ["project", tmp_path / "in.png", "--run", conditional, "--steps", 60]
        words += ["--out", tmp_path / "out.png"]
        status, shown = run(capsys, *words, "--latent", tmp_path / "z.npz")
        assert status == 0
        assert "class big dog" in shown.out
        assert "of random samples" in shown.out
        run(capsys, *words, "--latent", tmp_path / "z.safetensors")
        latent = torch.from_numpy(np.load(tmp_path / "z.npz")["latent"])
        assert torch.equal(load_file(tmp_path / "z.safetensors")["latent"], latent)
        shown = pixels(tmp_path / "out.png")
        factor = round(shown.shape[1] / 32)
        small = shown[::factor, ::factor, 0]
        assert np.array_equal(small[2:10, 2:10], sample[0].numpy())
        assert np.array_equal(small[2:10, 12:20], generator(latent)[0, 0].numpy())

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--out", "a.jpg"], "expected a .png"),
            (["--out", "a.png", "--latent", "z.pt"], "expected one of .npz, .safetensors"),
            (["--out", "a.png", "--starts", "513"], "--starts 513: from 1 to 512"),
            (["--out", "a.png", "--steps", "0"], "--steps 0: at least 1"),
            (["--out", "a.png"], "none.jpg cannot be read"),
        ],
    )
    def test_what_is_refused(self, capsys, plain, words, message):
        status, shown = run(capsys, "project", "none.jpg", "--run", plain, *words)
        assert status == 1
        assert message in shown.err


def test_a_place_that_cannot_be_written_is_named(capsys, plain, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for name in ("a.png", "a.npz", "a"):
        out = tmp_path / "file" / name
        status, shown = run(capsys, "sample", plain, "--out", out)
        assert (status, f"{out} cannot be written" in shown.err) == (1, True)
    for name in ("a.png", "a.gif"):
        out = tmp_path / "file" / name
        words = ("--n", 1, "--frames", 2)
        status, shown = run(capsys, "interpolate", plain, "--out", out, *words)
        assert (status, f"{out} cannot be written" in shown.err) == (1, True)


def test_export_and_what_is_made_of_it(capsys, tiny, tmp_path):
    made = workbench.launch(tiny(steps=10), tmp_path / "runs")
    list(made.events())
    out = tmp_path / "gan"
    words = ("export", "latest", "--to", out, "--runs-dir", tmp_path / "runs")
    status, shown = run(capsys, *words)
    assert status == 0
    assert f'gb.load("{out}")' in shown.out
    assert json.loads((out / "config.json").read_text())["run"] == made.folder.id
    for source in (out, made.folder.path):
        run(capsys, "sample", source, "--out", tmp_path / f"{source.name}.npz", "--n", 9)
    both = [np.load(tmp_path / f"{source.name}.npz") for source in (out, made.folder.path)]
    assert np.array_equal(both[0]["images"], both[1]["images"])
    status, shown = run(capsys, *words)
    assert status == 1
    assert "--force replaces it" in shown.err
