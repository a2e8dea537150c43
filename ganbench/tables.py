"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

COLOURS = {"running": "cyan", "finished": "green"}


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table in the style of the project; the columns `right` are flush right."""
    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return made


def scores_table(scores: Sequence[Mapping[str, Any]]) -> Table:
    """Scores as `evaluate.report.to_json` gives them, one a line."""
    right = ("value", "95 % interval", "real vs real", "real", "fake", "s")
    made = table("measure", *right, "features", right=right)
    for score in scores:
        interval = score["interval"]
        made.add_row(
            score["measure"] + (f" {score['group']}" if score.get("group") else ""),
            number(score["value"]),
            " … ".join(map(number, interval)) if interval else "",
            _baseline(score),
            "?" if score["n_real"] is None else f"{score['n_real']:,}",
            f"{score['n_fake']:,}",
            f"{score['seconds']:.1f}",
            score["extractor"],
        )
    return made


def _baseline(score: Mapping[str, Any]) -> str:
    """Real against real, with the number of samples where that is another."""
    n = score.get("baseline_n")
    other = f" (n {n:,})" if n and n != score["n_fake"] else ""
    return number(score["baseline"]) + other


def runs_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """Runs as `store.query.list_runs` gives them, one a line."""
    made = table("run", "state", "step", "started", "time", "scores", right=("step", "time"))
    for run in runs:
        colour = COLOURS.get(run["state"], "red")
        made.add_row(
            run["id"],
            f"[{colour}]{run['state']}[/]",
            f"{run['step']:,}" + (f"/{run['steps']:,}" if run["steps"] else ""),
            run["created"][:16].replace("T", " "),
            duration(run["seconds"]),
            "  ".join(f"{s['measure']} {number(s['value'])}" for s in run["scores"][:3]),
        )
    return made


def number(value: float | str | None) -> str:
    """Four significant digits; a dash for none."""
    if value is None:
        return "–"
    value = float(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def amount(size: float) -> str:
    """Bytes in words: 120 bytes, 3.4 MB."""
    if size < 1000:
        return f"{size:.0f} bytes"
    power = min(len(str(int(size))) - 1, 11) // 3
    return f"{size / 1000**power:,.1f} {' kMGT'[power]}B"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
