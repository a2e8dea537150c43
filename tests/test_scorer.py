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
