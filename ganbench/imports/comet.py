"""Comet's offline experiments: a zip with `experiment.json`, `messages.json` and files.

`messages.json` holds a JSON object a line, {"type": …, "payload": {…}}. The uploads that it speaks
of are files of the zip. The format is not documented; this is what comet_ml 3.x writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ganbench.errors import InputError
from ganbench.imports import archive
from ganbench.imports.archive import Archive
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
from ganbench.imports.names import basename
from ganbench.imports.parameters import nest
from ganbench.imports.values import DAMAGED, number, whole

MESSAGES, EXPERIMENT = "messages.json", "experiment.json"
LONGEST = 2**26  # bytes of one message
LARGEST = 2**28  # bytes of an image file that becomes a picture
EVERY = 2000  # messages between two `Read`
NOISE = ("curr_step", "curr_epoch")  # parameters that Comet writes with each metric
BOOKKEEPING = ("Name", "offline_experiment", "hasNestedParams", "Created from")
NAMELESS = "auto-generated-in-the-backend"
JSONS = ("curve", "histogram3d")  # uploads that are JSON without saying so
ONCE = ("asset", "source_code", "model-element")  # uploads that are not of a step


def runs(path: Path) -> Iterator[Foreign]:
    """The experiment of an offline zip, or of such a zip's unpacked folder.

    The folder may also be what a killed process left in its temporary directory. Raises InputError
    if it is no such thing, and as `archive.opened` does.
    """
    with archive.opened(path) as files:
        if MESSAGES not in files.sizes():
            raise InputError(
                f"{path} holds no {MESSAGES}, so it is no offline experiment of Comet. If the "
                "process was killed before its end(), its data may still lie in a folder of "
                f"$TMPDIR that holds a {MESSAGES}: import that folder"
            )
        about = _about(files)
        first = _first_time(files)
    fingerprint = archive.digest(path)
    yield Foreign(
        tool="comet",
        key=str(about.get("offline_id") or fingerprint[:32]),
        where=str(path.resolve()),
        fingerprint=fingerprint,
        name=None,
        project=str(about.get("project_name") or "comet"),
        began=float(about.get("start_time") or first) / 1000,
        size=files.sizes()[MESSAGES],
        read=partial(_read, path, about),
    )


def _about(files: Archive) -> dict[str, Any]:
    """experiment.json; empty where the process was killed before it was written."""
    try:
        with files.open(EXPERIMENT) as file:
            found = json.loads(file.read(LONGEST))
    except DAMAGED:
        return {}
    return found if isinstance(found, dict) else {}


def _first_time(files: Archive) -> float:
    """Of the first message that has one, in milliseconds."""
    for line, _ in _lines(files):
        try:
            return float(json.loads(line)["payload"]["local_timestamp"])
        except DAMAGED:
            continue
    return 0.0


def _lines(files: Archive) -> Iterator[tuple[bytes, str | None]]:
    """The lines of messages.json; and why it ends, if that is before its end."""
    try:
        with files.open(MESSAGES) as file:
            while line := file.readline(LONGEST):
                yield line, None
    except DAMAGED as error:
        yield b"", str(error)


def _read(path: Path, about: Mapping[str, Any]) -> Iterator[Event]:
    with archive.opened(path) as files:
        reader = _Reader(files)
        yield About(tags=[str(tag) for tag in about.get("tags") or ()])
        done = 0
        for n, (line, broken) in enumerate(_lines(files), 1):
            if broken is not None:
                yield Lost(f"{MESSAGES} from line {n} on: {broken}")
                break
            done += len(line)
            try:
                message = json.loads(line)
                yield from reader.message(str(message["type"]), message["payload"])
            except DAMAGED as error:
                yield Lost(f"{MESSAGES} line {n}: {type(error).__name__} {error}")
            if n % EVERY == 0:
                yield Read(done)
        yield from reader.rest()
    stop = about.get("stop_time")
    if stop:
        yield Ended("finished", float(stop) / 1000)
    else:
        yield Ended("killed", None, "Comet's end() was never reached")


class _Reader:
    """Turns messages into events; knows the step and the epoch that they are at."""

    def __init__(self, files: Archive) -> None:
        self._files = files
        self._unused = set(files.sizes()) - {MESSAGES, EXPERIMENT}
        self._step = 0
        self._epoch_at: tuple[int, float | None] = (-1, None)  # the newest step, and its epoch
        self._count: dict[str, int] = {}  # points of series without steps
        self._others: dict[str, Any] = {}
        self._kinds: dict[str, Callable[[Mapping[str, Any]], Iterator[Event]]] = {
            "metric_msg": self._metric,
            "parameter_msg": self._parameter,
            "standard_output": self._output,
            "file_upload": self._upload,
            "log_other": self._other,
            "system_details": self._system,
            "installed_packages": self._packages,
            "os_packages": self._packages,
            "html": self._html,
            "htmlOverride": self._html,
        }

    def message(self, kind: str, payload: Mapping[str, Any]) -> Iterator[Event]:
        """The events of one message; of kinds that we have no place for a line of JSON."""
        if kind in self._kinds:
            yield from self._kinds[kind](payload)
        else:
            yield Line("comet/messages.jsonl", {"type": kind, **payload})

    def rest(self) -> Iterator[Event]:
        """What is known at the end: other facts, and files that no message spoke of."""
        if self._others:
            yield Environment({"other": self._others})
        for name in sorted(self._unused):
            yield File(f"comet/unreferenced/{name}", partial(self._files.open, name))

    def _metric(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        metric, time = payload["metric"], payload["local_timestamp"] / 1000
        name, value = str(metric["metricName"]), number(metric["metricValue"])
        if value is None:
            raise ValueError(f"{name} is no number: {metric['metricValue']!r}")
        if name.startswith("sys."):
            yield Scalars(self._step, time, {f"system/{name[4:]}": value})
            return
        if payload.get("context"):
            name = f"{payload['context']}_{name}"
        step = self._at(metric.get("step"), name)
        yield Scalars(step, time, {name: value, **self._epoch(step, metric.get("epoch"))})

    def _at(self, step: Any, name: str) -> int:
        """The step of a point; where Comet knew none, its number in the series."""
        if step is None:
            n = self._count[name] = self._count.get(name, -1) + 1
            return n
        self._step = whole(step)
        return self._step

    def _epoch(self, step: int, epoch: Any) -> dict[str, float]:
        """The epoch as a series, once a step; later words about earlier steps are not asked."""
        found = number(epoch)
        newest, known = self._epoch_at
        if found is None or step < newest or (step == newest and found == known):
            return {}
        self._epoch_at = step, found
        return {"curr_epoch": found}

    def _parameter(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        param = payload.get("param") or payload["params"]  # a list is the other
        name = str(param["paramName"])
        if name not in NOISE:
            time = payload["local_timestamp"] / 1000
            yield Config(nest(name, param["paramValue"], "|"), time)

    def _output(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        yield Printed(str(payload["output"]))

    def _other(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        key, value = str(payload["key"]), payload["value"]
        if key == "Name":
            yield About(name=str(value))
        if key not in BOOKKEEPING:
            self._others[key] = value

    def _system(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        command = payload.get("command") or ()
        yield About(command=[str(word) for word in command])
        named = {"python_version": "python", "os": "platform", "hostname": "host"}
        left = {k: v for k, v in payload.items() if k not in ("command", "env", "message_id")}
        yield Environment({named.get(k, k): v for k, v in left.items() if v not in (None, "")})

    def _packages(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        for key, packages in payload.items():
            if isinstance(packages, list):
                content = "".join(f"{package}\n" for package in packages)
                yield _file(f"comet/{key}.txt", content)

    def _html(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        yield _file("comet/page.html", str(payload.get("html") or payload.get("htmlOverride")))

    def _upload(self, payload: Mapping[str, Any]) -> Iterator[Event]:
        name, kind = str(payload["file_path"]), str(payload["upload_type"])
        name = basename(name)
        facts = payload.get("additional_params") or {}
        step = self._step if facts.get("step") is None else whole(facts["step"])
        time = payload["local_timestamp"] / 1000
        yield Line("comet/uploads.jsonl", payload)
        if name not in self._files.sizes():
            yield Lost(f"{facts.get('figName') or facts.get('fileName')}: {name} is not there")
            return
        self._unused.discard(name)
        small = self._files.sizes()[name] <= LARGEST
        if kind == "visualization" and small and facts.get("extension") != "svg":
            title = str(facts.get("figName") or "figure")
            yield Picture(title, step, time, self._content(name))
        elif kind == "text-sample" and small:
            yield Text("text", step, time, self._content(name).decode(errors="replace"))
        else:
            yield File(_title(kind, facts), partial(self._files.open, name))

    def _content(self, name: str) -> bytes:
        with self._files.open(name) as file:
            return file.read()


def _file(name: str, content: str) -> File:
    from io import BytesIO

    return File(name, partial(BytesIO, content.encode(errors="replace")))


def _title(kind: str, facts: Mapping[str, Any]) -> str:
    """What an upload is called among the files: kind/name-step.suffix."""
    title = str(facts.get("figName") or facts.get("fileName") or kind)
    if title == NAMELESS:
        title = kind
    if title.startswith("/") or title[1:3] == ":\\":
        title = basename(title)
    path = PurePosixPath(title.replace("\\", "/"))
    suffix = path.suffix or (".json" if kind in JSONS else "")
    if not suffix and facts.get("extension"):
        suffix = f".{facts['extension']}"
    group = f"/{facts['groupingName']}" if facts.get("groupingName") else ""
    at = "" if kind in ONCE or facts.get("step") is None else f"-{facts['step']}"
    return f"{kind}{group}/{path.with_suffix('')}{at}{suffix}"
