"""Each detector fires on a training that really fails that way; healthy ones leave all silent."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbench.diagnosis import DETECTORS, Watch
from ganbench.diagnosis.history import CHANCE, SPAN, WARM_UP
from ganbench.events import Scalars, Scored
from ganbench.recipes import RECIPES
from ganbench.train.losses import OBJECTIVES
from tests.diagnosis import record
from tests.diagnosis.trainings import FAILING, config

RECORDED = Path(__file__).parent / "recorded"


def recorded(name):
    """A recorded training: its config, and its events."""
    found = json.loads((RECORDED / f"{name}.json").read_text())
    chosen = config("non-saturating", found["rows"][-1][0], found["recipe"])
    events = []
    for row in found["rows"]:
        values = dict(zip(found["names"], row, strict=True))
        step = values.pop("step")
        kept = {key: value for key, value in values.items() if value is not None}
        events.append(Scalars(step, step * chosen.batch, kept))
    return chosen, events


def said(chosen, events):
    """What a watch says of a training."""
    watch = Watch(chosen)
    return [warned for event in events for warned in watch.see(event)]


def begun(found):
    """By code, the step of its first time."""
    return {w.code: w.step for w in reversed(found) if not w.over}


# What a training must be told by its last step, and what else it may be: one failure brings others.
TOLD = {
    "strong discriminator": (
        {"discriminator-saturated", "generator-gradients-vanish"},
        {"mode-collapse"},
    ),
    "frozen discriminator": ({"discriminator-not-learning"}, set()),
    "unregularised ring": ({"mode-collapse"}, {"oscillation"}),
    "unbounded critic": ({"exploding-norms"}, {"mode-collapse"}),
    "dirac": ({"oscillation"}, set()),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_training_that_fails_is_diagnosed(name):
    found = begun(said(*FAILING[name]()))
    needed, allowed = TOLD[name]
    assert needed <= found.keys() <= needed | allowed
    assert all(step >= WARM_UP + SPAN for step in found.values())


@pytest.mark.slow
def test_batch_norm_over_reals_and_fakes_gives_the_answer_away():
    found = begun(said(*FAILING["batch norm over reals and fakes"]()))
    assert found["judges-the-batch"] <= 450


def test_the_recorded_collapse_on_mnist():
    found = begun(said(*recorded("collapsed-mnist")))
    assert found == {"mode-collapse": 400, "judges-the-batch": 400}


@pytest.mark.parametrize("name", ["ring8", "grid25", "mnist"])
def test_a_healthy_training_is_left_in_peace(name):
    assert said(*recorded(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_a_recipe_that_is_trained_now_is_left_in_peace(name):
    chosen = RECIPES[name]()
    assert said(chosen, record.events(chosen)) == []


def test_without_a_failure_the_same_numbers_are_silent():
    """The asymmetric case: a frozen discriminator against one that has learned, then converged."""
    chosen = config("non-saturating", 10**6)
    level = CHANCE["non-saturating"]
    draws = np.random.default_rng(0)
    values = {"dis_acc": 0.5, "adv_acc": 0.5, "dis_grad": 0.1, "adv_grad": 0.1}
    values |= {"dis_real": 0.0, "dis_fake": 0.0, "adv_loss": level / 2}

    def rows(start):
        for i in range(200):
            loss = start if i < 5 else level * (1 + 1e-4 * draws.standard_normal())
            yield Scalars(10 * i, 10 * i, values | {"dis_loss": loss})

    assert begun(said(chosen, rows(level))) == {"discriminator-not-learning": 400}
    assert said(chosen, rows(0.9 * level)) == []


def saturated_rows(steps, right=1.0):
    values = {"dis_acc": right, "adv_acc": 0.0, "dis_loss": 1e-3, "adv_loss": 7.0}
    return [Scalars(step, step, values) for step in steps]


def test_a_thing_is_said_once_until_it_is_over():
    chosen = config("non-saturating", 10**6)
    begin, calm = saturated_rows(range(10, 1010, 10)), saturated_rows(range(1010, 2010, 10), 0.8)
    again = [replace(row, step=row.step + 2000) for row in begin]
    found = said(chosen, [*begin, *calm, *again])
    assert [(w.code, w.over) for w in found] == [("discriminator-saturated", x) for x in (0, 1, 0)]
    first, end, second = found
    assert first.step == 400
    assert 1010 < end.step < 2010 < second.step
    assert first.advice
    assert first.evidence["dis_acc"] == 1.0
    assert not end.advice


def test_a_rollback_takes_back_what_was_seen():
    chosen = config("non-saturating", 10**6)
    watch = Watch(chosen)
    healthy = saturated_rows(range(10, 510, 10), 0.8)
    for event in [*healthy, *saturated_rows(range(510, 600, 10)), *healthy[-1:]]:
        assert list(watch.see(event)) == []
    assert watch.history.all("dis_acc").tolist() == [0.8] * 50


def test_a_resumed_watch_goes_on_where_the_first_one_was():
    chosen, events = recorded("collapsed-mnist")
    watch = Watch(chosen)
    for event in events[:30]:
        list(watch.see(event))
    rest = [warned for event in events[30:] for warned in watch.see(event)]
    assert rest == [warned for warned in said(chosen, events) if warned.step > events[29].step]


def scored(step, **signs):
    return Scored(step, step, (), signs)


def test_missing_classes_and_copies_must_last_or_be_there_at_the_end():
    chosen = config("non-saturating", 1000)
    missing = {"classes": 10.0, "classes_missing": 2.0, "largest_class": 0.5}
    copied = {"copied_share": 0.6, "copied_images": 9.0, "copying_ratio": 0.1}
    both = {"mode-collapse", "memorisation"}
    one = scored(500, **missing, **copied)
    better = scored(600, classes=10.0, classes_missing=0.0, copied_share=0.0)
    assert said(chosen, [one, better]) == []
    assert said(chosen, [one, Scalars(1000, 1000, {"dis_loss": 1.0})]) == []
    assert begun(said(chosen, [one, replace(one, step=600)])).keys() == both
    assert said(chosen, [replace(one, step=200), replace(one, step=300)]) == []  # too early
    assert begun(said(chosen, [replace(one, step=1000)])).keys() == both
    blank = replace(one, step=1000, signs={**one.signs, "copied_images": 1.0})
    assert begun(said(chosen, [blank])).keys() == {"mode-collapse"}


@pytest.mark.parametrize("name", CHANCE)
def test_chance_is_the_least_loss_of_who_answers_the_same_to_everything(name):
    answers = torch.linspace(-3, 3, 1201, dtype=torch.float64)[:, None]
    loss = OBJECTIVES[name].discriminator
    least = min(loss(answer, answer).item() for answer in answers)
    assert least == pytest.approx(CHANCE[name] or 0.0, abs=1e-9)
    assert OBJECTIVES.keys() == CHANCE.keys()


def test_every_detector_says_what_people_do():
    for detector in DETECTORS.values():
        assert detector.title
        assert detector.advice
        assert all(words.endswith(".") for words in detector.advice)
        assert detector.source


def test_the_page_of_documentation_has_every_detector_and_its_advice():
    text = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text()
    for code, detector in DETECTORS.items():
        assert text.count(f"| `{code}` |") == 2
        assert " ".join(detector.advice) in text
