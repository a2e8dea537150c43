"""Whether an imported run is what was logged."""

import json

import numpy as np

from tests.imports.truth import GRIDS, STEPS, curve, grid


def curves_agree(brought, run, source, prefix="", within=1.0, float32=False):
    """Every value, NaN and infinities too, at its step and within a second of its time."""
    times = json.loads((source / "times.json").read_text())
    for name in ("dis_loss", "adv_loss"):
        series = brought.series(run, prefix + name)
        assert series["step"] == list(range(STEPS))
        expected = np.array(curve(name))
        if float32:
            expected = expected.astype(np.float32).astype(np.float64)
        np.testing.assert_array_equal(series["value"], expected)
        np.testing.assert_allclose(series["time"], times, rtol=0, atol=within)


def grids_agree(brought, run, name="grid"):
    """Every picture, pixel by pixel."""
    found = brought.pictures(run, name)
    assert set(found) == set(GRIDS)
    for step, pixels in found.items():
        np.testing.assert_array_equal(pixels, grid(step))
