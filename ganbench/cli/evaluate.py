"""`ganbench evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

from ganbench.cli.options import RUNS, RunsDir, console, print_json
from ganbench.cli.scoring_line import ScoringLine
from ganbench.errors import InputError
from ganbench.tables import number, scores_table, table

if TYPE_CHECKING:
    from ganbench.evaluation.evaluation import Evaluation

Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]


@dataclass(frozen=True)
class Arguments:
    """Score generated images against real ones.

    Images are a folder, a .zip, an .npz, .npy or .safetensors file, builtin:NAME:SPLIT,
    hf:NAME:SPLIT, run:ID, run:ID@STEP or py:MODULE:CALLABLE. The real ones may also be a file of
    statistics: ganbench stats.
    """

    fake: str
    """The generated images."""
    real: str | None = None
    """The real images, or their statistics; by default what the run is scored against, or the MNIST
    test set. With --measures borji, what the run was trained on."""
    control: str | None = None
    """Other real images, which the model did not see: the baseline, and memorisation."""
    rival: Several = ()
    """The samples of another model, for the measures that compare models (several times for
    several)."""
    extractor: Several = ()
    """What makes the features (several times for several); by default what suits the reals."""
    measures: Several = ()
    """A measure, or with its knobs kid:subsets=100,size=1000 (can be given several times), or
    borji for all of Borji's table; by default the quick ones that apply."""
    preset: str | None = None
    """The numbers of pytorch-fid, torch-fidelity, clean-fid, torchmetrics or stylegan3."""
    why: bool = False
    """The same images under every preset, and what makes the numbers differ."""
    by_class: bool = False
    """The scores of each class too; both sides need labels."""
    n: int | None = None
    """Images of each side at most, drawn with the seed; of a run 10,000 by default."""
    seed: int = 0
    """Of all draws."""
    skip_bad: bool = False
    """Leave files out that cannot be read, rather than stop."""
    alpha: Literal["white", "black", "drop"] = "white"
    """What stands behind transparent pictures; drop ignores transparency."""
    baseline: bool = True
    """Score real against real too."""
    cache: bool = True
    """Keep features for the next time."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Of the network; bf16 is compared with fp32 first."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""
    runs_dir: RunsDir = RUNS
    """Where the runs are."""
    json: bool = False
    """As JSON, with the protocol of each score."""
    markdown: bool = False
    """As Markdown, for a paper."""
    html: Path | None = None
    """Write a report to this file."""


def main(words: Sequence[str]) -> int:
    """Scores images."""
    given = tyro.cli(Arguments, prog="ganbench evaluate", args=words)
    if given.n is not None and given.n < 2:
        raise InputError(f"--n {given.n}: at least 2 samples")
    if given.preset is not None and given.measures:
        raise InputError("--preset says what is measured; leave --measures out")

    from ganbench import scoring  # torch comes with it
    from ganbench.evaluation import report
    from ganbench.evaluation.evaluation import Evaluation

    made = Evaluation()
    out = ("real", "fake", "rival", "why", "json", "markdown", "html")
    options = {f.name: getattr(given, f.name) for f in fields(given) if f.name not in out}
    with ScoringLine() as line:
        scores = list(
            scoring.evaluate(
                given.real,
                given.fake,
                rivals=given.rival,
                every_preset=given.why,
                report=line,
                made=made,
                **options,
            )
        )
    rows = [report.to_json(score) for score in scores]
    if given.json:
        print_json(rows)
    elif given.markdown:
        print(report.markdown(scores))
    elif given.why:
        _print_why(rows)
    else:
        console.print(scores_table(rows))
        if "borji" in given.measures:
            _print_elsewhere()
    if given.html is not None:
        _write_html(made, given.html)
    if given.why:  # the presets warn of the same, each with its own number
        rows = list({row["measure"]: row for row in reversed(rows)}.values())
    _print_notes(made, () if given.json or given.markdown else rows)
    return 0


def _print_notes(made: Evaluation, rows: Sequence[Mapping[str, Any]]) -> None:
    """What a reader should know, on standard error; the same words of several measures once."""
    told = Console(stderr=True, highlight=False)
    for note in made.notes:
        told.print(note, style="yellow", soft_wrap=True, markup=False)
    warnings: dict[str, list[str]] = {}
    for row in rows:
        for warning in row["warnings"]:
            warnings.setdefault(warning, []).append(row["measure"])
    for warning, names in warnings.items():
        words = f"{', '.join(dict.fromkeys(names))}: {warning}"
        told.print(words, style="yellow", soft_wrap=True, markup=False)


def _print_elsewhere() -> None:
    """Where those of Borji's measures are that no number answers."""
    from ganbench.measures.borji import BORJI, ELSEWHERE

    console.print()
    for row, where in ELSEWHERE.items():
        console.print(f"{row} {BORJI[row]}: {where}", style="dim", soft_wrap=True)


def _print_why(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a preset, and what each does differently."""
    from ganbench.evaluation.presets import PRESETS

    names = list(dict.fromkeys(row["measure"] for row in rows))
    made = table("preset", "resize", *names, right=names)
    for preset, about in PRESETS.items():
        values = {r["measure"]: r["value"] for r in rows if r["protocol"]["preset"] == preset}
        made.add_row(preset, about.resize, *(number(values.get(name)) for name in names))
    console.print(made)
    console.print()
    for preset, about in PRESETS.items():
        console.print(f"{preset} {about.about}", style="dim", soft_wrap=True)


def _write_html(made: Evaluation, path: Path) -> None:
    from ganbench.evaluation.html_report import html

    text = html(made, command="ganbench " + " ".join(sys.argv[1:]))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    Console(stderr=True).print(f"report: {path}", soft_wrap=True)
