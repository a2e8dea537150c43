"""`ganbench runs list|show|diff|export|delete`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import tyro
from rich.prompt import Confirm

from ganbench.cli.options import (
    RUNS,
    RunName,
    RunsDir,
    choose,
    console,
    index_url,
    print_json,
)
from ganbench.cli.records import export
from ganbench.errors import InputError, StoreError
from ganbench.store import checkpoints, comparison, folder, query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index
from ganbench.summary import print_summary
from ganbench.tables import number, runs_table, table
from ganbench.track.server import address


def main(arguments: Sequence[str]) -> int:
    """Runs a subcommand."""
    commands: dict[str, Callable[..., int]] = {
        "list": list_,
        "show": show,
        "diff": diff,
        "export": export,
        "delete": delete,
    }
    return choose(commands, "runs", arguments)


def list_(runs_dir: RunsDir = RUNS, json: bool = False) -> int:
    """All runs, the newest first.

    Args:
        runs_dir: where the runs are
        json: as JSON
    """
    with _index(runs_dir) as index:
        runs = query.list_runs(index)
    if json:
        print_json(runs)
    elif runs:
        console.print(runs_table(runs))
    else:
        console.print(f"{runs_dir} holds no runs; start one with: ganbench train mnist")
    return 0


def show(run: RunName, runs_dir: RunsDir = RUNS, json: bool = False) -> int:
    """One run: summary, scores, config.

    Args:
        run: an id, a prefix of exactly one id, or latest
        runs_dir: where the runs are
        json: as JSON
    """
    found, shown = _show(runs_dir, run)
    shown["checkpoints"] = checkpoints.steps(found)
    if json:
        print_json(shown)
        return 0
    print_summary(console, shown, str(found.path), address(found.id))
    console.print()
    made = table("field", "value")
    for name, value in comparison.flatten(shown["config"]):
        made.add_row(name, str(value))
    made.add_row("checkpoints", ", ".join(map(str, shown["checkpoints"])))
    console.print(made)
    return 0


def diff(
    first: Annotated[RunName, tyro.conf.arg(metavar="A")],
    second: Annotated[RunName, tyro.conf.arg(metavar="B")],
    runs_dir: RunsDir = RUNS,
    json: bool = False,
) -> int:
    """The fields in which two runs differ, and their last scores side by side.

    Args:
        first: an id, a prefix of exactly one id, or latest
        second: the same
        runs_dir: where the runs are
        json: as JSON
    """
    (_, a), (_, b) = _show(runs_dir, first), _show(runs_dir, second)
    fields = comparison.differences([a["config"], b["config"]])
    scores = _scores(a["scores"], b["scores"])
    if json:
        print_json({"runs": [a["id"], b["id"]], "fields": fields, "scores": scores})
        return 0
    made = table("field", a["id"], b["id"])
    for name, (left, right) in fields.items():
        made.add_row(name, str(left), str(right))
    console.print(made if fields else "the configs are the same")
    console.print()
    made = table("score", a["id"], b["id"], "", right=(a["id"], b["id"]))
    for row in scores:
        name = f"{row['measure']} ({row['extractor']})"
        note = "" if row["comparable"] else f"not comparable: {', '.join(row['differs'])}"
        made.add_row(name, number(row["values"][0]), number(row["values"][1]), note)
    console.print(made if scores else "neither run has been scored")
    return 0


def delete(run: RunName, runs_dir: RunsDir = RUNS, yes: bool = False) -> int:
    """Removes a run's folder for good; asks first.

    Args:
        run: an id, a prefix of exactly one id, or latest
        runs_dir: where the runs are
        yes: do not ask
    """
    found, shown = _show(runs_dir, run)
    if shown["state"] == "running":
        raise InputError(f"run {found.id} is running; stop it first")
    size = checkpoints.size(found.path) / 2**20
    if not yes and not Confirm.ask(
        f"remove {found.path} ({size:.1f} MiB) for good?", default=False
    ):
        console.print("nothing was removed")
        return 1
    folder.delete(found)
    console.print(f"removed {found.id}")
    return 0


@contextmanager
def _index(runs_dir: RunsDir) -> Iterator[Index]:
    """The index of `runs_dir`, up to date."""
    index = Index(runs_dir, index_url())
    try:
        index.refresh()
        for problem in index.problems:
            print(f"ganbench: left out: {problem}", file=sys.stderr)
        yield index
    finally:
        index.close()


def _show(runs_dir: RunsDir, name: str) -> tuple[RunFolder, dict[str, Any]]:
    found = folder.find(runs_dir, name)
    with _index(runs_dir) as index:
        shown = query.show_run(index, found.id)
    if shown is None:
        raise StoreError(f"run {found.id} was removed just now")
    return found, shown


def _scores(a: list[Any], b: list[Any]) -> list[dict[str, Any]]:
    """Both runs' scores by measure and extractor, and whether they can be compared."""
    return [
        {
            **{key: row[key] for key in ("measure", "extractor", "group", "comparable")},
            "values": [score and score["value"] for score in row["scores"]],
            "differs": ["only one run has it"] if None in row["scores"] else row["differs"],
        }
        for row in comparison.scores([a, b])
    ]
