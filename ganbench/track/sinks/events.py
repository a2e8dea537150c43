"""From the events of a recorder to the calls of a backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganbench.store.journal import unspell
from ganbench.track.sinks.backend import Backend

BASE = 300  # bytes of an event, about, without what is in it
ENTRY = 100  # and of a number with its name


def tell(backend: Backend, event: str, when: float, fields: Mapping[str, Any]) -> None:
    """Tells `backend` of one event (store/relay.py lists them), and raises what it does."""
    match event:
        case "scalars":
            backend.scalars(when, fields["step"], fields["values"])
        case "scores":
            backend.scalars(when, fields["step"], scalars_of(fields["scores"]))
        case "picture":
            backend.picture(
                when, fields["step"], fields["name"], fields["caption"], fields["pixels"]
            )
        case "text":
            backend.text(when, fields["step"], fields["name"], fields["text"])
        case "config":
            backend.config(fields["values"])
        case "tags":
            backend.tags(fields["tags"])
        case "name":
            backend.name(fields["name"])


def scalars_of(scores: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Scores as named numbers: scores/<measure>/<extractor>/n<samples>, and its low and high.

    The number of samples is part of the name: most measures depend on it.
    """
    numbers = {}
    for score in scores:
        name = f"scores/{score['measure']}/{score['extractor']}/n{score['n_fake']}"
        if score.get("group") is not None:
            name += f"/{score['group']}"
        if score["value"] is not None:
            numbers[name] = unspell(score["value"])
        if score.get("interval"):
            low, high = score["interval"]
            numbers |= {f"{name}/low": unspell(low), f"{name}/high": unspell(high)}
    return numbers


def size(fields: Mapping[str, Any]) -> int:
    """Bytes of memory that an event takes, about."""
    values = fields.get("values")
    if values is not None:  # by far the most are these
        return BASE + ENTRY * len(values)
    words = sum(len(value) for value in fields.values() if isinstance(value, str))
    return BASE + words + int(getattr(fields.get("pixels"), "nbytes", 0))
