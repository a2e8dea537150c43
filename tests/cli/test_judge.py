"""`ganbench judge`: what is in the study that it writes, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import ganbench as gb
from ganbench import exported
from ganbench.cli import main
from ganbench.grids import coloured
from ganbench.store import studies
from tests.generators import digits, points


def folder(generator, path):
    path.mkdir()
    files = exported.to_files(generator, {})
    (path / exported.WEIGHTS).write_bytes(files.weights)
    (path / exported.JSON).write_bytes(files.json)
    return path


@pytest.fixture
def one(tmp_path):
    return folder(digits(), tmp_path / "one")


@pytest.fixture
def other(tmp_path):
    return folder(digits(classes=("a", "b"), counts=(1, 1)), tmp_path / "other")


@pytest.fixture
def reals(tmp_path):
    """30 pictures, all different."""
    pixels = np.random.RandomState(0).randint(0, 256, (30, 1, 8, 8), np.uint8)
    np.savez(tmp_path / "reals.npz", images=pixels)
    return tmp_path / "reals.npz"


def run(capsys, *words):
    capsys.readouterr()
    status = main(["judge", *map(str, words)])
    return status, capsys.readouterr()


def pixels(study, run, *, real):
    found = []
    for name in study.of(run, real=real):
        with Image.open(study.file(name)) as picture:
            found.append(np.asarray(picture))
    return np.stack(found)


def test_samples_and_reals_are_in_the_study(capsys, tmp_path, one, other, reals):
    runs_dir = tmp_path / "runs"
    words = (one, other, "--real", reals, "--n", 12, "--seed", 3, "--runs-dir", runs_dir)
    status, said = run(capsys, *words)
    assert status == 0
    (study,), problems = studies.all_studies(runs_dir)
    assert problems == []
    assert study.runs == ("one", "other")
    assert set(study.reals.values()) == {str(reals)}
    assert f"{study.path}: 48 pictures of 2 runs" in said.out
    assert f"http://127.0.0.1:8642/judge/{study.id}" in said.out
    for path, name in ((one, "one"), (other, "other")):
        expected = coloured(gb.load(path).sample(12, seed=3).numpy())
        assert np.array_equal(pixels(study, name, real=False), expected)
    with np.load(reals) as file:
        there = {picture.tobytes() for picture in coloured(file["images"])}
    shown = [p.tobytes() for name in study.runs for p in pixels(study, name, real=True)]
    assert set(shown) <= there
    assert len(set(shown)) == 24  # no real picture twice: who knows one would know the other


def test_where_there_are_few_reals_runs_share_them(capsys, tmp_path, one, other, reals):
    words = (one, other, "--real", reals, "--n", 20, "--runs-dir", tmp_path)
    assert run(capsys, *words)[0] == 0
    (study,), _ = studies.all_studies(tmp_path)
    for name in study.runs:
        assert len({p.tobytes() for p in pixels(study, name, real=True)}) == 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a run"),
        (("gone",), "no run"),
        (("one", "--n", 31), "holds 30 pictures: at most --n 30"),
        (("one", "--n", 1), "at least 2 pictures"),
        (("one", "--seed", -1), "expected 0 or more"),
        (("one", "one"), "one is named twice"),
        (("one@soon",), "must be a number, not 'soon'"),
        (("ring",), "makes points"),
    ],
)
def test_what_cannot_be_judged(capsys, tmp_path, one, reals, words, said):
    folder(points(), tmp_path / "ring")
    named = [tmp_path / w if str(w).partition("@")[0] in ("one", "ring") else w for w in words]
    status, told = run(capsys, *named, "--real", reals, "--runs-dir", tmp_path / "runs")
    assert status == 1
    assert said in told.err
    assert studies.all_studies(tmp_path / "runs") == ([], [])


def test_reals_of_another_size(capsys, tmp_path, one):
    status, told = run(capsys, one, "--runs-dir", tmp_path, "--n", 4)
    assert status == 1
    assert "builtin:mnist:test holds 1x28x28" in told.err
    assert "makes 1x8x8" in told.err


def test_runs_of_different_sizes(capsys, tmp_path):
    paths = []
    for side in (8, 16):
        spec = tmp_path / f"{side}.npz"
        np.savez(spec, images=np.zeros((30, 1, side, side), np.uint8))
        made = digits(shape=(1, side, side))
        scoring = made.config.scoring.model_copy(update={"real": str(spec)})
        made = replace(made, config=made.config.model_copy(update={"scoring": scoring}))
        paths.append(folder(made, tmp_path / str(side)))
    status, told = run(capsys, *paths, "--n", 4, "--runs-dir", tmp_path)
    assert status == 1
    assert "different sizes cannot be compared: 8 1x8x8, 16 1x16x16" in told.err
    assert run(capsys, paths[1], "--n", 4, "--runs-dir", tmp_path)[0] == 0
