"""Tours of a second: the ring with small networks, and 400 digits for MNIST."""

import numpy as np
import pytest

from ganbench import datasets
from ganbench.classics import CLASSICS, on_ring
from ganbench.tour import stops


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Some digits in a file."""
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    images = datasets.load("builtin:mnist:test[:400]")
    np.savez(path, images=images.tensor().numpy(), labels=images.labels.numpy())
    return path


@pytest.fixture
def short(monkeypatch, digits):
    """Makes both places small; a function given per place changes their configs further."""

    def ring(objective):
        config = on_ring(objective)
        scoring = config.scoring.model_copy(update={"real": "builtin:ring8:test[:500]", "n": 200})
        model = config.model.model_copy(update={"hidden": 16, "depth": 2})
        changes = {"batch": 16, "model": model, "scoring": scoring}
        return config.model_copy(update=changes)

    def mnist(objective):
        config = CLASSICS[objective]()
        scoring = config.scoring.model_copy(update={"real": str(digits), "n": 100})
        model = config.model.model_copy(update={"width_g": 4, "width_d": 4})
        changes = {"data": str(digits), "batch": 8, "model": model, "scoring": scoring}
        return config.model_copy(update=changes)

    monkeypatch.setitem(stops.PLACES, "ring", ring)
    monkeypatch.setitem(stops.PLACES, "mnist", mnist)
