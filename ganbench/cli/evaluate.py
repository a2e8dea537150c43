"""`ganbench evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

from ganbench.cli.options import RUNS, RunsDir, call, console, print_json
from ganbench.cli.scoring_line import ScoringLine
from ganbench.cli.tables import number, scores_table, table
from ganbench.errors import InputError

if TYPE_CHECKING:
    from ganbench.evaluate.evaluation import Evaluation

Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]


def main(arguments: Sequence[str]) -> int:
    """Scores images."""
    return call(evaluate, "evaluate", arguments)


def evaluate(
    fake: str,
    real: str = "builtin:mnist:test",
    control: str | None = None,
    extractor: Several = (),
    measures: Several = (),
    preset: str | None = None,
    why: bool = False,
    by_class: bool = False,
    n: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    alpha: Literal["white", "black", "drop"] = "white",
    baseline: bool = True,
    cache: bool = True,
    precision: Literal["fp32", "bf16"] = "fp32",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    runs_dir: RunsDir = RUNS,
    json: bool = False,
    markdown: bool = False,
    html: Path | None = None,
) -> int:
    """Score generated images against real ones.

    Images are a folder, a .zip, an .npz, .npy or .safetensors file, builtin:NAME:SPLIT,
    hf:NAME:SPLIT, run:ID, run:ID@STEP or py:MODULE:CALLABLE. The real ones may also be a file of
    statistics: ganbench stats.

    Args:
        fake: the generated images
        real: the real images, or their statistics
        control: other real images, which the model did not see: the baseline, and memorisation
        extractor: what makes the features (several times for several); by default the one that
            suits the real images
        measures: a measure, or with its knobs kid:subsets=100,size=1000 (can be given several
            times); all that apply by default
        preset: the numbers that another program gives: pytorch-fid, torch-fidelity, clean-fid,
            torchmetrics or stylegan3
        why: the same images under every preset, and what makes the numbers differ
        by_class: the scores of each class too; both sides need labels
        n: images of each side at most, drawn with the seed; of a run 10,000 by default
        seed: of all draws
        skip_bad: leave files out that cannot be read, rather than stop
        alpha: what stands behind transparent pictures; drop ignores transparency
        baseline: score real against real too
        cache: keep features for the next time
        precision: of the network; bf16 is compared with fp32 first
        device: where to compute
        runs_dir: where the runs are
        json: as JSON, with the protocol of each score
        markdown: as Markdown, for a paper
        html: write a report to this file
    """
    if n is not None and n < 2:
        raise InputError(f"--n {n}: at least 2 samples")
    if preset is not None and measures:
        raise InputError("--preset says what is measured; leave --measures out")

    from ganbench import scoring  # torch comes with it
    from ganbench.evaluate import report
    from ganbench.evaluate.evaluation import Evaluation

    made = Evaluation()
    with ScoringLine() as line:
        scores = list(
            scoring.evaluate(
                real,
                fake,
                control=control,
                extractor=extractor,
                measures=measures,
                preset=preset,
                every_preset=why,
                by_class=by_class,
                n=n,
                seed=seed,
                skip_bad=skip_bad,
                alpha=alpha,
                baseline=baseline,
                cache=cache,
                precision=precision,
                device=device,
                runs_dir=runs_dir,
                report=line,
                made=made,
            )
        )
    rows = [report.to_json(score) for score in scores]
    if json:
        print_json(rows)
    elif markdown:
        print(report.markdown(scores))
    elif why:
        _print_why(rows)
    else:
        console.print(scores_table(rows))
    if html is not None:
        _write_html(made, html)
    _print_notes(made, () if json or markdown else rows)
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
        told.print(f"{', '.join(dict.fromkeys(names))}: {warning}", style="yellow", soft_wrap=True)


def _print_why(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a preset, and what each does differently."""
    from ganbench.evaluate.presets import PRESETS

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
    from ganbench.evaluate.html_report import html

    text = html(made, command="ganbench " + " ".join(sys.argv[1:]))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    Console(stderr=True).print(f"report: {path}", soft_wrap=True)
