"""Recipes trained in full, held to what their docstrings promise: minutes, so `make test-slow`."""

import re

import numpy as np
import pytest
import torch

from ganbench import sampling, workbench
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.sample import Sample
from ganbench.events import Scored
from ganbench.recipes import RECIPES

PROMISE = re.compile(r"([a-z_]+) of\s+at\s+(least|most)\s+([\d.]*\d)")


def promises(name):
    """[(measure, "least" or "most", value)] of a recipe's docstring."""
    text = RECIPES[name].__doc__
    return [(measure, which, float(value)) for measure, which, value in PROMISE.findall(text)]


@pytest.mark.parametrize("name", ["mnist", "ring8", "grid25"])
def test_scores_are_promised(name):
    assert promises(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "ring8", "grid25"])
def test_promises_are_kept(name, tmp_path):
    run = workbench.launch(RECIPES[name](), tmp_path)
    events = [event for event in run.events() if isinstance(event, Scored)]
    found = {score.measure: score.value for score in events[-1].scores}
    for measure, which, value in promises(name):
        assert found[measure] >= value if which == "least" else found[measure] <= value, found
    if name == "mnist":
        probs = Sample(
            sampling.samples_of(run.folder, 10_000),
            load_extractor("mnist-classifier", torch.device("cpu")),
        ).probs
        shares = np.bincount(np.asarray(probs).argmax(1), minlength=10) / 10_000
        assert shares.min() > 0.05
        assert shares.max() < 0.16
