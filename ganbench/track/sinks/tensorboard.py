"""TensorBoard: event files in <run>/sinks/tensorboard, written by tensorboardX.

The numbers of a step are one event, so that a NaN costs no warning and five numbers no five events.
TensorBoard keeps float32, and knows only letters, digits, `_`, `-`, `.` and `/` in names.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import orjson

from ganbench.store.comparison import flatten
from ganbench.store.journal import spell
from ganbench.store.media import Picture
from ganbench.track.sinks.backend import Backend


class Tracker(Backend):
    """A writer of event files."""

    def load(self) -> None:
        self._package = import_module("tensorboardX")
        self._summary = import_module("tensorboardX.summary")
        self._message = import_module("tensorboardX.proto.summary_pb2").Summary

    def begin(self) -> str:
        folder = self.about.folder / "tensorboard"
        # What was written after the step where the run goes on is told again.
        purge = None if self.about.resumed_at is None else self.about.resumed_at + 1
        suffix = f".{time.time_ns()}"  # without, a file of the same second would be overwritten
        self._writer = self._package.SummaryWriter(
            str(folder), purge_step=purge, filename_suffix=suffix
        )
        self._config = dict(self.about.config)
        self.config({})
        if self.about.tags:
            self.tags(self.about.tags)
        if self.about.notes:
            self._writer.add_text("notes", self.about.notes, 0)
        return f"tensorboard --samples_per_plugin images=10000 --logdir {folder}"

    def scalars(self, when: float, step: int, values: Mapping[str, float]) -> None:
        value = self._message.Value
        named = [value(tag=_clean(name), simple_value=number) for name, number in values.items()]
        self._writer.file_writer.add_summary(self._message(value=named), step, when)

    def picture(
        self, when: float, step: int, name: str, caption: str | None, pixels: Picture
    ) -> None:
        self._writer.add_image(_clean(name), pixels, step, when, dataformats="HWC")
        if caption:
            self.text(when, step, f"{name}/caption", caption)

    def text(self, when: float, step: int, name: str, text: str) -> None:
        self._writer.add_text(_clean(name), text, step, when)

    def config(self, values: Mapping[str, Any]) -> None:
        self._config |= values
        flat = {name: _plain(value) for name, value in flatten(self._config)}
        rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in flat.items()]
        self._writer.add_text("config", "\n".join(["| field | value |", "|---|---|", *rows]), 0)
        for summary in self._summary.hparams(flat, {}):
            self._writer.file_writer.add_summary(summary)

    def name(self, name: str) -> None:
        self._writer.add_text("name", name, 0)

    def tags(self, tags: Sequence[str]) -> None:
        self._writer.add_text("tags", ", ".join(tags), 0)

    def flush(self) -> None:
        self._writer.flush()

    def end(self, state: str) -> None:
        self._writer.add_text("state", state, 0)
        self._writer.close()


def _clean(name: str) -> str:
    return re.sub(r"[^-/\w.]", "_", name).lstrip("/")


def _plain(value: Any) -> Any:
    """What the HParams tab can show: a number, a word, or JSON."""
    if isinstance(value, (bool, int, float, str)):
        return value
    return orjson.dumps(spell(value)).decode()


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").splitlines())
