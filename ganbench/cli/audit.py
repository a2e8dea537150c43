"""`ganbench audit`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
import tyro

from ganbench.cli.live import LiveLine
from ganbench.cli.options import console, print_json
from ganbench.errors import InputError
from ganbench.tables import duration, table

if TYPE_CHECKING:
    from ganbench.audit.cells import Audit, Cell
    from ganbench.audit.verdicts import Verdict

Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]
MARKS = {"notices": "✓", "is blind": "·", "is fooled": "✗"}


@dataclass(frozen=True)
class Arguments:
    """How measures react when real images are made worse on purpose.

    Writes audit.json, audit.html, a picture of each degradation, and the cells as they are made,
    so that it goes on where it was stopped.
    """

    images: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGES")]
    """Real images, as ganbench evaluate takes them; without labels clusters are classes."""
    out: Path = Path("audit")
    """The folder to write."""
    control: str | None = None
    """Held-out real images; by default a part of IMAGES."""
    extractor: str | None = None
    """What makes the features; by default what suits the images."""
    measures: Several = ()
    """A measure, with knobs if any (several times for several), or borji; by default the quick
    ones."""
    degrade: Several = ()
    """A degradation (several times for several); by default all."""
    n: Annotated[tuple[int, ...], tyro.conf.UseAppendAction] = ()
    """Images of each side (several times for several sizes); by default 500 and 2,000."""
    replicates: int = 3
    """Draws of each cell."""
    size: int | None = None
    """Crop to a square and resize to so many pixels."""
    seed: int = 0
    """Of all draws."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the network computes."""
    json: bool = False
    """The verdicts as JSON, instead of a table."""


def main(words: Sequence[str]) -> int:
    """Audits measures."""
    given = tyro.cli(Arguments, prog="ganbench audit", args=words)
    from ganbench.audit import page, verdicts

    audit = _prepare(given)
    cells = _run(audit, given.out)
    found = verdicts.verdicts(cells, audit.measures)
    told = {
        "images": audit.name,
        "fingerprint": audit.fingerprint,
        "extractor": {"name": audit.extractor.name, "digest": audit.extractor.digest},
        "n": list(audit.plan.sizes),
        "replicates": audit.plan.replicates,
        "seed": audit.plan.seed,
        "not_measured": verdicts.NOT_MEASURED,
        "measures": verdicts.as_json(found),
    }
    (given.out / "audit.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
    shown = page.html(audit, found, command="ganbench " + " ".join(sys.argv[1:]))
    (given.out / "audit.html").write_text(shown, encoding="utf-8")
    for name, sheet in page.sheets(audit, audit.plan.degradations).items():
        sheet.save(given.out / f"{name}.png", optimize=True)
    if given.json:
        print_json(told)
        return 0
    console.print(_table(audit, found))
    console.print(
        "\n✓ notices   · is blind   ✗ is fooled: says that it is better", style="dim", markup=False
    )
    for name, verdict in found.items():
        if verdict.refused:
            console.print(f"{name}: {verdict.refused}", style="yellow", soft_wrap=True)
    console.print(f"page: {given.out / 'audit.html'}", soft_wrap=True)
    return 0


def _prepare(given: Arguments) -> Audit:
    """The audit that is asked for. Raises InputError for what cannot be used."""
    from ganbench import scoring  # torch comes with it
    from ganbench.audit.cells import Audit, Plan
    from ganbench.audit.degradations import DEGRADATIONS
    from ganbench.downloads import cache_dir
    from ganbench.evaluation.evaluation import eye_of, suitable
    from ganbench.train.loop import choose_device

    for name in given.degrade:
        if name not in DEGRADATIONS:
            raise InputError(f"--degrade {name}: there are {', '.join(DEGRADATIONS)}")
    if given.replicates < 1 or min(given.n, default=2) < 2:
        raise InputError("--replicates must be at least 1 and --n at least 2")
    plan = Plan(
        given.measures,
        given.degrade or tuple(DEGRADATIONS),
        tuple(sorted(set(given.n))) or Plan.sizes,
        given.replicates,
        given.seed,
    )
    images = scoring.images_of(given.images, None, given.seed)
    control = None if given.control is None else scoring.images_of(given.control, None, given.seed)
    extractor = eye_of(
        given.extractor or suitable(images), str(choose_device(given.device)), "fp32", None
    )
    return Audit(images, extractor, plan, control=control, size=given.size, cache=cache_dir())


def _run(audit: Audit, out: Path) -> list[Cell]:
    """All cells: those that are there, and the others as they are made."""
    from ganbench.audit.cells import keeper, key_of, read

    key, path = key_of(audit), out / "cells.jsonl"
    wanted = set(audit.plan.cells())
    cells = {cell.key: cell for cell in read(path, key) if cell.key in wanted}
    whole = [key for key, cell in cells.items() if cell.measures >= set(audit.measures)]
    total, done, made, began = len(wanted), len(whole), 0, time.monotonic()
    keep = keeper(path, key)
    with LiveLine() as line:
        for cell in audit.run(list(cells.values())):
            keep(cell)
            cells[cell.key] = cells[cell.key] + cell if cell.key in cells else cell
            made, done, spent = made + 1, done + 1, time.monotonic() - began
            left = duration((total - done) * spent / made)
            words = (
                f"{done:,}/{total:,} sets · {cell.degradation} {cell.level:g} at "
                f"{cell.n:,} · {made / spent:.2f} sets/s · {left} left"
            )
            line.put(done / total, partial(str, words))
    return list(cells.values())


def _table(audit: Audit, found: Mapping[str, Verdict]) -> Any:
    names = [d for d in audit.plan.degradations if any(d in v.reactions for v in found.values())]
    made = table("measure", *names, "s", right=("s",))
    for name, verdict in found.items():
        if verdict.refused:
            continue
        marks = (verdict.reactions.get(d) for d in names)
        seconds = verdict.seconds[max(verdict.seconds)]
        made.add_row(name, *(MARKS[m.verdict] if m else "" for m in marks), f"{seconds:.2f}")
    return made
