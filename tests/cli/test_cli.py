"""The commands as a script uses them: contracts, messages, exit codes."""

import json
import sys
from io import StringIO

import numpy as np
import pytest
from PIL import Image

from ganbench import workbench
from ganbench.cli import COMMANDS, main, runs
from ganbench.measures import MEASURES
from ganbench.recipes import RECIPES
from ganbench.store.sqlite import location
from ganbench.tables import duration, number


@pytest.fixture
def two(tiny, tmp_path):
    """A runs dir with two finished runs that differ in one field."""
    made = []
    for seed in (0, 1):
        run = workbench.launch(tiny(seed=seed, steps=20), tmp_path)
        list(run.events())
        made.append(run.folder.id)
    return tmp_path, made


def run(capsys, *words):
    capsys.readouterr()
    status = main([str(word) for word in words])
    return status, capsys.readouterr()


class TestUsage:
    @pytest.mark.parametrize("words", [[], ["--help"], ["train"], ["train", "--help"]])
    def test_help(self, capsys, words):
        status, shown = run(capsys, *words)
        assert status == (0 if "--help" in words else 2)
        for name in COMMANDS if "train" not in words else RECIPES:
            assert name in shown.out

    @pytest.mark.parametrize("command", [c for c in COMMANDS if c != "train"])
    def test_every_command_explains_itself(self, capsys, command):
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        assert f"ganbench {command}" in capsys.readouterr().out

    def test_version(self, capsys):
        assert run(capsys, "--version")[1].out.startswith("ganbench 0.")

    def test_a_typo_names_the_nearest(self, capsys):
        status, shown = run(capsys, "trian")
        assert status == 2
        assert "did you mean 'train'" in shown.err
        status, shown = run(capsys, "train", "mnits")
        assert status == 1
        assert "did you mean 'mnist'" in shown.err


class TestTrainArguments:
    def fails(self, capsys, *words):
        capsys.readouterr()
        try:
            status = main(["train", "mnist", "--dry-run", *words])
        except SystemExit as stop:
            status = stop.code
        shown = capsys.readouterr()
        assert status not in (0, None)
        assert "Traceback" not in shown.err + shown.out
        return " ".join((shown.err + shown.out).split())

    def test_dry_run_prints_the_whole_config(self, capsys):
        status, shown = run(capsys, "train", "mnist", "--dry-run", "--optimizer_d.lr", "1e-4")
        assert status == 0
        config = json.loads(shown.out)
        assert config["optimizer_d"]["lr"] == 1e-4
        assert config == {
            **RECIPES["mnist"]().model_dump(mode="json"),
            "optimizer_d": config["optimizer_d"],
        }

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["--optimizer_d.lr", "1e-4x"], ["--optimizer-d.lr", "1e-4x"]),
            (
                ["--optimizer.lr", "1e-4x"],
                ["--optimizer.lr", "--optimizer-d.lr", "--optimizer-g.lr"],
            ),
            (["--optimizer_d.name", "SDG"], ["SDG", "SGD"]),
            (["--stepz", "3"], ["--stepz", "--steps"]),
            (["--steps", "-3"], ["--steps", "-3", "greater than 0"]),
            (["--optimizer_d.lr", "nan"], ["lr", "finite"]),
            (["--data", "builtin:mnsit:train"], ["did you mean 'mnist'"]),
            (["--data", "builtin:ring8:train"], ["holds points", "coordinates"]),
            (["--scoring.best_by", "frechett"], ["did you mean 'frechet'"]),
            (["--scoring.extractor", "coordinates"], ["mnist-classifier"]),
            (["--model.name", "stylegna"], ["did you mean 'stylegan'", "sngan"]),
            (["--model.name", "sngan", "--model.hidden", "3"], ["--model.hidden"]),
        ],
    )
    def test_bad_values_are_named_with_what_would_be_right(self, capsys, words, expected):
        message = self.fails(capsys, *words)
        for part in expected:
            assert part in message

    @pytest.mark.parametrize("words", [["--model.name", "r3gan"], ["--model.name=r3gan"]])
    def test_an_architecture_is_chosen_by_its_name(self, capsys, words):
        status, shown = run(
            capsys,
            "train",
            "mnist",
            *words,
            "--model.width",
            "8",
            "--model.group",
            "4",
            "--dry-run",
        )
        assert status == 0
        model = json.loads(shown.out)["model"]
        assert (model["name"], model["width"], model["group"]) == ("r3gan", 8, 4)


class TestRuns:
    def test_list_json_is_the_contract(self, capsys, two):
        runs_dir, ids = two
        status, shown = run(capsys, "runs", "list", "--json", "--runs-dir", runs_dir)
        assert status == 0
        listed = json.loads(shown.out)
        assert [row["id"] for row in listed] == ids[::-1]
        for row in listed:
            assert (row["recipe"], row["state"], row["step"]) == ("ring8", "finished", 20)
            for score in row["scores"]:
                assert {"measure", "value", "extractor", "n_real", "n_fake"} <= score.keys()

    def test_tables(self, capsys, two):
        runs_dir, ids = two
        shown = run(capsys, "runs", "list", "--runs-dir", runs_dir)[1].out
        assert all(name in shown for name in ids)
        shown = run(capsys, "runs", "show", "latest", "--runs-dir", runs_dir)[1].out
        assert "optimizer_d.lr" in shown
        assert f"/runs/{ids[1]}" in shown
        assert "no GPU" in shown or "% in use" in shown

    def test_an_empty_folder(self, capsys, tmp_path):
        status, shown = run(capsys, "runs", "list", "--json", "--runs-dir", tmp_path)
        assert (status, json.loads(shown.out)) == (0, [])
        assert "ganbench train mnist" in run(capsys, "runs", "list", "--runs-dir", tmp_path)[1].out

    def test_diff_shows_only_what_differs(self, capsys, two):
        runs_dir, ids = two
        words = ("runs", "diff", ids[0][:6], "latest", "--runs-dir", runs_dir)
        found = json.loads(run(capsys, *words, "--json")[1].out)
        assert found["runs"] == ids
        assert found["fields"] == {"seed": [0, 1]}
        assert {row["measure"] for row in found["scores"]} >= {"frechet", "modes_covered"}
        assert all(row["comparable"] for row in found["scores"])
        shown = run(capsys, *words)[1].out
        assert "seed" in shown
        assert "steps" not in shown

    def test_scores_of_other_sizes_are_not_comparable(self):
        score = {"measure": "kid", "extractor": "e", "value": 1.0}
        one = score | {"fingerprint": "a", "protocol": {"n_fake": 10, "versions": {"torch": "1"}}}
        two = score | {"fingerprint": "b", "protocol": {"n_fake": 20, "versions": {"torch": "2"}}}
        (row,) = runs._scores([one], [two])
        assert not row["comparable"]
        assert row["differs"] == ["n_fake"]
        (row,) = runs._scores([one], [])
        assert not row["comparable"]

    def test_delete(self, capsys, two, monkeypatch):
        runs_dir, ids = two
        monkeypatch.setattr("sys.stdin", StringIO("n\n"))
        assert run(capsys, "runs", "delete", ids[0], "--runs-dir", runs_dir)[0] == 1
        assert (runs_dir / ids[0]).exists()
        assert run(capsys, "runs", "delete", ids[0], "--yes", "--runs-dir", runs_dir)[0] == 0
        assert not (runs_dir / ids[0]).exists()
        assert (
            len(json.loads(run(capsys, "runs", "list", "--json", "--runs-dir", runs_dir)[1].out))
            == 1
        )

    def test_a_run_that_goes_on_is_not_deleted_or_resumed(self, capsys, tiny, tmp_path):
        going = workbench.launch(tiny(), tmp_path)
        for command in (["runs", "delete", "latest", "--yes"], ["resume", "latest"]):
            status, shown = run(capsys, *command, "--runs-dir", tmp_path)
            assert status == 1
            assert "is running" in shown.err
        list(going.events())
        status, shown = run(capsys, "resume", "latest", "--runs-dir", tmp_path)
        assert status == 1
        assert "is finished" in shown.err

    def test_reindex_brings_everything_back(self, capsys, two):
        runs_dir, _ = two
        words = ("runs", "list", "--json", "--runs-dir", runs_dir)
        before = run(capsys, *words)[1].out
        location(runs_dir).unlink()
        assert run(capsys, "reindex", "--runs-dir", runs_dir)[0] == 0
        assert location(runs_dir).exists()
        assert run(capsys, *words)[1].out == before

    def test_an_unknown_run_is_named(self, capsys, two):
        status, shown = run(capsys, "runs", "show", "zzz", "--runs-dir", two[0])
        assert status == 1
        assert two[1][0] in shown.err


class TestOutputs:
    def test_sample(self, capsys, two, tmp_path):
        runs_dir, _ = two
        out = tmp_path / "samples.npz"
        words = ("sample", "latest", "--n", 7, "--out", out, "--runs-dir", runs_dir)
        assert run(capsys, *words)[0] == 0
        with np.load(out) as file:
            assert file["images"].shape == (7, 2)
        status, shown = run(capsys, *words[:3], 0, *words[4:])
        assert status == 1
        assert "at least 1" in shown.err
        for bad in ("a.jpg", "a.png"):  # points are no pictures
            status, shown = run(capsys, *words[:5], tmp_path / bad, *words[6:])
            assert status == 1
            assert ".npz" in shown.err

    @pytest.mark.parametrize("suffix", [".webp", ".gif"])
    def test_movie(self, capsys, two, tmp_path, suffix):
        runs_dir, _ = two
        out = tmp_path / f"m{suffix}"
        assert run(capsys, "movie", "latest", "--out", out, "--runs-dir", runs_dir)[0] == 0
        with Image.open(out) as picture:
            assert picture.n_frames == 3  # steps 0, 10, 20
            assert picture.info["loop"] == 0

    def test_video(self, capsys, two, tmp_path):
        av = pytest.importorskip("av", reason="PyAV is in the video extra")
        out = tmp_path / "m.mp4"
        words = ["--out", out, "--fps", 4, "--side", 101, "--runs-dir", two[0]]
        assert run(capsys, "movie", "latest", *words)[0] == 0
        with av.open(str(out)) as movie:
            frames = [frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)]
            seconds = movie.duration / av.time_base
        assert len(frames) == 2 + 2 * 4  # the last one stays for two seconds
        assert seconds == pytest.approx(10 / 4)
        assert abs(frames[0].astype(int) - frames[2]).max() > 20

    def test_video_without_its_encoder(self, capsys, two, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "av", None)
        words = ["--out", tmp_path / "m.mp4", "--runs-dir", two[0]]
        status, shown = run(capsys, "movie", "latest", *words)
        assert status == 1
        assert "ganbench[video]" in shown.err

    def test_a_damaged_picture_costs_that_picture(self, capsys, two, tmp_path):
        runs_dir, ids = two
        next((runs_dir / ids[1] / "media").iterdir()).write_bytes(b"broken")
        out = tmp_path / "m.webp"
        status, shown = run(capsys, "movie", ids[1], "--out", out, "--runs-dir", runs_dir)
        assert status == 0
        assert "cannot be read" in shown.out
        with Image.open(out) as picture:
            assert picture.n_frames == 2

    def test_movie_arguments(self, capsys, two, tmp_path):
        for words in (["--out", "m.avi"], ["--out", "m.gif", "--fps", "0"]):
            status, shown = run(capsys, "movie", "latest", *words, "--runs-dir", two[0])
            assert status == 1
            assert words[-1] in shown.err

    def test_measures_json_is_the_contract(self, capsys):
        rows = json.loads(run(capsys, "measures", "--json")[1].out)
        assert [row["name"] for row in rows] == list(MEASURES)
        for row in rows:
            assert row.keys() >= {"name", "borji", "direction", "range", "needs", "paper", "cost"}
        assert {row["name"]: row["borji"] for row in rows}["frechet"] == "7"
        listed = run(capsys, "measures")[1].out
        assert [line.split()[0] for line in listed.splitlines()[1:] if line.startswith("Q")]
        assert (
            "no measure 'frechett'; did you mean 'frechet'?"
            in run(capsys, "measures", "frechett")[1].err
        )
        assert "Heusel et al. 2017" in run(capsys, "measures", "frechet")[1].out

    def test_a_warning_keeps_its_brackets(self, capsys, two, monkeypatch):
        """They name an extra to install, and are no markup of the terminal."""
        monkeypatch.setitem(sys.modules, "gudhi", None)
        words = ("evaluate", "--fake", "builtin:mnist:test[0:100]", "--n", 100)
        words += ("--real", "builtin:mnist:train[0:200]", "--measures", "geometry_score")
        assert "ganbench[topology]" in run(capsys, *words)[1].err

    def test_evaluate(self, capsys, two):
        runs_dir, _ = two
        words = ("evaluate", "--fake", "run:latest", "--n", 100, "--extractor", "coordinates")
        words += (
            "--real",
            "builtin:ring8:test[:500]",
            "--measures",
            "frechet",
            "--measures",
            "recall",
        )
        status, shown = run(capsys, *words, "--runs-dir", runs_dir, "--json")
        assert status == 0
        scores = json.loads(shown.out)
        assert [score["measure"] for score in scores] == ["frechet", "recall"]
        assert scores[0]["protocol"]["reference"] == "100 of builtin:ring8:test[:500]"
        assert scores[0]["n_fake"] == scores[0]["n_real"] == 100
        assert run(capsys, *words, "--runs-dir", runs_dir)[0] == 0

    def test_evaluate_refuses_in_words(self, capsys, tmp_path):
        words = ("evaluate", "--fake", tmp_path / "none", "--runs-dir", tmp_path)
        status, shown = run(capsys, *words)
        assert status == 1
        assert "does not exist" in shown.err
        words = ("evaluate", "--fake", "builtin:ring8:test", "--runs-dir", tmp_path)
        status, shown = run(capsys, *words)
        assert status == 1
        assert "1x28x28" in shown.err


def test_numbers_and_durations():
    assert [number(v) for v in (None, 0.000123456, 12.3456, 123456.7, "NaN")] == [
        "–",
        "0.0001235",
        "12.35",
        "123,457",
        "nan",
    ]
    assert [duration(s) for s in (0, 61.4, 3723)] == ["0:00", "1:01", "1:02:03"]
