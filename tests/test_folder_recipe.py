"""The recipe `folder`: what it picks follows from the pictures, and what is given wins."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import folder_recipe, recipes
from ganbench.cli import main
from ganbench.config import Config
from ganbench.folder_recipe import Pictures, choose, side
from ganbench.store import folder as folders


def pick(sizes, channels=3, classes=0, gpu=False, base=None):
    return choose(base or recipes.folder(), Pictures(sizes, channels, classes), gpu)


class TestChoice:
    @pytest.mark.parametrize(
        ("shorter", "most", "expected"),
        [
            ([100], 64, 64),
            ([64], 64, 64),
            ([63], 64, 32),
            ([40, 200, 200], 128, 128),
            ([40, 41, 900], 128, 32),
            ([5], 64, 16),
            ([5000], 128, 128),
        ],
    )
    def test_the_side_is_a_power_of_two_below_the_median(self, shorter, most, expected):
        assert side(shorter, most) == expected

    @pytest.mark.parametrize("gpu", [False, True])
    @pytest.mark.parametrize("n", [300, 9_999, 10_000, 200_000])
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_what_is_picked_is_a_config(self, gpu, n, channels):
        config, reasons = pick([(300, 200)] * n, channels, gpu=gpu)
        assert Config.model_validate(config.model_dump()) == config
        assert set(reasons) <= set(Config.model_fields)
        assert config.prepare.size == (128 if gpu else 64)
        assert config.model.name == ("stylegan" if gpu else "small")
        assert config.augment.name == ("diffaugment" if n < 10_000 else "none")
        assert config.augment.flip == (channels != 1)
        assert config.scoring.real is None
        assert config.scoring.n <= 10_000
        assert f"{config.steps:,}" in reasons["steps"]
        assert config.augment.name in reasons["augment"] or n >= 10_000

    def test_small_squares_stay_as_they_are(self):
        assert pick([(28, 28)] * 9)[0].prepare.size == 28
        assert pick([(28, 28)] * 8 + [(29, 28)])[0].prepare.size == 16
        assert pick([(30, 30)] * 9)[0].prepare.size == 16  # the networks need multiples of 4
        assert pick([(96, 96)] * 9, gpu=True)[0].prepare.size == 96

    def test_larger_pictures_take_fewer_steps(self):
        steps = [pick([(s, s)] * 9)[0].steps for s in (32, 48, 64)]
        assert steps[0] > steps[1] > steps[2]

    def test_a_size_that_is_given_decides_the_steps(self):
        base = recipes.folder()
        prepare = base.prepare.model_copy(update={"size": 32})
        given = pick([(300, 200)] * 9, base=base.model_copy(update={"prepare": prepare}))[0]
        assert given.steps == pick([(32, 32)] * 9)[0].steps
        assert given.prepare.size == 32

    @pytest.mark.parametrize("held", [True, False])
    def test_the_extractor_is_one_that_is_here(self, monkeypatch, held):
        monkeypatch.setattr(folder_recipe, "find_spec", lambda name: object() if held else None)
        config, reasons = pick([(64, 64)] * 9)
        assert config.scoring.extractor == ("efficientnet-lite0" if held else "random-conv")
        assert ("ganbench[efficientnet]" in reasons["scoring"]) != held

    def test_classes_are_not_used_unless_asked(self):
        config, reasons = pick([(64, 64)] * 9, classes=3)
        assert config.condition == "none"
        assert "3 classes" in reasons["condition"]
        asked = recipes.folder().model_copy(update={"condition": "projection"})
        config, reasons = pick([(64, 64)] * 9, classes=3, base=asked)
        assert (config.condition, reasons["condition"]) == ("projection", "projection, as you say")


class TestCommand:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))

    @pytest.fixture
    def photos(self, tmp_path):
        rng = np.random.default_rng(0)
        (tmp_path / "photos").mkdir()
        for i in range(40):
            height, width = rng.integers(17, 31, 2)
            pixels = rng.integers(256, size=(height, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / f"{i:02}.jpg")
        return tmp_path / "photos"

    def run(self, capsys, *words):
        capsys.readouterr()
        status = main(["train", "folder", *map(str, words)])
        return status, capsys.readouterr()

    def test_without_pictures(self, capsys):
        status, shown = self.run(capsys)
        assert status == 1
        assert "--data DIR" in shown.err
        with pytest.raises(SystemExit) as stop:
            main(["train", "folder", "--help"])
        assert stop.value.code == 0

    def test_a_dry_run_prints_all_that_is_picked(self, capsys, photos):
        status, shown = self.run(capsys, "--data", photos, "--dry-run", "--device", "cpu")
        assert status == 0
        config = json.loads(shown.out)
        sizes = []
        for path in sorted(photos.iterdir()):
            with Image.open(path) as picture:
                sizes.append((picture.height, picture.width))
        base = recipes.folder().model_copy(update={"data": str(photos), "device": "cpu"})
        picked, reasons = pick(sizes, base=base)
        assert config == picked.model_dump(mode="json")
        words = " ".join(shown.err.split())
        assert "40 pictures" in words
        for reason in reasons.values():
            assert reason in words

    def test_what_is_given_wins(self, capsys, photos):
        given = ["--steps", "77", "--prepare.size", "32", "--augment.no-flip"]
        _, shown = self.run(capsys, "--data", photos, "--dry-run", *given)
        config = json.loads(shown.out)
        assert (config["steps"], config["prepare"]["size"]) == (77, 32)
        assert config["augment"] == {**config["augment"], "flip": False, "name": "diffaugment"}
        for name in ("steps", "augment"):
            assert re.search(rf"{name} +as you say", shown.err)
        assert "32 pixels a side, as you say" in shown.err

    def test_a_run_from_the_first_picture_to_the_score(self, capsys, photos, tmp_path):
        words = ["--steps", "4", "--batch", "8", "--scoring.extractor", "random-conv"]
        words += ["--scoring.n", "30", "--runs-dir", tmp_path / "runs", "--device", "cpu"]
        status, shown = self.run(capsys, "--data", photos, *words)
        assert status == 0, shown.err
        assert "16 pixels a side" in shown.out
        assert "cropped to a square" in shown.out
        assert "frechet" in shown.out
        content = folders.find(tmp_path / "runs", "latest").read()
        assert content["config"]["prepare"]["size"] == 16
        assert content["data"]["n"] == 40

    def test_a_bad_file_is_named_before_a_run_is_made(self, capsys, photos, tmp_path):
        path = photos / "07.jpg"
        path.write_bytes(path.read_bytes()[:300])
        words = ["--data", photos, "--runs-dir", tmp_path / "runs", "--device", "cpu"]
        status, shown = self.run(capsys, *words)
        assert status == 1
        assert "07.jpg" in shown.err
        assert "--prepare.skip-bad" in shown.err
        assert not (tmp_path / "runs").exists()
        status, shown = self.run(capsys, *words, "--dry-run", "--prepare.skip-bad")
        assert status == 0
        assert "39 pictures" in shown.err

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_a_gpu_that_is_not_there(self, capsys, photos):
        status, shown = self.run(capsys, "--data", photos, "--device", "cuda")
        assert status == 1
        assert "finds no GPU" in shown.err

    def test_points_are_no_pictures(self, capsys):
        status, shown = self.run(capsys, "--data", "builtin:ring8:train")
        assert status == 1
        assert "points" in shown.err
