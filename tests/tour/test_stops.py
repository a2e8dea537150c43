"""What is trained, in which order, with how many steps."""

import re

import pytest

from ganbench.classics import CLASSICS, on_ring
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.tour.stops import STEPS, new_id, plan


def test_all_on_the_ring_then_all_on_mnist():
    stops = plan([], STEPS)
    names = list(CLASSICS)
    expected = [("ring", name) for name in names] + [("mnist", name) for name in names]
    assert [(stop.place, stop.objective) for stop in stops] == expected


def test_what_is_asked_for_in_the_order_of_the_table():
    stops = plan(["wgan", "minimax"], STEPS)
    assert [stop.title for stop in stops] == [
        "ring, minimax",
        "ring, wgan",
        "MNIST, minimax",
        "MNIST, wgan",
    ]


def test_only_the_steps_and_what_is_seen_of_them_are_changed():
    """Losses, networks, rates and batches are those of the full trainings."""
    changed = {"steps", "seed", "log_every", "grid_every", "grid_side", "checkpoint_every"}
    for stop in plan([], {"ring": 77, "mnist": 33}, seed=5):
        full = on_ring(stop.objective) if stop.place == "ring" else CLASSICS[stop.objective]()
        for name in Config.model_fields.keys() - changed - {"scoring"}:
            assert getattr(stop.config, name) == getattr(full, name), name
        assert stop.config.steps == {"ring": 77, "mnist": 33}[stop.place]
        assert stop.config.seed == 5
        for name in ("real", "extractor", "best_by"):
            assert getattr(stop.config.scoring, name) == getattr(full.scoring, name)
        Config.model_validate(stop.config.model_dump())


def test_updates_of_the_generator_are_the_same_for_all():
    for place in STEPS:
        assert len({s.config.steps for s in plan([], STEPS) if s.place == place}) == 1


def test_the_diagnosis_gets_rows_enough():
    from ganbench.diagnosis.history import ROWS, SPAN, WARM_UP

    for stop in plan([], STEPS):
        assert stop.config.steps // stop.config.log_every >= ROWS
        assert stop.config.steps >= WARM_UP + SPAN


def test_how_long_it_takes_grows_with_the_steps():
    for stop in plan([], STEPS):
        times = [stop.seconds(step) for step in (0, 1, 10, stop.config.steps)]
        assert times == sorted(times)
        assert times[0] == 0


@pytest.mark.parametrize(
    ("objectives", "steps", "words"),
    [
        (["wgam"], STEPS, "did you mean 'wgan'"),
        (["x"], STEPS, "There are minimax, "),
        ([], {"ring": 0, "mnist": 1}, "--steps-ring 0"),
    ],
)
def test_what_there_is_not_is_refused(objectives, steps, words):
    with pytest.raises(InputError, match=words):
        plan(objectives, steps)


def test_ids_are_file_names():
    ids = {new_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("tour-[a-z0-9]{6}", id) for id in ids)
