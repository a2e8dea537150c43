"""An audit as one page: small multiples, one for each measure and degradation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import jinja2
from PIL.Image import Image

from ganbench.audit.cells import NOTHING, Audit
from ganbench.audit.degradations import DEGRADATIONS
from ganbench.audit.verdicts import NOT_MEASURED, Reaction, Verdict
from ganbench.evaluation import pictures
from ganbench.evaluation.report import arrow, number
from ganbench.measures import MEASURES
from ganbench.types import Images

SHOWN = 6  # pictures of each level
WIDTH, HEIGHT, EDGE = 84, 40, 5  # of one small multiple
COLOURS = {"notices": "good", "is blind": "quiet", "is fooled": "bad"}


@dataclass(frozen=True)
class Plot:
    """One small multiple: `band` is (top, height) of untouched images, `dots` are (x, y)."""

    band: tuple[float, float]
    dots: tuple[tuple[float, float], ...]
    line: str
    colour: str
    title: str


def html(audit: Audit, found: Mapping[str, Verdict], command: str = "") -> str:
    """The page, whole in one file."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = (files("ganbench.audit") / "page.html.jinja").read_text(encoding="utf-8")
    there = {name for verdict in found.values() for name in verdict.reactions}
    used = [name for name in audit.plan.degradations if name in there]
    rows = [_row(name, verdict, used) for name, verdict in found.items() if not verdict.refused]
    return environment.from_string(source).render(
        name=audit.name,
        extractor=audit.extractor.name,
        n=audit.plan.sizes[-1],
        replicates=audit.plan.replicates,
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        command=command,
        degradations={name: DEGRADATIONS[name] for name in used},
        strips={name: pictures.uri(sheet) for name, sheet in sheets(audit, used).items()},
        rows=rows,
        refused={name: v.refused for name, v in found.items() if v.refused},
        not_measured=NOT_MEASURED,
        width=WIDTH,
        height=HEIGHT,
        number=number,
    )


def sheets(audit: Audit, degradations: Sequence[str]) -> dict[str, Image]:
    """Of each degradation the same images at each level, the untouched ones first."""
    n = min(audit.plan.sizes)
    shown = {}
    for name in degradations:
        levels = [(NOTHING, 0.0), *((name, level) for level in DEGRADATIONS[name].levels)]
        tiles = []
        for degradation, level in levels:
            try:
                pixels = audit.hand(n, degradation, level, 0).pixels[:SHOWN]
            except ValueError:
                continue
            few = Images("shown", len(pixels), tuple(pixels.shape[1:]), pixels.split, "shown")
            tiles += pictures.tiles(few, range(len(pixels)))
        shown[name] = pictures.sheet(tiles, SHOWN)
    return shown


def _row(name: str, verdict: Verdict, degradations: Sequence[str]) -> dict[str, object]:
    row = MEASURES[name.partition(":")[0]]
    largest = max(verdict.seconds)
    return {
        "name": name,
        "title": row.title,
        "borji": row.borji or "",
        "arrow": arrow(row.direction),
        "plots": [plot(verdict.reactions.get(d)) for d in degradations],
        "discriminability": _two(verdict.discriminability),
        "overfitting": verdict.overfitting or "–",
        "bounds": verdict.bounds,
        "distortion": _two(verdict.distortion),
        "cv": _two(verdict.cv.get(largest)),
        "drift": _two(verdict.drift),
        "seconds": f"{verdict.seconds[largest]:.2f}",
    }


def plot(reaction: Reaction | None) -> Plot | None:
    """The values at the levels, with the band of the untouched ones (the first of the levels)."""
    if reaction is None:
        return None
    plain = [v for v in reaction.plain if math.isfinite(v)]
    points = [
        (i, v)
        for i, (_, values) in enumerate(reaction.levels, 1)
        for v in values
        if math.isfinite(v)
    ]
    every = [*plain, *(v for _, v in points)]
    if not every:
        return None
    low, high = min(every), max(every)
    span = high - low or 1.0

    def y(value: float) -> float:
        return round(EDGE + (HEIGHT - 2 * EDGE) * (high - value) / span, 1)

    def x(place: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * place / len(reaction.levels), 1)

    top, bottom = (y(max(plain)), y(min(plain))) if plain else (0.0, 0.0)
    means = [(0, sum(plain) / len(plain))] if plain else []
    for i, (_, values) in enumerate(reaction.levels, 1):
        finite = [v for v in values if math.isfinite(v)]
        means += [(i, sum(finite) / len(finite))] if finite else []
    return Plot(
        (top, max(bottom - top, 1.0)),
        tuple((x(place), y(value)) for place, value in points),
        " ".join(f"{x(place)},{y(value)}" for place, value in means),
        COLOURS[reaction.verdict],
        f"{reaction.verdict}: {number(low)} to {number(high)}, effect {number(reaction.effect)} "
        "standard deviations",
    )


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
