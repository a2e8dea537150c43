"""`ganbench measures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import orjson
import tyro

from ganbench.cli.options import call, console, print_json
from ganbench.errors import InputError
from ganbench.tables import table


def main(arguments: Sequence[str]) -> int:
    """Lists the measures."""
    return call(measures, "measures", arguments)


def measures(
    name: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[NAME]")] = None,
    json: bool = False,
    pages: Path | None = None,
    audit: Path | None = None,
) -> int:
    """The measures by their number in Borji's table: what each needs, its range, what is better.

    Args:
        name: all about this measure
        json: as JSON
        pages: write a page of each to this folder, as Markdown
        audit: the audit.json that the pages tell of; by default the one in their folder
    """
    from ganbench.measures import MEASURES  # torch comes with it
    from ganbench.measures.borji import BORJI, ELSEWHERE
    from ganbench.measures.pages import page

    if pages is not None:
        return _write(pages, audit)
    if name is not None:
        if name not in MEASURES:
            near = get_close_matches(name, MEASURES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(f"no measure {name!r}; {hint}ganbench measures lists them")
        console.print(page(name, MEASURES[name]), markup=False, soft_wrap=True)
        return 0
    rows = [
        {
            "name": key,
            "title": row.title,
            "borji": row.borji,
            "direction": row.direction,
            "range": row.bounds,
            "needs": [f"{side}.{view}" for side, view in row.needs],
            "paper": row.paper,
            "cost": row.cost,
            "default": row.default,
        }
        for key, row in MEASURES.items()
    ]
    if json:
        print_json(rows)
        return 0
    made = table("Borji", "measure", "better", "range", "needs", "cost", "paper")
    for column in made.columns[4:]:
        column.no_wrap = False
    for number in (*BORJI, None):
        mine = [row for row in rows if row["borji"] == number]
        for row in mine:
            made.add_row(*map(str, _cells(row)))
        if number in ELSEWHERE:
            made.add_row(number, BORJI[number], "", "", ELSEWHERE[number], "", "")
    console.print(made)
    return 0


def _cells(row: Mapping[str, Any]) -> list[Any]:
    needs = ", ".join(need.replace(".", " ") for need in row["needs"])
    number = row["borji"] or ""
    return [number, row["name"], row["direction"], row["range"], needs, row["cost"], row["paper"]]


def _write(folder: Path, audit: Path | None) -> int:
    """Writes the pages."""
    from ganbench.measures.pages import pages

    source = audit or folder / "audit.json"
    found = None
    if audit is not None or source.exists():
        try:
            found = orjson.loads(source.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise InputError(f"--audit {source} cannot be read: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    made = pages(found)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    console.print(f"{len(made)} pages in {folder}")
    return 0
