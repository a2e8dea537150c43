"""A run with everything in it, for a tracker to be told of; no account, no key, no home."""

import math

import numpy as np
import pytest

import ganbench as gb
from ganbench.track import quiet
from ganbench.track.sinks import sink

VARIABLES = (
    "COMET_API_KEY",
    "COMET_PROJECT_NAME",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_TRACKING_URI",
    "NETRC",
    "WANDB_API_KEY",
    "WANDB_IDENTITY_TOKEN_FILE",
    "WANDB_MODE",
    "WANDB_PROJECT",
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setattr(quiet, "_said", set())
    monkeypatch.setattr(sink, "QUIET", 1000.0)  # a slow machine is not worth a word here
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


NUMBERS = [
    (0, {"loss": 0.5, "acc": 1.0}),
    (1, {"loss": math.nan, "acc": 0.25}),
    (2, {"loss": math.inf}),
    (3, {"loss": -math.inf, "odd name (β)": 7.0}),
    (10, {"loss": 1e-30}),
]
PICTURES = {step: np.full((4, 6, 3), (step, 0, 255 - step), np.uint8) for step in (0, 2, 10)}
SCORES = [
    {
        "measure": "frechet",
        "extractor": "inception",
        "n_fake": 500,
        "value": 2.5,
        "interval": [2.0, 3.0],
    },
    {"measure": "kid", "extractor": "inception", "n_fake": 500, "value": None, "interval": None},
    {"measure": "recall", "extractor": "inception", "n_fake": 500, "value": 0.5, "group": "cat"},
]
SCORED = {
    "scores/frechet/inception/n500": 2.5,
    "scores/frechet/inception/n500/low": 2.0,
    "scores/frechet/inception/n500/high": 3.0,
    "scores/recall/inception/n500/cat": 0.5,
}


def log_everything(run):
    """Numbers at all steps, then pictures and scores of earlier steps, as they come in a run."""
    for step, values in NUMBERS:
        run.log(values, step=step)
    for step, pixels in PICTURES.items():
        run.log_image("samples", pixels, step, caption=f"at {step}")
    run.log_text("hello", 3, name="said")
    run.log_config({"lr": 0.5, "late": {"x": [1, 2]}})
    run.add_tags("b")
    run.rename("second name")
    run._recorder.scores(2, 0, SCORES)


def expected():
    """{name: [(step, value), …]} of all numbers of `log_everything`, scores too."""
    numbers = {}
    for step, values in [*NUMBERS, (2, SCORED)]:
        for name, value in values.items():
            numbers.setdefault(name, []).append((step, value))
    return numbers


@pytest.fixture
def logged(tmp_path, capsys):
    """What makes a finished run of `log_everything` with these sinks; nothing went wrong in it."""

    def make(*sinks, state="finished"):
        run = gb.Run(
            "my GAN",
            "first name",
            {"lr": 1e-3, "net": {"k": 3, "act": None}},
            ["a"],
            notes="a *note*",
            runs_dir=tmp_path,
            sinks=sinks,
        )
        log_everything(run)
        run.finish(state, summary=False)
        assert capsys.readouterr().err == ""
        return run

    return make
