"""A folder with two runs for the page's tests: one that trained, one with what goes wrong."""

import math

import pytest

from ganbench import workbench
from ganbench.store import folder
from ganbench.store.journal import Journal


@pytest.fixture
def runs_dir(tmp_path, tiny):
    run = workbench.launch(tiny(), tmp_path)
    list(run.events())
    odd = folder.create(
        tmp_path,
        "odd",
        {"config": {"recipe": "<b>odd</b>", "steps": 9}, "environment": {}, "tags": []},
    )
    log = Journal(odd.path, step=0)
    for step in range(1, 8):
        value = {3: math.nan, 5: math.inf}.get(step, float(step))
        log.row(step, step, {"dis_loss": value, "adv_loss": 1.0})
    log.write("end", state="diverged", step=7, seen=7, reason="<i>dis_loss</i> is not finite")
    return tmp_path
