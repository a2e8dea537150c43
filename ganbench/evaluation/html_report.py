"""One evaluation as one HTML file: scores, plots and pictures, which needs no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any

import jinja2
import orjson
import torch
from plotly.offline import get_plotlyjs

from ganbench.evaluation import closest, figures, pictures
from ganbench.evaluation.evaluation import Evaluation
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.report import (
    arrow,
    baseline_of,
    name_of,
    number,
    protocols,
    to_json,
    warnings_of,
)
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.measures import MEASURES
from ganbench.measures.frechet_infinity import frechet_curve
from ganbench.types import Points

SHOWN = 32  # pictures of a grid


@dataclass
class Section:
    """One part of the report: a heading, what to read from it, plots and pictures.

    `figure` is a Plotly figure or None; `pictures` are (caption, data URI); `missing` says why the
    part cannot be there.
    """

    title: str
    text: str = ""
    figure: dict[str, Any] | None = None
    pictures: list[tuple[str, str]] = field(default_factory=list)
    missing: str = ""


def html(evaluation: Evaluation, command: str = "") -> str:
    """The report; `command` is what made it, for the reader to repeat."""
    sections = []
    for evaluator, fake in evaluation.samples:
        sections += [_safe(title, make, evaluator, fake) for title, make in SECTIONS.items()]
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = (files("ganbench.evaluation") / "report.html.jinja").read_text(encoding="utf-8")
    rows = [
        {
            "name": name_of(score),
            "group": score.group or "",
            "arrow": arrow(MEASURES[score.measure].direction),
            "value": number(score.value),
            "interval": " … ".join(map(number, score.interval)) if score.interval else "",
            "baseline": baseline_of(score),
            "bias": number(score.bias) if score.bias is not None else "",
            "n": f"{score.n_fake:,}",
            "seconds": f"{score.seconds:.1f}",
        }
        for score in evaluation.scores
    ]
    first = evaluation.samples[0] if evaluation.samples else None
    return environment.from_string(source).render(
        real=first[0].real.images.name if first else "",
        fake=first[1].images.name if first else "",
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        notes=evaluation.notes,
        rows=rows,
        groups=any(row["group"] for row in rows),
        warnings=warnings_of(evaluation.scores),
        protocols=protocols(evaluation.scores),
        sections=sections,
        figures=[_script(section.figure) for section in sections],
        plotly=get_plotlyjs(),
        details=orjson.dumps(
            [to_json(score) for score in evaluation.scores], option=orjson.OPT_INDENT_2
        ).decode(),
        command=command,
    )


def _safe(title: str, make: Any, evaluator: Evaluator, fake: Sample) -> Section:
    """The section, or the reason why it is not there."""
    try:
        section: Section = make(evaluator, fake)
    except (NotApplicable, ValueError) as reason:
        return Section(title, missing=str(reason))
    section.title = title
    return section


def _samples(evaluator: Evaluator, fake: Sample) -> Section:
    real = evaluator.real
    if isinstance(fake.images, Points):
        if fake.features.shape[1] != 2:
            raise NotApplicable("points of more than two dimensions are not drawn")
        return Section("", "", figures.points(real.features, fake.features))
    made = []
    for name, side in (("real", real), ("fake", fake)):
        if pictures.can_be_shown(side.images):
            rows = torch.linspace(0, side.n - 1, min(SHOWN, side.n)).long().tolist()
            made.append((f"{name}, {len(rows)} of {side.n:,}", _grid(side, rows)))
    return Section("", "Drawn evenly from each set.", None, made)


def _prd(evaluator: Evaluator, fake: Sample) -> Section:
    text = (
        "Each point is a trade of precision (how much of the fakes is real) against recall (how "
        "much of the reals is covered). A perfect generator fills the square."
    )
    return Section("", text, figures.prd(evaluator.pair(fake).prd))


def _extrapolation(evaluator: Evaluator, fake: Sample) -> Section:
    curve = frechet_curve(evaluator.real.moments, fake.features, seed=evaluator.seed)
    (score,) = evaluator.score(fake, ["frechet"])
    text = (
        "Fewer samples give a larger distance, about linearly in 1/n; the line meets the axis at "
        f"{number(curve.intercept)}, what infinitely many samples would score."
    )
    return Section("", text, figures.extrapolation(curve, score.baseline, name_of(score)))


def _classes(evaluator: Evaluator, fake: Sample) -> Section:
    reals = None
    if evaluator.real.divisible:
        reals = evaluator.real.probs.argmax(1)
    names = fake.extractor.classes
    text = "The class that the network finds most probable; a class that is missing was dropped."
    return Section("", text, figures.classes(reals, fake.probs.argmax(1), names))


def _typical(evaluator: Evaluator, fake: Sample) -> Section:
    _need_pictures(fake)
    pair = evaluator.pair(fake).neighbours
    radius = pair.real_radii[pair.nearest, pair.real_radii.shape[1] - 1].clamp(min=1e-300)
    order = (pair.distance / radius).argsort().tolist()
    count = min(SHOWN // 2, len(order) // 2)
    text = (
        "By the distance to the nearest real image, as a part of the distance from that to its own "
        "fifth neighbour."
    )
    most, least = order[:count], order[::-1][:count]
    return Section(
        "", text, None, [("most typical", _grid(fake, most)), ("least typical", _grid(fake, least))]
    )


def _neighbours(evaluator: Evaluator, fake: Sample) -> Section:
    _need_pictures(fake)
    _need_pictures(evaluator.real)
    made = closest.neighbours(evaluator.real, fake, evaluator.control)
    text = (
        f"Left the image, right its {closest.FOUND} nearest reference images; those closest to a "
        "copy first. Compare with held-out images: they cannot be copies. Pixels do not see a copy "
        f"that is moved by one pixel, and are compared for {closest.ASKED} images, drawn evenly."
    )
    return Section("", text, None, made)


def _pairs(evaluator: Evaluator, fake: Sample) -> Section:
    _need_pictures(fake)
    if not evaluator.real.divisible:
        raise NotApplicable("only statistics of the reference are known")
    text, made = closest.pairs(evaluator.real, fake, evaluator.control, evaluator.seed)
    return Section("", text, None, made)


def _grid(side: Sample, rows: list[int]) -> str:
    return pictures.grid(pictures.tiles(side.images, rows))


def _need_pictures(side: Sample) -> None:
    if not pictures.can_be_shown(side.images):
        raise NotApplicable(f"{side.images.name} holds no pictures")


def _script(figure: dict[str, Any] | None) -> str:
    """JSON that can stand in a script element."""
    return orjson.dumps(figure).decode().replace("<", "\\u003c")


SECTIONS = {
    "Samples": _samples,
    "Precision and recall of distributions": _prd,
    "Fréchet distance against the number of samples": _extrapolation,
    "Classes": _classes,
    "Most and least typical": _typical,
    "Nearest reference images": _neighbours,
    "Closest pairs of fakes (birthday paradox)": _pairs,
}
