"""`ganbench measures`."""

from __future__ import annotations

from collections.abc import Sequence

from ganbench.cli.options import call, console, print_json
from ganbench.tables import table


def main(arguments: Sequence[str]) -> int:
    """Lists the measures."""
    return call(measures, "measures", arguments)


def measures(json: bool = False) -> int:
    """The measures: what each needs, its range, and which direction is better.

    Args:
        json: as JSON
    """
    from ganbench.measures import MEASURES  # torch comes with it

    rows = [
        {
            "name": name,
            "borji": row.borji,
            "direction": row.direction,
            "range": row.bounds,
            "needs": [f"{side}.{view}" for side, view in row.needs],
            "paper": row.paper,
        }
        for name, row in MEASURES.items()
    ]
    if json:
        print_json(rows)
        return 0
    made = table("measure", "Borji", "better", "range", "needs", "paper")
    for row in rows:
        needs = ", ".join(row["needs"] or ())
        made.add_row(
            str(row["name"]),
            str(row["borji"] or ""),
            str(row["direction"]),
            str(row["range"]),
            needs,
            str(row["paper"]),
        )
    console.print(made)
    return 0
