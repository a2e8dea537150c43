"""The vocabulary of an import: a run of another tracker, and what it tells while it is read.

An importer is a function that yields `Foreign` runs; `Foreign.read()` yields events, which
`imports.writer` turns into a run folder. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO


@dataclass(frozen=True)
class Foreign:
    """A run of another tracker.

    `tool` and `key` say which run it is, wherever its data lies; `fingerprint` changes when there
    is more of it. `size` is how much there is to read, in the units of `Read`.
    """

    tool: str
    key: str
    where: str
    fingerprint: str
    name: str | None
    project: str
    began: float
    size: int
    read: Callable[[], Iterator[Event]]


@dataclass(frozen=True, slots=True)
class Scalars:
    """Named numbers at a step."""

    step: int
    time: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of an image file."""

    name: str
    step: int
    time: float
    content: bytes
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text at a step."""

    name: str
    step: int
    time: float
    text: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What the run's process wrote to its console."""

    text: str


@dataclass(frozen=True, slots=True)
class File:
    """Any file, kept as files/`name`; `open` is called once."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Line:
    """A record for which a run folder has no other place: a line of the JSON file files/`name`."""

    name: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """Parameters, nested. With a `time`, they may also replace earlier ones."""

    values: Mapping[str, Any]
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """Facts about the machine, the software and the run, as the source calls them."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What people said of the run; None is unknown."""

    name: str | None = None
    tags: Sequence[str] = ()
    notes: str | None = None
    command: Sequence[str] = ()

    def updated(self, later: About) -> About:
        """Both; what the later one knows counts, tags add up."""
        return About(
            later.name or self.name,
            (*self.tags, *later.tags),
            self.notes if later.notes is None else later.notes,
            later.command or self.command,
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """How and when the run ended: `state` is one of store.liveness.STATES but "running"."""

    state: str
    time: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that could not be read; the rest goes on."""

    what: str


@dataclass(frozen=True, slots=True)
class Read:
    """How much of `Foreign.size` is behind us."""

    done: int


Event = (
    Scalars
    | Picture
    | Text
    | Printed
    | File
    | Line
    | Config
    | Environment
    | About
    | Ended
    | Lost
    | Read
)
