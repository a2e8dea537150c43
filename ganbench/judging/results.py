"""What the answers of a study say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np

from ganbench.judging.agreement import fleiss_kappa, krippendorff_alpha
from ganbench.judging.detection import d_prime, wilson
from ganbench.judging.preference import strengths
from ganbench.store.studies import Study, Vote, summary

Row = dict[str, Any]


def results(study: Study, votes: Sequence[Vote]) -> Row:
    """All figures of a study, as JSON has them; `docs/judging.md` says what each is.

    Votes on pictures that the study does not have are left out.
    """
    known = [vote for vote in votes if all(p in study.pictures for p in vote["pictures"])]
    real = [vote for vote in known if vote["task"] == "real"]
    better = [vote for vote in known if vote["task"] == "better"]
    return {
        **summary(study, known),
        "real": real_or_fake(study, real),
        "better": which_is_better(study, better),
        "agreement": {"real": agreement(real, _is_real), "better": agreement(better, _is_first)},
        "by_rater": [
            _rater(rater, task, of)
            for (rater, task), of in sorted(_groups(known, "rater", "task").items())
        ],
    }


def real_or_fake(study: Study, votes: Sequence[Vote]) -> list[Row]:
    """Of each run, at each exposure, how its samples were told from real pictures."""
    rows = []
    for run in study.runs:
        of_run = [vote for vote in votes if study.pictures[vote["pictures"][0]].run == run]
        groups = _groups(of_run, "exposure")
        for (exposure,), of in sorted(groups.items(), key=_by_exposure):
            rows.append({"run": run, "exposure": exposure, **_told_apart(study, of)})
    return rows


def which_is_better(study: Study, votes: Sequence[Vote]) -> Row | None:
    """Who won against whom, and how strong that makes each; None if nobody was asked."""
    places = {run: i for i, run in enumerate(study.runs)}
    raters = sorted({vote["rater"] for vote in votes})
    wins = np.zeros((len(raters), len(places), len(places)))
    for vote in votes:
        chosen, other = vote["pictures"][:: -1 if vote["answer"] == "right" else 1]
        winner, loser = (places[study.pictures[p].run] for p in (chosen, other))
        wins[raters.index(vote["rater"]), winner, loser] += 1
    total = wins.sum(0)
    asked = [i for i in range(len(places)) if total[i].any() or total[:, i].any()]
    if not asked:
        return None
    runs = [study.runs[i] for i in asked]
    total = total[np.ix_(asked, asked)]
    made: Row = {
        "runs": runs,
        "wins": total.astype(int).tolist(),
        "n": len(votes),
        "raters": len(raters),
        "exposures": [
            e for (e,), _ in sorted(_groups(votes, "exposure").items(), key=_by_exposure)
        ],
        "left": _share([vote["answer"] == "left" for vote in votes]),
        "reaction": median(vote["reaction"] for vote in votes),
        "strengths": None,
        "intervals_by": None,
        "smoothed": False,
        "problem": None,
    }
    try:
        found = strengths(wins[:, asked][:, :, asked])
    except ValueError as error:
        return {**made, "problem": str(error)}
    pairs = zip(runs, found.values, found.intervals, strict=True)
    rows = [{"run": run, "strength": value, "interval": within} for run, value, within in pairs]
    return {**made, "strengths": rows, "intervals_by": found.by, "smoothed": found.smoothed}


def agreement(votes: Sequence[Vote], category: Callable[[Vote], bool]) -> Row | None:
    """Of the trials that raters share: Krippendorff's alpha, and Fleiss' kappa of what all judged.

    None if no trial has two raters.
    """
    groups = _groups(votes, "trial").values()
    counts = [[sum(map(category, of)), sum(not category(vote) for vote in of)] for of in groups]
    shared = [row for row in counts if sum(row) >= 2]
    raters = len({vote["rater"] for vote in votes})
    by_all = [row for row in counts if sum(row) == raters]
    if not shared:
        return None
    return {
        "raters": raters,
        "trials": len(shared),
        "alpha": krippendorff_alpha(shared),
        "by_all": len(by_all),
        "kappa": fleiss_kappa(by_all),
    }


def _told_apart(study: Study, votes: Sequence[Vote]) -> Row:
    """The figures of answers at one exposure."""
    said: dict[bool, list[bool]] = {True: [], False: []}
    for vote in votes:
        said[study.pictures[vote["pictures"][0]].real].append(_is_real(vote))
    hits, fooled = sum(said[True]), sum(said[False])
    reals, fakes = len(said[True]), len(said[False])
    found = d_prime(hits, reals, fooled, fakes)
    value, criterion, within = found or (None, None, None)
    shown = sorted(vote["shown"] for vote in votes)
    return {
        "raters": len({vote["rater"] for vote in votes}),
        "n": len(votes),
        "fool_rate": _share(said[False]),
        "hit_rate": _share(said[True]),
        "error_rate": _share([not vote["correct"] for vote in votes]),
        "d_prime": value,
        "d_prime_interval": within,
        "criterion": criterion,
        "shown": [shown[0], median(shown), shown[-1]],
        "reaction": median(vote["reaction"] for vote in votes),
    }


def _share(which: Sequence[bool]) -> Row:
    """How many of how many, with Wilson's interval."""
    k, n = sum(which), len(which)
    return {"k": k, "n": n, "value": k / n if n else None, "interval": wilson(k, n)}


def _rater(rater: str, task: str, votes: Sequence[Vote]) -> Row:
    right = _share([vote["correct"] for vote in votes]) if task == "real" else None
    return {
        "rater": rater,
        "task": task,
        "n": len(votes),
        "right": right,
        "reaction": median(vote["reaction"] for vote in votes),
    }


def _is_real(vote: Vote) -> bool:
    return bool(vote["answer"] == "real")


def _is_first(vote: Vote) -> bool:
    """Whether the picture was chosen that is first by its random name: by chance, every other."""
    chosen = vote["pictures"][1 if vote["answer"] == "right" else 0]
    return bool(chosen == min(vote["pictures"]))


def _groups(votes: Iterable[Vote], *names: str) -> dict[tuple[Any, ...], list[Vote]]:
    made: dict[tuple[Any, ...], list[Vote]] = {}
    for vote in votes:
        made.setdefault(tuple(vote[name] for name in names), []).append(vote)
    return made


def _by_exposure(item: tuple[tuple[Any, ...], Any]) -> tuple[bool, int]:
    """Unlimited comes last."""
    exposure = item[0][0]
    return exposure is None, exposure or 0
