"""What a run's journals hold of its training, as the events that it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ganbench.events import Event, Scalars, Scored, Warned
from ganbench.store.folder import RunFolder
from ganbench.store.journal import journals, read, unspell
from ganbench.store.records import HEAD


def events(run: RunFolder, until: int) -> Iterator[Event]:
    """The scalars, scorings (their signs only) and warnings up to step `until`.

    Journal by journal, the one that was opened first before the others: a resumed run repeats the
    steps after its checkpoint.
    """
    found = []
    for path in journals(run.path):
        records, _, _ = read(path)
        match records[:1]:
            case [{"kind": "open", "time": opened, **rest}] if not rest.get("child"):
                found.append((float(opened), path.name, records))
    for _, _, records in sorted(found, key=lambda journal: journal[:2]):
        yield from _events(records, until)


def _events(records: list[Any], until: int) -> Iterator[Event]:
    columns: dict[int, list[str]] = {}
    for record in records:
        match record:
            case {"kind": "columns", "id": number, "names": names}:
                columns[number] = names[len(HEAD) :]
            case [number, step, seen, _, *values] if step <= until:
                named = dict(zip(columns.get(number, []), values, strict=False))
                if not any(name.startswith("system/") for name in named):
                    yield Scalars(step, seen, _numbers(named))
            case {"kind": "scores", "step": step, "seen": seen} if step <= until:
                yield Scored(step, seen, (), _numbers(record.get("signs")))
            case {"kind": "warning", "step": step, "seen": seen} if step <= until:
                evidence, advice = _numbers(record["evidence"]), tuple(record["advice"])
                said = (record["code"], record["message"], evidence, advice)
                yield Warned(step, seen, *said, over=record.get("over", False))


def _numbers(values: Any) -> dict[str, float]:
    """Numbers as `spell` wrote them; none, where something else is there."""
    try:
        return {name: unspell(value) for name, value in values.items()}
    except (AttributeError, TypeError, ValueError):
        return {}
