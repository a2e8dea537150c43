"""What became of the stops of a tour, as the journals of their runs have it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ganbench.diagnosis import DETECTORS
from ganbench.store import query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index
from ganbench.tour.stops import Stop

LOSSES = ("dis_loss", "adv_loss")
POINTS = 240  # of a curve
LOWER = ("frechet",)
SHOWN = {
    "ring": {"modes_covered": "modes", "high_quality": "high quality", "frechet": "Fréchet"},
    "mnist": {
        "classifier_score": "score",
        "frechet": "Fréchet",
        "precision": "precision",
        "recall": "recall",
    },
}
"""The measures that a tour shows of each place, and how it calls them."""


@dataclass(frozen=True)
class Visit:
    """One stop that was made. `run` is what `store.query.show_run` gives of it.

    `scores` are by measure, none if it was not scored; `picture` is the last one, as WebP;
    `curves` are the two losses as (steps, values).
    """

    stop: Stop
    run: dict[str, Any]
    scores: dict[str, float]
    picture: bytes | None
    curves: dict[str, tuple[list[int], list[float]]]

    @property
    def verdict(self) -> str:
        """What the diagnosis says, and how it ended if not well, in a few words."""
        said = dict.fromkeys(DETECTORS[w["code"]].title for w in self.run["warnings"])
        ended = [] if self.run["state"] == "finished" else [self.ending]
        return "; ".join((*ended, *said))

    @property
    def ending(self) -> str:
        """How it ended."""
        words = {"killed": "stopped", "diverged": "diverged"}
        state = self.run["state"]
        return f"{words.get(state, state)} at step {self.run['step']:,}"


def gather(index: Index, made: Iterable[tuple[Stop, RunFolder]]) -> list[Visit]:
    """What the runs of some stops have come to."""
    index.refresh()
    found = ((stop, folder, query.show_run(index, folder.id)) for stop, folder in made)
    return [_visit(index, stop, folder, run) for stop, folder, run in found if run is not None]


def best(visits: Sequence[Visit], place: str, measure: str) -> float | None:
    """The best value of a measure at a place; none where there are no two different ones."""
    found = [v.scores.get(measure, math.nan) for v in visits if v.stop.place == place]
    values = [value for value in found if math.isfinite(value)]
    if len(set(values)) < 2:
        return None
    return min(values) if measure in LOWER else max(values)


def _visit(index: Index, stop: Stop, folder: RunFolder, run: dict[str, Any]) -> Visit:
    series = query.read_series(index, folder.id, dict.fromkeys(LOSSES, 0), most=POINTS)
    scores = {s["measure"]: float(s["value"]) for s in run["scores"] if not s.get("group")}
    picture = None
    if run["pictures"]:
        picture = (folder.media / f"{run['pictures'][-1]['sha256']}.webp").read_bytes()
    curves = {name: (found["step"], found["value"]) for name, found in series.items()}
    return Visit(stop, run, scores, picture, curves)
