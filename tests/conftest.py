"""What the tests share."""

import pytest
import torch

from ganbench import recipes
from tests import postgres

torch.set_num_threads(1)  # the networks here are tiny


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def tiny():
    """A run of a second: points on the ring, small networks, everything every few steps."""

    def make(**changes):
        config = recipes.ring8()
        scoring = config.scoring.model_copy(
            update={
                "real": "builtin:ring8:test[:1000]",
                "n": 200,
                "n_during": 100,
                "every_images": 640,
                "budget": 0.99,
            }
        )
        small = {
            "steps": 40,
            "batch": 32,
            "model": config.model.model_copy(update={"hidden": 16, "depth": 2, "dropout": 0.2}),
            "log_every": 5,
            "grid_every": 10,
            "checkpoint_every": 10,
            "scoring": scoring,
        }
        return config.model_copy(update=small | changes)

    return make


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL of our own."""
    pytest.importorskip("psycopg", reason="psycopg is in the postgres extra")
    found = postgres.programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres.server(found) as made:
        yield made
