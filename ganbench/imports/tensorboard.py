"""TensorBoard's event files: each folder that holds some is a run.

They are read record by record, with TensorBoard's own messages: its readers keep ten pictures of a
tag, and stop at the first damaged record.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from ganbench.errors import InputError
from ganbench.imports.foreign import (
    Config,
    Ended,
    Environment,
    Event,
    File,
    Foreign,
    Line,
    Lost,
    Picture,
    Read,
    Scalars,
    Text,
)
from ganbench.imports.missing import need, unreadable
from ganbench.imports.records import Damage, Record, tensorflow

EVERY = 2000  # records between two `Read`
UNKNOWN = "TensorBoard does not say how a run ends"
EXTRA = "tensorboard"
EVENTS = "tensorboard.compat.proto.event_pb2"
HPARAMS = "tensorboard.plugins.hparams"


def runs(path: Path) -> Iterator[Foreign]:
    """The runs at or below a folder, or of one event file.

    Raises InputError if there are none, or without TensorBoard.
    """
    need(EVENTS, EXTRA)
    if not path.exists():
        raise InputError(f"{path}: no such folder")
    count = 0
    for folder, files in _folders(path):
        count += 1
        yield _foreign(path, folder, files)
    if not count:
        raise InputError(f"{path} holds no event files of TensorBoard (*tfevents*)")


def _folders(path: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder with event files, and these in the order in which they were written."""
    if path.is_file():
        yield path.parent, [path]
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        files = [Path(folder, name) for name in sorted(names) if "tfevents" in name]
        if files:
            yield Path(folder), files


def _foreign(root: Path, folder: Path, files: list[Path]) -> Foreign:
    root, folder = root.resolve(), folder.resolve()
    try:
        sizes = [file.stat().st_size for file in files]
        began = _first_time(files) or files[0].stat().st_mtime
    except OSError as error:
        raise unreadable(error, folder) from error
    told = "\n".join(f"{file.name} {size}" for file, size in zip(files, sizes, strict=True))
    inner = folder.relative_to(root) if folder.is_relative_to(root) else Path()
    return Foreign(
        tool="tensorboard",
        key=hashlib.sha256(f"{folder.name}/{files[0].name} {began}".encode()).hexdigest()[:16],
        where=str(folder),
        fingerprint=hashlib.sha256(told.encode()).hexdigest(),
        name=str(inner) if inner.parts else folder.name,
        project=root.name or "tensorboard",
        began=began,
        size=sum(sizes),
        read=partial(_read, files),
    )


def _first_time(files: Sequence[Path]) -> float | None:
    event_pb2 = need(EVENTS, EXTRA)
    for file in files:
        for record in tensorflow(file):
            if isinstance(record, Record):
                return float(event_pb2.Event.FromString(record.data).wall_time)
    return None


def _read(files: Sequence[Path]) -> Iterator[Event]:
    event_pb2 = need(EVENTS, EXTRA)
    reader = _Reader()
    before, torn = 0, False
    for file in files:
        for n, record in enumerate(tensorflow(file), 1):
            if isinstance(record, Damage):
                torn = record.torn
                what = "its last record is cut" if torn else "a damaged record"
                yield Lost(f"{file.name}: {what} (bytes {record.start:,} to {record.end:,})")
                continue
            try:
                yield from reader.event(event_pb2.Event.FromString(record.data))
            except Exception as error:  # a message that cannot be parsed, or makes no sense
                yield Lost(f"{file.name}: the record before byte {record.end:,}: {error}")
            if n % EVERY == 0:
                yield Read(before + record.end)
        before += file.stat().st_size
    if reader.end is not None:
        yield Ended(reader.end)
    else:
        yield Ended("killed" if torn else "finished", None, UNKNOWN)


class _Reader:
    """Turns events into ours; knows the plugin of each tag, which only its first event names."""

    def __init__(self) -> None:
        self.end: str | None = None
        self._plugins: dict[str, str] = {}

    def event(self, event: Any) -> Iterator[Event]:
        """The events of one event."""
        step, time = event.step, event.wall_time
        match event.WhichOneof("what"):
            case "summary":
                for value in event.summary.value:
                    yield from self._value(value, step, time)
            case "graph_def" | "meta_graph_def" | "tagged_run_metadata" as kind:
                content = getattr(event, kind)
                if kind == "tagged_run_metadata":
                    content = content.SerializeToString()
                yield File(f"tensorboard/{kind}-{step}.pb", partial(BytesIO, content))
            case "log_message":
                yield Text("log", step, time, event.log_message.message)
            case "session_log":
                if event.session_log.status == event.session_log.STOP:
                    self.end = "finished"
            case "source_metadata":
                yield Environment({"writer": event.source_metadata.writer})

    def _value(self, value: Any, step: int, time: float) -> Iterator[Event]:
        tag, metadata = value.tag, value.metadata
        if metadata.plugin_data.plugin_name:
            self._plugins[tag] = metadata.plugin_data.plugin_name
        plugin = self._plugins.get(tag)
        match value.WhichOneof("value"):
            case "simple_value":
                yield Scalars(step, time, {tag: value.simple_value})
            case "image":
                yield Picture(tag, step, time, value.image.encoded_image_string)
            case "audio":
                content = value.audio.encoded_audio_string
                yield File(f"audio/{tag}-{step}.wav", partial(BytesIO, content))
            case "histo":
                yield _line("histograms", tag, step, time, _histogram(value.histo))
            case "tensor" if plugin == "hparams":
                yield from self._hparams(metadata.plugin_data.content, time)
            case "tensor":
                yield from _tensor(plugin, tag, step, time, value.tensor)
            case None if plugin == "hparams":
                yield from self._hparams(metadata.plugin_data.content, time)

    def _hparams(self, content: bytes, time: float) -> Iterator[Event]:
        """Parameters, and how the session ended; what the plugin's own page needs is left out."""
        data = need(f"{HPARAMS}.plugin_data_pb2", EXTRA).HParamsPluginData.FromString(content)
        match data.WhichOneof("data"):
            case "session_start_info":
                values = {
                    name: getattr(value, value.WhichOneof("kind") or "null_value")
                    for name, value in data.session_start_info.hparams.items()
                }
                yield Config(values, time)
            case "session_end_info":
                if data.session_end_info.status == need(f"{HPARAMS}.api_pb2", EXTRA).STATUS_FAILURE:
                    self.end = "failed"


def _tensor(plugin: str | None, tag: str, step: int, time: float, tensor: Any) -> Iterator[Event]:
    if plugin == "scalars" and len(tensor.float_val) == 1:
        yield Scalars(step, time, {tag: tensor.float_val[0]})
        return
    array = need("tensorboard.util.tensor_util", EXTRA).make_ndarray(tensor)
    if plugin == "scalars" or (plugin is None and array.size == 1 and array.dtype.kind in "buif"):
        yield Scalars(step, time, {tag: float(array.item())})
    elif plugin == "images":  # width, height, and one picture or more
        pictures = array.reshape(-1)[2:] if array.ndim == 1 else array.reshape(-1)
        for i, content in enumerate(pictures):
            yield Picture(f"{tag}/{i}" if len(pictures) > 1 else tag, step, time, bytes(content))
    elif plugin == "text":
        yield Text(tag, step, time, _words(array))
    elif plugin == "audio":
        for content in array.reshape(-1)[:1] if array.ndim < 2 else array[:, 0]:
            yield File(f"audio/{tag}-{step}.wav", partial(BytesIO, bytes(content)))
    else:
        yield _line(plugin or "tensors", tag, step, time, _plain(array.tolist()))


def _words(array: Any) -> str:
    """A text, or a table of texts as TensorBoard shows it."""
    if array.ndim < 2:
        return "\n".join(bytes(cell).decode(errors="replace") for cell in array.reshape(-1))
    return "\n".join(f"| {' | '.join(_words(row).split(chr(10)))} |" for row in array)


def _line(group: str, tag: str, step: int, time: float, value: Any) -> Line:
    return Line(f"{group}/{tag}.jsonl", {"step": step, "time": time, "value": value})


def _histogram(histogram: Any) -> dict[str, Any]:
    names = ("min", "max", "num", "sum", "sum_squares", "bucket_limit", "bucket")
    found = {name: getattr(histogram, name) for name in names}
    return {k: v if isinstance(v, float) else list(v) for k, v in found.items()}


def _plain(value: Any) -> Any:
    """A tensor's values as JSON has them; bytes that are no text in base 64."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return str(value) if isinstance(value, complex) else value
