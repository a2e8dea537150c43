"""A tour as one HTML page that needs nothing else: no network, no scripts."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from inspect import getdoc
from typing import Any

import jinja2

from ganbench.classics import CLASSICS
from ganbench.diagnosis import DETECTORS
from ganbench.snapshot import curve
from ganbench.tables import duration, number
from ganbench.tour.formulas import FORMULAS, besides
from ganbench.tour.stops import TITLES, Stop
from ganbench.tour.visits import SHOWN, Visit, best
from ganbench.track.server import address, address_of_comparison


def html(id: str, planned: Sequence[Stop], visits: Sequence[Visit], runs_dir: str) -> str:
    """The page of the tour `id`; of what was `planned`, `visits` were made."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = (files("ganbench.tour") / "page.html.jinja").read_text(encoding="utf-8")
    names = dict.fromkeys(stop.objective for stop in planned)
    first = {stop.place: stop.config for stop in reversed(planned)}
    return environment.from_string(source).render(
        id=id,
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        runs_dir=runs_dir,
        planned=len(planned),
        made=sum(visit.run["state"] in ("finished", "diverged") for visit in visits),
        total=duration(sum(visit.run["seconds"] for visit in visits)),
        seed=planned[0].config.seed,
        ring=first["ring"],
        mnist=first["mnist"],
        full=CLASSICS[planned[0].objective]().steps,
        n={place: config.scoring.n for place, config in first.items()},
        columns=[(place, label) for place, row in SHOWN.items() for label in row.values()],
        spans={TITLES[place]: len(row) for place, row in SHOWN.items()},
        rows=[_row(name, visits) for name in names],
        cards=[_card(name, visits) for name in names],
        comparisons={
            TITLES[place]: address_of_comparison(ids)
            for place in SHOWN
            if len(ids := [v.run["id"] for v in visits if v.stop.place == place]) > 1
        },
    )


def _of(name: str, visits: Sequence[Visit]) -> dict[str, Visit]:
    return {v.stop.place: v for v in visits if v.stop.objective == name}


def _row(name: str, visits: Sequence[Visit]) -> dict[str, Any]:
    """One line of the table: a cell is (text, whether it is the best of its column)."""
    mine = _of(name, visits)
    cells = []
    for place, measures in SHOWN.items():
        for measure in measures:
            value = mine[place].scores.get(measure) if place in mine else None
            most = best(visits, place, measure)
            cells.append((number(value), value is not None and value == most))
    seconds = sum(visit.run["seconds"] for visit in mine.values())
    verdicts = {TITLES[p]: v.verdict for p, v in mine.items() if v.verdict}
    return {"name": name, "cells": cells, "time": duration(seconds), "verdicts": verdicts}


def _card(name: str, visits: Sequence[Visit]) -> dict[str, Any]:
    """One objective: its formulas, and what became of it at each place."""
    mine = _of(name, visits)
    about = (getdoc(CLASSICS[name]) or "").partition("\n\n")[0]
    return {
        "name": name,
        "about": " ".join(about.split()),
        "formulas": FORMULAS[name],
        "besides": _besides({place: visit.stop for place, visit in mine.items()}),
        "places": [_place(place, mine.get(place)) for place in SHOWN],
    }


def _besides(stops: dict[str, Stop]) -> list[str]:
    """What goes with the loss; said by place where that makes a difference."""
    words = {place: besides(stop.config) for place, stop in stops.items()}
    if len({tuple(said) for said in words.values()}) < 2:
        return next(iter(words.values()), [])
    return [f"{TITLES[place]}: {'; '.join(said) or 'nothing'}" for place, said in words.items()]


def _place(place: str, visit: Visit | None) -> dict[str, Any]:
    if visit is None:
        return {"title": TITLES[place]}
    run, scores = visit.run, visit.scores
    return {
        "title": TITLES[place],
        "run": run["id"],
        "address": address(run["id"]),
        "picture": visit.picture and base64.b64encode(visit.picture).decode(),
        "scores": {
            label: number(scores[measure])
            for measure, label in SHOWN[place].items()
            if measure in scores
        },
        "ended": "" if run["state"] == "finished" else visit.ending,
        "reason": run["reason"] if run["state"] == "diverged" else "",
        "curves": [curve(name, *found) for name, found in visit.curves.items()],
        "seconds": duration(run["seconds"]),
        "warnings": [
            {**warned, "title": DETECTORS[warned["code"]].title} for warned in run["warnings"]
        ],
    }
