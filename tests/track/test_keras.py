"""Keras's own `fit` against what the callback recorded of it."""

import os

import numpy as np
import pytest

import ganbench as gb
from ganbench.errors import InputError
from tests.track.reading import read

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras", reason="Keras is in the dev and keras extras")

from ganbench.keras import Callback  # noqa: E402

# Keras 3.15 converts torch's tensors in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def fitted(run, every, epochs=2, fits=1):
    """A line through ten points, in batches of two."""
    x = np.arange(10, dtype="float32")[:, None]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.003), "mse", metrics=["mae"])
    history, callbacks = {}, [Callback(run, every)]
    for _ in range(fits):
        done = model.fit(
            x, 2 * x, batch_size=2, epochs=epochs, callbacks=callbacks, validation_split=0.2,
            verbose=0,
        )  # fmt: skip
        for name, values in done.history.items():
            history.setdefault(name, []).extend(map(float, values))
    return history


@pytest.fixture
def run(tmp_path):
    made = gb.Run("keras", runs_dir=tmp_path)
    yield made
    made.finish(summary=False)


def test_epochs_are_those_of_the_history(run, tmp_path):
    history = fitted(run, None, epochs=2, fits=2)
    names = ("loss", "mae", "val_loss", "val_mae", "epoch", "learning_rate")
    shown = read(tmp_path, series=names)
    assert set(shown["points"]) == set(names)
    for name, values in history.items():
        assert shown["series"][name]["value"] == pytest.approx(values)
        assert shown["series"][name]["step"] == [4, 8, 12, 16]
    assert shown["series"]["epoch"]["value"] == [0, 1, 0, 1]
    assert shown["series"]["learning_rate"]["value"] == pytest.approx([0.003] * 4)


def test_batches_and_parameters(run, tmp_path):
    history = fitted(run, 2)
    shown = read(tmp_path, series=["batch_loss", "loss"])
    assert shown["series"]["batch_loss"]["step"] == [2, 4, 6, 8]
    assert shown["series"]["batch_loss"]["value"][1::2] == pytest.approx(history["loss"])
    model = shown["config"]["model"]
    assert (model["layers"], model["weights"], model["loss"]) == (1, 2, "mse")
    assert model["optimizer"]["learning_rate"] == pytest.approx(0.003)
    assert shown["config"]["fit"]["epochs"] == 2
    assert shown["state"] == "running"


def test_experiments_give_it(tmp_path, monkeypatch):
    import ganbench.comet as comet_ml

    monkeypatch.setenv("GANBENCH_RUNS", str(tmp_path))
    experiment = comet_ml.Experiment(log_code=False)
    assert isinstance(experiment.get_keras_callback(), Callback)
    assert experiment.get_callback("fastai") is None
    experiment.end()


def test_a_bad_interval(run):
    with pytest.raises(InputError, match="every"):
        Callback(run, 0)
