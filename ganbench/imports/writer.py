"""From the events of a foreign run to a run folder."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import InputError, StoreError, explain
from ganbench.imports import foreign, pictures
from ganbench.imports.files import Files, Unreadable
from ganbench.imports.parameters import Parameters
from ganbench.imports.values import DAMAGED, clean
from ganbench.store import folder
from ganbench.store.console import MOST
from ganbench.store.journal import Journal
from ganbench.store.media import MediaWriter

SAME = 0.01  # seconds within which the points of one step share a row, and its time
LISTED = 100  # losses that run.json lists; all are counted


@dataclass
class Done:
    """What has been taken over of a run so far; `lost` says what could not be."""

    name: str | None = None
    state: str = "finished"
    points: int = 0
    pictures: int = 0
    texts: int = 0
    files: int = 0
    lost: list[str] = field(default_factory=list)


class Writer:
    """Takes events one by one; `finish` completes a run folder in `staging`.

    Every method raises StoreError when the disk refuses.
    """

    def __init__(self, run: foreign.Foreign, staging: Path) -> None:
        self.done = Done()
        self.folder = folder.create(staging, run.project, {})
        self._run = run
        self._journal = Journal(self.folder.path, step=0, opened=run.began)
        self._damaged: list[str] = []
        self._media = MediaWriter(self.folder, self._journal, complain=self._damaged.append)
        self._files = Files(self.folder.files)
        self._shown: dict[tuple[str, str, int], int] = {}  # pictures and texts, by name and step
        self._row: tuple[int, float, dict[str, float]] = (0, -math.inf, {})
        self._values: dict[str, tuple[float, float, float]] = {}  # last, smallest, largest
        self._parameters = Parameters()
        self._environment: dict[str, Any] = {}
        self._about = foreign.About()
        self._end = foreign.Ended("finished")
        self._step, self._time = 0, run.began  # the largest step, the latest time
        self._console = self.folder.console.open("wb")

    def take(self, event: foreign.Event) -> None:
        """One event, of any kind; one that cannot be written costs itself."""
        try:
            self._take(event)
        except DAMAGED as error:
            self.done.lost.append(f"{type(event).__name__}: {error}")

    def _take(self, event: foreign.Event) -> None:
        match event:
            case foreign.Scalars():
                self._scalars(event)
            case foreign.Picture():
                self._picture(event)
            case foreign.Text():
                self._text(event)
            case foreign.Printed(text):
                self._print(text)
            case foreign.File(name, opened):
                try:
                    self._files.copy(name, opened)
                except Unreadable as error:
                    self.done.lost.append(str(error))
            case foreign.Line(name, content):
                self._files.add(name, content)
            case foreign.Config(values, when):
                changed = self._parameters.add(clean(values))
                if changed:
                    at = self._time if when is None else when
                    self._journal.write("config", time=at, values=changed)
            case foreign.Environment(values):
                self._environment.update(clean(values))
            case foreign.About():
                self._about = self._about.updated(event)
            case foreign.Ended():
                self._end = event
            case foreign.Lost(what):
                self.done.lost.append(what)

    def finish(self) -> None:
        """The end record and run.json: now it is a run."""
        self._flush()
        self._media.close()
        self.done.pictures -= len(self._damaged)
        self.done.lost += self._damaged
        end = max(self._time if self._end.time is None else self._end.time, self._run.began)
        self._journal.write(
            "end",
            time=end,
            state=self._end.state,
            step=self._step,
            seen=0,
            reason=self._end.reason,
            summary={
                "seconds": round(end - self._run.began, 3),
                "scalars": {
                    name: dict(zip(("last", "min", "max"), values, strict=True))
                    for name, values in self._values.items()
                },
            },
        )
        self._journal.close()
        self._close_console()
        self.done.name = self._about.name or self._run.name
        self.done.state, self.done.files = self._end.state, self._files.kept
        content = {**self.folder.read(), **clean(self._content())}
        folder.replace_file(self.folder.path / "run.json", folder.dumps(content))

    def abandon(self) -> None:
        """Closes what is open, after an error."""
        self._console.close()
        with suppress(StoreError):
            self._media.close()
        self._journal.close()

    def _content(self) -> dict[str, Any]:
        run, about = self._run, self._about
        return {
            "created": datetime.fromtimestamp(run.began, UTC).isoformat(),
            "project": run.project,
            "name": self.done.name,
            "config": self._parameters.first,
            "environment": {**self._environment, "imported_from": f"{run.tool} {run.key}"},
            "command": list(about.command),
            "tags": list(dict.fromkeys(about.tags)),
            "notes": about.notes or "",
            "imported": {
                "tool": run.tool,
                "run": run.key,
                "from": run.where,
                "fingerprint": run.fingerprint,
                "time": datetime.now(UTC).isoformat(),
                "lost": len(self.done.lost),
                "losses": self.done.lost[:LISTED],
            },
        }

    def _scalars(self, event: foreign.Scalars) -> None:
        step, at, values = self._row
        near = event.step == step and abs(event.time - at) <= SAME
        if not near or not values.keys().isdisjoint(event.values):
            self._flush()
            self._row = event.step, event.time, dict(event.values)
        else:
            values.update(event.values)

    def _flush(self) -> None:
        """Writes the row that is complete."""
        step, at, values = self._row
        if not values:
            return
        self._row = step, at, {}
        self._reach(step, at)
        values = dict(sorted(values.items()))  # equal names make one kind of row
        self._journal.row(step, 0, values, at)
        self.done.points += len(values)
        for name, value in values.items():
            _, low, high = self._values.get(name, (value, value, value))
            self._values[name] = value, min(low, value), max(high, value)

    def _text(self, event: foreign.Text) -> None:
        self._reach(event.step, event.time)
        name = self._unshown("text", event.name, event.step)
        self._journal.write(
            "text", time=event.time, name=name, step=event.step, seen=0, text=event.text
        )
        self.done.texts += 1

    def _picture(self, event: foreign.Picture) -> None:
        """A picture, or a file where it cannot be one."""
        self._reach(event.step, event.time)
        fits, suffix = pictures.examine(event.content)
        if not fits:
            self._keep(event, suffix)
            if suffix == pictures.UNKNOWN:
                self.done.lost.append(f"{event.name} at step {event.step}: not an image")
            return
        self.done.pictures += 1
        self._media.put(
            partial(self._decode, event, suffix),
            name=self._unshown("picture", event.name, event.step),
            step=event.step,
            seen=0,
            caption=event.caption,
            time=event.time,
        )

    def _decode(self, event: foreign.Picture, suffix: str) -> NDArray[np.uint8]:
        """On the thread that encodes. Keeps the file as well where a picture is not all of it."""
        try:
            picture, whole = pictures.decode(event.content)
        except InputError:
            self._keep(event, f".damaged{suffix}")
            raise
        if not whole:
            self._keep(event, suffix)
        return picture

    def _keep(self, event: foreign.Picture, suffix: str) -> None:
        self._files.store(f"pictures/{event.name}-{event.step}{suffix}", event.content)

    def _unshown(self, kind: str, name: str, step: int) -> str:
        """`name`, with a number where the step has one of that name already: none is replaced."""
        key = kind, name, step
        n = self._shown[key] = self._shown.get(key, 0) + 1
        return name if n == 1 else f"{name} ({n})"

    def _reach(self, step: int, at: float) -> None:
        self._step, self._time = max(step, self._step), max(at, self._time)

    def _print(self, text: str) -> None:
        try:
            self._console.write(text.encode(errors="replace"))
        except OSError as error:
            raise StoreError(explain(error, self.folder.console)) from error

    def _close_console(self) -> None:
        """Of a console that is longer than ours are, the whole is kept among the files."""
        path = self.folder.console
        try:
            self._console.close()
            if path.stat().st_size <= MOST:
                return
            with path.open("rb") as file:
                start = file.read(MOST)
            self._files.move(path, "console.log")
            path.write_bytes(start + b"\n[the whole of it is files/console.log]\n")
        except OSError as error:
            raise StoreError(explain(error, path)) from error
