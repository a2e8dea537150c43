"""Pictures of what is inside networks: that each pixel is what the index says of it."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ganbench import grids, internals, workbench
from ganbench.cli import main
from ganbench.errors import InputError
from ganbench.internals import LeftOut, Sheet, arithmetic, filters, sheets, strips, units
from ganbench.interpolation import strip
from ganbench.models import build
from tests.generators import digits, points, styled
from tests.models import tiny as zoo


def numbers(sheets):
    return [sheet.name for sheet in sheets if isinstance(sheet, Sheet)]


class TestArithmetic:
    def test_it_is_the_sum_of_mean_latents(self):
        generator = digits(classes=("x", "y", "z"), dim=4)
        found = arithmetic(generator, seed=3, terms=("z", "x", "y"))
        latents = generator.latents(internals.DRAWN, 3)
        x, y, z = (latents[latents[:, i] > 0].mean(0) for i in range(3))
        made = generator(torch.stack((z, x, y, z - x + y)))
        assert np.array_equal(found.picture[:, : 4 * 10 + 2], grids.tile(made.numpy(), 4))
        assert found.about["rows"] == [{"a": "z", "b": "x", "c": "y"}]
        assert sum(found.about["samples_of_a_class"].values()) == internals.DRAWN

    def test_each_class_is_once_the_first(self):
        found = arithmetic(digits(classes=("p", "q", "r", "s")))
        assert [row["a"] for row in found.about["rows"]] == ["p", "q", "r", "s"]
        assert all(len(set(row.values())) == 3 for row in found.about["rows"])

    def test_classes_of_which_there_are_no_samples_are_no_terms(self):
        generator = digits(classes=("p", "q", "r", "s"), counts=(5, 0, 5, 5))
        found = arithmetic(generator)
        assert [row["a"] for row in found.about["rows"]] == ["p", "r", "s"]
        with pytest.raises(InputError, match="no class 'q' among the samples"):
            arithmetic(generator, terms=("p", "q", "r"))
        two = digits(classes=("p", "q", "r"), counts=(5, 0, 5))
        assert "2 classes; a sum needs three" in arithmetic(two).why

    def test_without_classes_the_classifier_says_them(self):
        generator = digits(shape=(1, 28, 28), dim=8, categories=4)
        found = arithmetic(generator)
        if isinstance(found, LeftOut):  # random weights may draw two digits only
            assert "a sum needs three" in found.why
        else:
            assert len(found.about["called"]) == len(found.about["rows"])
        assert isinstance(arithmetic(digits()), LeftOut)
        assert isinstance(arithmetic(points()), LeftOut)


class TestFilters:
    def test_of_a_convolution_the_largest_first_and_grey_is_nothing(self):
        conv = nn.Conv2d(1, 3, 2)
        conv.weight.data = torch.tensor(
            [[[[0.0, 1], [0, 0]]], [[[2, -2], [0, 0]]], [[[0.0] * 2] * 2]]
        )
        found = filters(nn.Sequential(conv, nn.Flatten()), (1, 8, 8))
        assert found.about["filters"] == [1, 0, 2]
        assert found.about["white"] == 2
        tiles = found.picture[2:10, :, 0]
        assert tiles[0, 2] == 255
        assert tiles[0, 6] == 0
        assert tiles[4, 2] == 128
        assert tiles[0, 12 + 4] == 191

    @pytest.mark.parametrize("name", zoo.MODELS)
    @pytest.mark.parametrize("condition", ["none", "projection"])
    def test_of_each_architecture(self, name, condition):
        config = zoo.made(name, condition, spectral_norm=True)
        _, net = build(config, (3, 16, 16), 2 if condition != "none" else 0)
        found = filters(net.eval(), (3, 16, 16))
        assert found.picture.std() > 0
        assert found.about["of"] >= len(found.about["filters"]) > 0

    def test_where_there_are_none(self):
        assert "not kept" in filters(None, (1, 8, 8)).why
        assert "points" in filters(nn.Linear(2, 1), (2,)).why


class TestUnits:
    def test_they_are_the_most_varied_of_the_layer(self):
        generator = digits()
        made = list(units(generator, seed=2))
        assert [sheet.about["layer"] for sheet in made] == ["0", "4", "7"]
        latents = generator.latents(internals.SAMPLES, 2)
        maps = generator.net[:5](latents)  # the transposed convolution is the fifth module
        about = made[1].about
        assert about["shape"] == list(maps.shape[1:])
        spread = maps.transpose(0, 1).flatten(1).std(1)
        assert about["units"] == spread.argsort(descending=True)[:16].tolist()
        assert about["deviations"] == pytest.approx(sorted(spread.tolist())[::-1][:16], abs=1e-4)
        # The last layer's only unit is the image before its tanh.
        tiles = made[-1].picture
        sample, unit = (tiles[2:10, 2 + 10 * i : 10 + 10 * i, 0].astype(int) for i in (0, 1))
        assert np.corrcoef(sample.flat, unit.flat)[0, 1] > 0.8
        assert np.array_equal(sample, generator.sample(1, 2)[0, 0].numpy())

    @pytest.mark.parametrize("name", zoo.MODELS)
    def test_of_each_architecture(self, name):
        config = zoo.made(name)
        torch.manual_seed(1)
        net, _ = build(config, (3, 16, 16))
        generator = type(digits())(net.eval(), config, (3, 16, 16))
        made = list(units(generator))
        assert len(made) >= 3
        assert len({sheet.about["layer"] for sheet in made}) == len(made)
        side = internals.SAMPLES * 18 + 2
        assert all(sheet.picture.shape[0] == side for sheet in made)

    def test_a_generator_in_training_stays_so_and_keeps_no_hook(self):
        generator = styled()
        generator.net.train()
        list(units(generator))
        assert generator.net.training
        assert not any(module._forward_hooks for module in generator.net.modules())

    def test_opacity_is_no_colour(self):
        assert len(list(units(digits(shape=(2, 8, 8))))) == 3
        assert len(list(units(digits(shape=(4, 8, 8))))) == 3


def test_strips_are_ways_between_samples():
    generator = digits()
    found = strips(generator, seed=4)
    path = strip(generator, generator.latents(12, 4), 10)
    assert np.array_equal(found.picture, grids.tile(generator(path).numpy(), 10))


def test_of_points_there_are_ways_alone():
    found = list(sheets(points()))
    assert numbers(found) == ["strips"]
    assert [one.name for one in found if isinstance(one, LeftOut)] == [
        "arithmetic",
        "filters",
        "units",
    ]


class TestCommand:
    def test_a_folder_with_an_index(self, capsys, tiny, tmp_path):
        list(workbench.launch(tiny(), tmp_path / "runs").events())
        out = tmp_path / "in" / "side"
        words = ("internals", "latest", "--out", out, "--runs-dir", tmp_path / "runs")
        assert main([str(word) for word in words]) == 0
        said = capsys.readouterr().out
        assert "no filters: its discriminator reads points" in said.replace("\n", " ")
        index = json.loads((out / "index.json").read_text())
        assert [picture["file"] for picture in index["pictures"]] == ["strips.png"]
        assert {left["what"] for left in index["left_out"]} == {"arithmetic", "filters", "units"}
        assert index["step"] == 40
        assert sorted(path.name for path in out.iterdir()) == ["index.json", "strips.png"]

    def test_of_images(self, capsys, tmp_path):
        from ganbench import exported

        files = exported.to_files(digits(classes=("a", "b", "c")), {})
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / exported.WEIGHTS).write_bytes(files.weights)
        (tmp_path / "made" / exported.JSON).write_bytes(files.json)
        out = tmp_path / "side"
        words = ["internals", str(tmp_path / "made"), "--out", str(out)]
        assert main([*words, "--terms", "c", "a", "b"]) == 0
        index = json.loads((out / "index.json").read_text())
        named = {picture["file"] for picture in index["pictures"]}
        assert named == {path.name for path in out.glob("*.png")}
        assert len(named) == 5
        assert [left["what"] for left in index["left_out"]] == ["filters"]
        for name in named:
            with Image.open(out / name) as picture:
                assert min(picture.size) > 100
        capsys.readouterr()
        assert main([*words, "--terms", "c", "a"]) == 1
        assert "three classes" in capsys.readouterr().err
        assert main([*words, "--terms", "c", "a", "e"]) == 1
        assert "no class 'e'" in capsys.readouterr().err
