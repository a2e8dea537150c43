"""What a scorer of a training tells while it works, and what it remembers of the reference."""

import torch

from ganbench import training_data
from ganbench.recipes import RECIPES
from ganbench.scorer import Scorer
from ganbench.train import loop


def scored(config):
    """(the scores, {what: (images looked at, of how many)}) of a scorer that knows nothing yet."""
    data, told = training_data.load(config), {}
    scorer = Scorer(config, data=data)
    scorer.report = lambda what, done, total: told.__setitem__(what, (done, total))
    return scorer.score(loop.start(config, data), 60), told


def test_it_tells_what_it_looks_at_and_looks_at_reals_once(tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    config = RECIPES["mnist"]()
    scoring = config.scoring.model_copy(update={"real": "builtin:mnist:test[:200]", "n": 60})
    config = config.model_copy(update={"data": "builtin:mnist:train[:150]", "scoring": scoring})
    scores, told = scored(config)
    assert told == {
        "real images": (200, 200),
        "images of the control": (60, 60),
        "generated images": (60, 60),
        "training images": (150, 150),
    }
    again, told_again = scored(config)
    assert told_again.keys() == {"generated images"}
    assert [score.value for score in again] == [score.value for score in scores]
    assert torch.tensor([score.value for score in again]).isfinite().all()


def test_the_best_step_may_be_the_last_one(tmp_path, monkeypatch):
    """It is scored on more samples, so what is compared is the value of as many as before."""
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    config = RECIPES["mnist"]()
    update = {"real": "builtin:mnist:test[:200]", "n": 120, "n_during": 60, "best_by": "frechet"}
    scoring = config.scoring.model_copy(update=update)
    config = config.model_copy(update={"data": "builtin:mnist:train[:150]", "scoring": scoring})
    data = training_data.load(config)
    state, scorer = loop.start(config, data), Scorer(config)
    during = {s.measure: s.value for s in scorer.score(state, 60)}["frechet"]
    assert scorer.best == (0, during)
    scorer.best = (-1, during * 1.001)  # of an earlier step, a little worse
    at_the_end = {s.measure: s.value for s in scorer.score(state, 120)}["frechet"]
    assert at_the_end != during
    assert scorer.best == (0, during)
