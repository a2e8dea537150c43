"""The tutorial's script, as it is and with Comet's import line: both record the same training."""

import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.comet.test_agreement import read_zip
from tests.track.reading import read, stored

os.environ["KERAS_BACKEND"] = "torch"
pytest.importorskip("keras", reason="Keras is in the dev and keras extras")

SCRIPT = Path(__file__).parents[2] / "examples" / "keras_tutorial.py"
IMPORT = "from ganbench.comet import Experiment"
SERIES = ("dis_loss", "dis_acc", "adv_loss", "adv_acc")
STEPS, EVERY = 4, 2


def run(script, where):
    """The script's own process in `where`; what it printed."""
    options = ("--steps", str(STEPS), "--batch", "8", "--every", str(EVERY))
    environment = os.environ | {
        "KERAS_BACKEND": "torch",
        "OMP_NUM_THREADS": "1",
        "GANBENCH_RUNS": str(where / "runs"),
        "COMET_OFFLINE_DIRECTORY": str(where),
        "COMET_AUTO_LOG_PARAMETERS": "false",
        "COMET_AUTO_LOG_METRICS": "false",
    }
    done = subprocess.run(
        [sys.executable, str(script), *options],
        capture_output=True, text=True, cwd=where, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    where = tmp_path_factory.mktemp("ours")
    return where, run(SCRIPT, where)


def test_what_its_page_shows(ours):
    where, printed = ours
    shown = read(where / "runs", series=SERIES)
    assert set(shown["points"]) == set(SERIES)
    for name in SERIES:
        assert shown["series"][name]["step"] == [*range(STEPS)]
        assert np.isfinite(shown["series"][name]["value"]).all()
    pictures = stored(where / "runs" / shown["id"] / "media", shown)
    assert list(pictures) == [("samples", step) for step in range(0, STEPS, EVERY)]
    for (_, step), picture in pictures.items():
        file = Image.open(where / "output" / f"samples_{step:05}.png")
        assert picture.shape == (112, 112, 3)
        assert (picture[:, :, 0] == np.asarray(file)).all()
    config = shown["config"]
    assert (config["steps"], config["batch"], config["dis_lr"]) == (STEPS, 8, 0.0008)
    assert (shown["project"], shown["state"]) == ("graduating-in-gans", "finished")
    assert "metric" in printed


def test_the_discriminator_is_trained(ours):
    """RMSprop's first step alone moves a weight by lr/√(1−ρ), 0.0025; frozen by mistake, by 0."""
    where, printed = ours
    moved = read(where / "runs")["config"]["other"]["discriminator_moved"]
    assert moved > 0.0025
    assert f"moved by up to {moved:.3g}" in printed


def test_the_networks_are_the_tutorials():
    from benchmarks import keras_tutorial as known
    from examples import keras_tutorial as example

    pairs = ((example.build_generator(), known.generator()),)
    pairs += ((example.build_discriminator(), known.discriminator()),)
    for (made, expected), weights in zip(pairs, (2_394_241, 4_311_553), strict=True):
        assert made.count_params() == weights
        configs = [[layer.get_config() for layer in net.layers] for net in (made, expected)]
        for config in (*configs[0], *configs[1]):
            del config["name"]
        assert configs[0] == configs[1]
    assert example.load_images().shape == (55_000, 28, 28, 1)
    assert example.load_images().max() == 1


@pytest.mark.skipif(find_spec("comet_ml") is None, reason="comet_ml is in the dev and comet extras")
def test_with_comets_import_line_it_records_the_same(ours, tmp_path):
    """Offline, because there is no network here: `Experiment` is comet_ml's OfflineExperiment."""
    script = SCRIPT.read_text()
    assert len(re.findall("ganbench.comet", script)) == 1
    theirs = tmp_path / "script.py"
    theirs.write_text(
        script.replace(IMPORT, "from comet_ml import OfflineExperiment as Experiment")
    )
    run(theirs, tmp_path)
    (archive,) = tmp_path.glob("*.zip")
    points, parameters, _ = read_zip(archive)
    shown = read(ours[0] / "runs", series=SERIES)
    for name in SERIES:
        assert [step for step, _ in points[name]] == shown["series"][name]["step"]
        values = [value for _, value in points[name]]
        assert values == pytest.approx(shown["series"][name]["value"], rel=1e-3)
    config = {name: value for name, value in shown["config"].items() if name != "other"}
    assert config.items() <= parameters.items()
    with zipfile.ZipFile(archive) as opened:
        lines = map(json.loads, opened.read("messages.json").decode().splitlines())
        sent = [
            line["payload"]["additional_params"]["step"]
            for line in lines
            if line["payload"].get("upload_type") == "visualization"
        ]
    assert sent == [picture["step"] for picture in shown["pictures"]]
