"""Which parameter mattered: runs of which we know it."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from ganbench.store import importance as module
from ganbench.store.importance import LEAST, _ranks, importance


@pytest.fixture(scope="module", autouse=True)
def _small_forests():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TREES", 30)
        yield


def made(n, seed=0):
    """`lr` drives, `noise` does not matter, `a` and `b` were varied together, `fixed` was not."""
    random = np.random.default_rng(seed)
    lr, noise, a = 10 ** random.uniform(-5, -2, n), random.uniform(size=n), random.uniform(size=n)
    return [
        {
            "lr": float(lr[i]),
            "noise": float(noise[i]),
            "a": float(a[i]),
            "b": float(1 / (a[i] + 1)),
            "loss": "hinge" if i % 2 else "wasserstein",
            "fixed": 3,
            "name": f"run {i}",
        }
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def driven():
    configs = made(40)
    target = [math.exp(5 * math.log10(config["lr"])) for config in configs]
    return importance(configs, target)


def test_what_drives_comes_first_and_nothing_else_matters(driven):
    first, *others = driven["parameters"]
    assert first["names"] == ["lr"]
    assert first["matters"]
    assert first["rho"] == pytest.approx(1)
    assert first["importance"] == pytest.approx(1, abs=0.2)  # it alone decides
    assert not any(row["matters"] for row in others)
    assert all(row["importance"] < 0.05 for row in others)
    assert driven["r2"] > 0.9


def test_what_was_varied_together_is_one_row(driven):
    assert ["a", "b"] in [row["names"] for row in driven["parameters"]]


def test_what_cannot_be_told_is_named(driven):
    assert driven["same"] == ["fixed"]
    assert driven["skipped"] == ["name"]


def test_two_drivers_that_were_varied_together_share_their_importance():
    configs = made(40)
    found = importance(configs, [config["a"] for config in configs])
    assert found["parameters"][0]["names"] == ["a", "b"]
    assert found["parameters"][0]["importance"] == pytest.approx(1, abs=0.2)


def test_a_word_may_drive():
    configs = made(40)
    found = importance(configs, [float(config["loss"] == "hinge") for config in configs])
    assert found["parameters"][0]["names"] == ["loss"]
    assert found["parameters"][0]["matters"]
    assert found["parameters"][0]["rho"] is None


def test_an_optimum_in_the_middle_matters_without_a_direction():
    configs = made(60)
    found = importance(configs, [(math.log10(config["lr"]) + 3.5) ** 2 for config in configs])
    assert found["parameters"][0]["names"] == ["lr"]
    assert found["parameters"][0]["matters"]
    assert found["parameters"][0]["rho"] is None


def test_of_pure_noise_nothing_matters():
    random = np.random.default_rng(1)
    found = importance(made(30), random.uniform(size=30).tolist())
    assert not any(row["matters"] for row in found["parameters"])


def test_ranks_of_the_target_are_all_that_counts():
    configs = made(20)
    target = [config["lr"] for config in configs]
    assert importance(configs, target) == importance(configs, [math.log(y) for y in target])


def test_runs_without_the_target_are_left_out_and_counted():
    configs = made(20)
    target = [config["lr"] for config in configs]
    found = importance(configs, [None, math.nan, math.inf, *target[3:]])
    assert (found["runs"], found["left_out"]) == (17, 3)
    rest = importance(configs[3:], target[3:])
    assert found["parameters"] == rest["parameters"]


@pytest.mark.parametrize(
    ("configs", "target", "words"),
    [
        (made(LEAST - 1), [1.0] * (LEAST - 1), "at least 8"),
        (made(20), [1.0] * 20, "the target"),
        ([{"lr": 1}] * 20, list(range(20)), "no parameter"),
    ],
)
def test_what_cannot_be_computed_is_said(configs, target, words):
    found = importance(configs, target)
    assert words in found["problem"]
    assert found["parameters"] == []


def test_missing_nan_and_nested_values_are_values():
    configs = made(16)
    for i, config in enumerate(configs):
        config |= {"odd": [None, "NaN", [1], True][i % 4], "some": i if i % 3 else None}
    found = importance(configs, [float(i % 4) for i in range(16)])
    assert found["parameters"][0]["names"] == ["odd"]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_ranks(values):
    np.testing.assert_array_equal(_ranks(np.array(values, float)), rankdata(values))


def test_it_does_not_load_torch():
    code = (
        "import sys; from ganbench.store.importance import importance;"
        "importance([{'a': i} for i in range(9)], list(range(9))); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
