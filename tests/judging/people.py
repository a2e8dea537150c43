"""Studies and raters that are made up."""

import random

import numpy as np

from ganbench.judging import trials
from ganbench.store import studies


def study(where, runs=("a@1",), n=50, side=4):
    """A study whose samples and reals are noise."""
    draws = np.random.RandomState(0)
    pictures = [
        (run, real, draws.randint(0, 256, (side, side, 3), np.uint8))
        for run in runs
        for real in (False, True)
        for _ in range(n)
    ]
    return studies.create(where, "study", dict.fromkeys(runs, "reals"), pictures, random.Random(0))


def vote(trial, task, rater, answer, study, **changes):
    """A vote as the page stores it."""
    truth = "real" if study.pictures[trial.pictures[0]].real else "fake"
    return {
        "rater": rater, "task": task, "trial": trial.id, "pictures": list(trial.pictures),
        "exposure": trial.exposure, "shown": trial.exposure or 1500.0, "answer": answer,
        "correct": answer == truth if task == "real" else None, "reaction": 700.0, "time": 1.0,
        "feedback": False, **changes,
    }  # fmt: skip


def judge(made, settings, rater, answer):
    """All votes of a rater who answers `answer(pictures)`: of each the row in the study."""
    return [
        vote(trial, settings.task, rater, answer([made.pictures[p] for p in trial.pictures]), made)
        for trial in trials.for_rater(made, settings, rater)
    ]
