"""Tags and notes: what people say of a run, the only thing about it that the page writes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ganbench.errors import InputError, StoreError, explain
from ganbench.store.folder import RunFolder, alone, dumps, replace_file

NAME = "annotations.json"
LONGEST = 100  # characters of a tag
LARGEST = 200_000  # characters of the notes


class NotesChangedError(InputError):
    """Somebody else has changed the notes since they were read."""


def edition(notes: str) -> str:
    """A short hash of notes, by which one knows whether they have changed."""
    return hashlib.sha256(notes.encode(errors="replace")).hexdigest()[:16]


def read(run: RunFolder, content: Mapping[str, Any]) -> dict[str, Any]:
    """{"tags": […], "notes": "…"}: as they were changed last, else as run.json (`content`) says.

    Raises StoreError if the file is damaged.
    """
    path = run.path / NAME
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        found = content
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    except orjson.JSONDecodeError as error:
        raise StoreError(f"{path} is damaged: {error}") from error
    return {"tags": list(found.get("tags") or ()), "notes": str(found.get("notes") or "")}


def change(
    run: RunFolder,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    notes: str | None = None,
    since: str | None = None,
) -> dict[str, Any]:
    """Adds and removes tags, replaces the notes unless None; returns both as they are then.

    With `since`, the edition of the notes that the new ones are made from, nothing is changed and
    NotesChangedError raised if they are others by now. Raises InputError for an empty or long tag
    and for long notes, StoreError if the disk refuses.
    """
    for tag in add:
        if not tag.strip() or len(tag) > LONGEST:
            raise InputError(f"tag {tag[:120]!r}: expected 1 to {LONGEST} characters")
    if notes is not None and len(notes) > LARGEST:
        raise InputError(f"notes of {len(notes):,} characters: at most {LARGEST:,} are kept")
    with alone(run.path):
        now = read(run, run.read())
        if notes is not None and since not in (None, edition(now["notes"])):
            raise NotesChangedError("somebody else has changed the notes meanwhile")
        tags = [tag for tag in now["tags"] if tag not in remove]
        tags += [tag for tag in dict.fromkeys(add) if tag not in tags]
        new = {"tags": tags, "notes": now["notes"] if notes is None else notes}
        replace_file(run.path / NAME, dumps(new))
    return new
