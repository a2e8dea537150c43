"""W&B's offline runs: `wandb/offline-run-<time>-<id>/run-<id>.wandb` and the files beside it.

The `.wandb` file is a log of LevelDB's kind, of W&B's own messages. `wandb/run-*`, what stays of
runs that were sent to the cloud, are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ganbench.errors import InputError
from ganbench.imports.foreign import (
    About,
    Config,
    Ended,
    Environment,
    Event,
    File,
    Foreign,
    Line,
    Lost,
    Picture,
    Printed,
    Read,
    Scalars,
    Text,
)
from ganbench.imports.missing import need, unreadable
from ganbench.imports.names import inside
from ganbench.imports.records import Damage, leveldb
from ganbench.imports.values import DAMAGED, number, sort, whole

PROTOCOL = "wandb.proto.wandb_internal_pb2"
MAGIC = b":W&B"
HEADER = 7  # bytes: the magic, a number, a version
EVERY = 1000  # records between two `Read`
BOOKKEEPING = ("_timestamp", "_runtime", "_step", "_wandb")


def runs(path: Path, *, follow: bool = False) -> Iterator[Foreign]:
    """The runs of a folder `wandb`, of what holds one, of one run's folder, or one `.wandb` file.

    `wandb.save` leaves links to files anywhere; they are kept only where links are to `follow`.
    Raises InputError if there are none, or without wandb.
    """
    need(PROTOCOL, "wandb")
    files = _find(path)
    if not files:
        raise InputError(f"{path} holds no runs of W&B (offline-run-*/run-*.wandb)")
    for file in files:
        yield _foreign(file, follow)


def _find(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    patterns = ("*.wandb", "*run-*/*.wandb", "wandb/*run-*/*.wandb")
    found = {file.resolve() for pattern in patterns for file in path.glob(pattern)}
    return sorted(file for file in found if file.is_file())


def _foreign(file: Path, follow: bool) -> Foreign:
    """The run of one file; what its first records say of it is needed before the rest."""
    try:
        size = file.stat().st_size
        began = file.stat().st_mtime
        with file.open("rb") as opened:
            magic = opened.read(len(MAGIC))
    except OSError as error:
        raise unreadable(error, file) from error
    if magic != MAGIC:
        raise InputError(f"{file} is no file of W&B: it begins with {magic!r}")
    key, project, name = file.stem.removeprefix("run-"), "wandb", None
    for message, _ in _messages(file):
        if not isinstance(message, Lost) and message.WhichOneof("record_type") == "run":
            run = message.run
            key, project = run.run_id or key, run.project or project
            name, began = run.display_name or None, _seconds(run.start_time) or began
            break
    return Foreign(
        tool="wandb",
        key=f"{key} {began:.3f}",  # a run that was resumed has a file for each part
        where=str(file.parent),
        fingerprint=hashlib.sha256(f"{file.name} {size}".encode()).hexdigest(),
        name=name,
        project=project,
        began=began,
        size=size,
        read=partial(_read, file, began, follow),
    )


def _messages(file: Path) -> Iterator[tuple[Any, int]]:
    """The messages of a file, or Lost for what is damaged; and where each ends in the file."""
    pb2 = need(PROTOCOL, "wandb")
    for record in leveldb(file, HEADER):
        if isinstance(record, Damage):
            what = "its last record is cut" if record.torn else "damaged records"
            where = f"(bytes {record.start:,} to {record.end:,})"
            yield Lost(f"{file.name}: {what} {where}"), record.end
            continue
        try:
            message = pb2.Record.FromString(record.data)
        except Exception as error:  # protobuf's own kind depends on how it is built
            yield Lost(f"{file.name}: the record before byte {record.end:,}: {error}"), record.end
        else:
            yield message, record.end


def _read(file: Path, began: float, follow: bool) -> Iterator[Event]:
    reader = _Reader(file.parent, began, follow)
    for n, (message, end) in enumerate(_messages(file), 1):
        if isinstance(message, Lost):
            yield message
            continue
        try:
            yield from reader.message(message)
        except DAMAGED as error:
            yield Lost(f"{file.name}: the record before byte {end:,}: {error}")
        if n % EVERY == 0:
            yield Read(end)
    yield from reader.rest()


class _Reader:
    """Turns messages into events; `rest` says what is known only at the end."""

    def __init__(self, folder: Path, began: float, follow: bool) -> None:
        self._folder = folder
        self._follow = follow
        self._began = self._time = began
        self._step = 0
        self._about = About()
        self._summary: dict[str, Any] = {}
        self._logged: set[str] = set()  # names that history has
        self._shown: set[Path] = set()  # files that became pictures
        self._printed = False
        self._end = Ended("killed", None, "W&B's file has no end; it may still have been running")

    def message(self, message: Any) -> Iterator[Event]:
        """The events of one message."""
        kind: str = message.WhichOneof("record_type") or ""
        found: Any = getattr(message, kind, None)
        match kind:
            case "run":
                yield from self._run(found)
            case "config":
                yield Config(_nested(found.update), self._time)
            case "history":
                yield from self._history(found)
            case "summary":
                _merge(self._summary, _nested(found.update))
            case "stats":
                yield from self._stats(found)
            case "output_raw" | "output":
                self._printed = True
                yield Printed(found.line)
            case "environment":
                yield from _environment(found)
            case "alert":
                text = f"{found.level} {found.title}: {found.text}"
                yield Text("alert", self._step, self._time, text)
            case "exit":
                state = "failed" if found.exit_code else "finished"
                end = max(self._began + found.runtime, self._time)
                reason = f"exit code {found.exit_code}" if found.exit_code else None
                self._end = Ended(state, end, reason)
            case "artifact" | "use_artifact" | "link_artifact" | "metric" | "preempting":
                yield Line("wandb/records.jsonl", {"kind": kind, **_dict(found)})

    def rest(self) -> Iterator[Event]:
        """Tags and notes, results that are no curve, other files, and the end."""
        yield self._about
        results = {k: v for k, v in self._summary.items() if k not in self._logged}
        results = {k: v for k, v in results.items() if k not in BOOKKEEPING}
        if results:
            yield Environment({"summary": results})
        for part in ("files", "logs"):
            for path in sorted((self._folder / part).rglob("*")):
                yield from self._file(path, part)
        yield self._end

    def _run(self, run: Any) -> Iterator[Event]:
        self._about = About(run.display_name or None, list(run.tags), run.notes or None)
        values = _nested(run.config.update)
        values.pop("_wandb", None)
        yield Config(values, self._time)
        facts = {
            "host": run.host,
            "entity": run.entity,
            "group": run.run_group,
            "job_type": run.job_type,
            "sweep": run.sweep_id,
            "git": {"remote": run.git.remote_url, "commit": run.git.commit},
        }
        if not run.git.commit:
            del facts["git"]
        yield Environment({name: value for name, value in facts.items() if value})

    def _history(self, history: Any) -> Iterator[Event]:
        values = _nested(history.item)
        step = history.step.num if history.HasField("step") else values.get("_step", self._step)
        self._step = whole(step)
        self._time = float(values.get("_timestamp", self._time))
        kept = {name: value for name, value in values.items() if name not in BOOKKEEPING}
        self._logged.update(kept)
        yield from sort(kept, self._step, self._time, self._media)

    def _media(
        self, name: str, value: Mapping[str, Any], step: int, time: float
    ) -> Iterator[Event]:
        """Pictures; of other media the record, which names a file that `rest` keeps."""
        match value["_type"]:
            case "image-file":
                yield self._picture(name, step, time, value["path"], value.get("caption"))
                plain = not (value.get("boxes") or value.get("masks"))
            case "images/separated":
                names, captions = value["filenames"], value.get("captions") or []
                for i, file in enumerate(names):
                    caption = captions[i] if i < len(captions) else None
                    yield self._picture(f"{name}/{i}", step, time, file, caption)
                plain = not (value.get("all_boxes") or value.get("all_masks"))
            case _:
                plain = False
        if not plain:
            yield Line(f"{name}.jsonl", {"step": step, "time": time, "value": value})

    def _picture(self, name: str, step: int, time: float, file: str, caption: Any) -> Event:
        path = inside(self._folder / "files", file)
        if path is None:
            return Lost(f"{name} at step {step}: {file} is not among the run's files")
        self._shown.add(path)
        said = None if caption in (None, "", False) else str(caption)
        return Picture(name, step, time, path.read_bytes(), said)

    def _stats(self, stats: Any) -> Iterator[Event]:
        found = {f"system/{item.key}": number(json.loads(item.value_json)) for item in stats.item}
        values = {name: value for name, value in found.items() if value is not None}
        yield Scalars(self._step, _seconds(stats.timestamp) or self._time, values)

    def _file(self, path: Path, part: str) -> Iterator[Event]:
        """A file of the run, unless it is a picture or the console, which are there already."""
        name = str(path.relative_to(self._folder / part))
        found = inside(self._folder / part, name)
        if found is None and part == "files" and self._follow and path.is_file():
            found = path
        if found is None:
            if path.is_symlink() and part == "files":
                yield Lost(f"{name}: a link to {path.readlink()} (--follow-links keeps the file)")
        elif part == "files" and name == "output.log":
            if not self._printed:
                yield Printed(found.read_text(errors="replace"))
        elif found not in self._shown:
            kept = name if part == "files" else f"wandb/{part}/{name}"
            yield File(kept, lambda: found.open("rb"))


def _environment(found: Any) -> Iterator[Event]:
    facts = _dict(found)
    program = facts.pop("program", None)
    arguments = facts.pop("args", [])
    if program:
        yield About(command=[str(program), *map(str, arguments)])
    named = {"os": "platform"}
    yield Environment({named.get(name, name): value for name, value in facts.items()})


def _nested(items: Iterable[Any]) -> dict[str, Any]:
    """The values of items that have a `key` or a `nested_key`, and JSON."""
    values: dict[str, Any] = {}
    for item in items:
        *outer, last = item.nested_key or [item.key]
        at = values
        for name in outer:
            at = at.setdefault(name, {})
        at[last] = json.loads(item.value_json)
    return values


def _merge(old: dict[str, Any], new: Mapping[str, Any]) -> None:
    for name, value in new.items():
        if isinstance(value, Mapping) and isinstance(old.get(name), dict):
            _merge(old[name], value)
        else:
            old[name] = value


def _seconds(timestamp: Any) -> float:
    return float(timestamp.seconds + timestamp.nanos / 1e9)


def _dict(message: Any) -> dict[str, Any]:
    to_dict = need("google.protobuf.json_format", "wandb").MessageToDict
    found: dict[str, Any] = to_dict(message, preserving_proto_field_name=True)
    return found
