"""The end of a run, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ganbench.store import query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index
from ganbench.tables import duration, number, scores_table, table


def summarise(run: RunFolder, page: str) -> None:
    """Prints how a run ended, by its folder; `page` is its address."""
    index = Index(run.path.parent)
    index.refresh()
    shown = query.show_run(index, run.id)
    index.close()
    if shown is not None:
        print_summary(Console(highlight=False), shown, str(run.path), page)


def print_summary(console: Console, run: Mapping[str, Any], folder: str, page: str) -> None:
    """The end of a run: `run` is what `store.query.show_run` gives."""
    summary = run["summary"] or {}
    console.print()
    of = f" of {run['steps']:,}" if run["steps"] else ""
    console.print(f"[bold]{run['id']}[/] {run['state']} at step {run['step']:,}{of}")
    if run["reason"]:
        console.print(run["reason"], style="yellow")
    _print_warnings(console, run["warnings"])
    if summary.get("scalars"):
        console.print()
        made = table("metric", "last", "min", "max", right=("last", "min", "max"))
        for name, values in summary["scalars"].items():
            made.add_row(name, *(number(values[key]) for key in ("last", "min", "max")))
        console.print(made)
    if run["scores"]:
        console.print(f"\nscores of the generator at step {run['scored_at']:,}", style="dim")
        console.print(scores_table(run["scores"]))
    console.print()
    console.print(_facts(run, folder, page))


def _print_warnings(console: Console, warnings: Sequence[Mapping[str, Any]]) -> None:
    """What went wrong, with what people do about it."""
    if warnings:
        console.print("\nwhat went wrong", style="dim")
    for warned in warnings:
        until = "" if warned["until"] is None else f" to {warned['until']:,}"
        when = f"[dim]step {warned['step']:,}{until}[/]"
        console.print(f"{when} [yellow]{escape(warned['message'])}[/]", soft_wrap=True)
        if warned["until"] is None:
            for words in warned["advice"]:
                console.print(f"  - {escape(words)}", soft_wrap=True)


def _facts(run: Mapping[str, Any], folder: str, page: str) -> Table:
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim")
    summary = run["summary"]
    if summary:
        facts.add_row("duration", duration(summary["seconds"]))
        if run["seen"]:
            facts.add_row("images/s", number(summary["images_per_second"]))
        if "peak_memory" in summary:  # nobody knows it of an imported run
            facts.add_row("peak memory", f"{summary['peak_memory']:,} MiB")
            use = summary["gpu_use"]
            facts.add_row("GPU", "no GPU" if use is None else f"{use:.0f} % in use")
        if summary.get("scorings_skipped"):
            skipped = f"{summary['scorings_skipped']} skipped to stay within scoring.budget"
            facts.add_row("scorings", f"{summary['scorings']} made, {skipped}")
        if summary.get("best"):
            values = (f"{key} {number(value)}" for key, value in summary["best"].items())
            facts.add_row("best checkpoint", ", ".join(values))
    facts.add_row("run folder", folder)
    ours = page.startswith("http://127.0.0.1:")
    facts.add_row("page", f"{page}   (ganbench serve)" if ours else page)
    return facts
