"""`ganbench compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import tyro

from ganbench.cli.options import RUNS, RunsDir, call, console, print_json
from ganbench.errors import InputError
from ganbench.tables import number, table


def main(arguments: Sequence[str]) -> int:
    """Compares two evaluations."""
    return call(compare, "compare", arguments)


def compare(
    a: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="A")],
    b: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="B")],
    runs_dir: RunsDir = RUNS,
    json: bool = False,
) -> int:
    """Two evaluations: whether they can be compared, and whether the difference is noise.

    Args:
        a: what ganbench evaluate --json printed, or a run
        b: the other
        runs_dir: where the runs are
        json: as JSON
    """
    one, other = _scores(a, runs_dir), _scores(b, runs_dir)

    from ganbench.evaluation.compare import compare as compared  # torch comes with it

    rows = compared(one, other)
    if not rows:
        raise InputError(f"{a} and {b} have no measure on the same extractor in common")
    if json:
        print_json([asdict(row) for row in rows])
        return 0
    right = ("A", "B", "B - A", "95 % interval")
    made = table("measure", "features", *right, right=right)
    for row in rows:
        interval = " … ".join(map(number, row.interval)) if row.interval else ""
        name = row.measure if row.group is None else f"{row.measure} {row.group}"
        values = (number(value) for value in (row.a, row.b, row.difference))
        made.add_row(name, row.extractor, *values, interval)
    console.print(made)
    verdicts: dict[str, list[str]] = {}
    for row in rows:
        verdicts.setdefault(row.verdict, []).append(row.measure)
    for verdict, names in verdicts.items():
        console.print(f"{', '.join(dict.fromkeys(names))}: {verdict}", soft_wrap=True)
    return 0


def _scores(spec: str, runs_dir: Path) -> list[dict[str, Any]]:
    """The scores in a JSON file, or the newest ones of a run."""
    path = Path(spec)
    if path.suffix != ".json":
        from ganbench import scoring

        return scoring.newest_scores(spec, runs_dir)
    try:
        rows = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(r, dict) and "protocol" in r for r in rows):
        raise InputError(f"{path} does not hold scores; ganbench evaluate --json prints them")
    return rows
