"""Records the numbers of a recipe's training: python -m tests.diagnosis.record ring8 2000 > FILE.

The records of ring8 and grid25 are of the whole recipes; mnist is of its first 1,000 steps with
--log-every 10 and --grid-every 50. collapsed-mnist is that of `trainings.batch_norm` with batch=64,
twice the channels and the latents of 64.
"""

import json
import sys

from ganbench import training_data
from ganbench.events import Scalars
from ganbench.recipes import RECIPES
from ganbench.train import loop
from ganbench.train.step import SCALARS

NAMES = [*SCALARS, "diversity"]


def events(config):
    """The rows of a training."""
    data = training_data.load(config)
    state = loop.start(config, data)
    return [event for event in loop.train(config, state, data) if isinstance(event, Scalars)]


def lines(recipe, config):
    """The record, whose numbers have four digits."""
    rows = {}
    for event in events(config):
        rows.setdefault(event.step, {}).update(event.values)
    yield f'{{"recipe": "{recipe}",\n"names": {json.dumps(["step", *NAMES])},\n"rows": ['
    made = [
        json.dumps([step, *(float(f"{row[n]:.4g}") if n in row else None for n in NAMES)])
        for step, row in rows.items()
    ]
    yield ",\n".join(made)
    yield "]}"


if __name__ == "__main__":
    name, steps = sys.argv[1], int(sys.argv[2])
    every = {"log_every": 10, "grid_every": 50} if name == "mnist" else {}
    for line in lines(name, RECIPES[name]().model_copy(update={"steps": steps, **every})):
        print(line)
