"""What a tracker must be able to do, to be a sink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ganbench.store.annotations import read as read_annotations
from ganbench.store.folder import RunFolder
from ganbench.store.media import Picture


@dataclass(frozen=True)
class About:
    """What a tracker is told of a run before the first number.

    `resumed_at` is the step where it goes on, None if it is new. `folder` is where what cannot be
    sent is kept, `<run>/sinks`.
    """

    id: str
    name: str
    project: str
    config: Mapping[str, Any]
    tags: tuple[str, ...]
    notes: str
    created: str
    resumed_at: int | None
    folder: Path

    @classmethod
    def of(cls, run: RunFolder, resumed_at: int | None) -> Self:
        """What run.json and the annotations say."""
        content = run.read()
        said = read_annotations(run, content)
        config = content.get("config") or {}
        return cls(
            id=run.id,
            name=content.get("name") or run.id,
            project=content.get("project") or config.get("recipe") or "ganbench",
            config=config,
            tags=tuple(said["tags"]),
            notes=said["notes"],
            created=content["created"],
            resumed_at=resumed_at,
            folder=run.path / "sinks",
        )


class Backend:
    """One run in one tracker. Only the sink's thread calls it; it may raise, block, and be slow.

    `when` is the Unix time at which the loop logged it.
    """

    def __init__(self, about: About) -> None:
        self.about = about

    def load(self) -> None:
        """Imports the tracker's package."""
        raise NotImplementedError

    def begin(self) -> str:
        """Begins the tracker's run, or goes on with it; returns where people find it."""
        raise NotImplementedError

    def scalars(self, when: float, step: int, values: Mapping[str, float]) -> None:
        """Named numbers at a step."""
        raise NotImplementedError

    def picture(
        self, when: float, step: int, name: str, caption: str | None, pixels: Picture
    ) -> None:
        """A picture, uint8 H×W×3."""
        raise NotImplementedError

    def text(self, when: float, step: int, name: str, text: str) -> None:
        """A text at a step."""
        raise NotImplementedError

    def config(self, values: Mapping[str, Any]) -> None:
        """Parameters, nested, that are new or have changed."""
        raise NotImplementedError

    def name(self, name: str) -> None:
        """What people call the run from now on."""
        raise NotImplementedError

    def tags(self, tags: Sequence[str]) -> None:
        """More tags."""
        raise NotImplementedError

    def flush(self) -> None:
        """Nothing waits at the moment: what was collected can go."""

    def end(self, state: str) -> None:
        """The run has ended as "finished", "failed", "killed" or "diverged"."""
        raise NotImplementedError
