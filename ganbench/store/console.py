"""What a process prints, kept in a file beside the terminal."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from ganbench.errors import StoreError, explain

MOST = 10 * 2**20  # bytes of a console that are kept
# Colours, cursors and titles by ECMA-48, and the control characters that no text needs.
CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)


class Console:
    """Copies what is written to sys.stdout and sys.stderr to `path`, until `close`.

    Never raises into the program that prints: if the disk is full the copy ends. After `MOST` bytes
    it ends with a line that says so. Raises StoreError if the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise StoreError(explain(error, path)) from error
        self._left = MOST - os.fstat(self._file).st_size
        self._before = (sys.stdout, sys.stderr)
        self._ours = (_Tee(sys.stdout, self), _Tee(sys.stderr, self))
        sys.stdout, sys.stderr = self._ours

    def keep(self, text: str) -> None:
        """Appends `text`."""
        if self._left <= 0 or not text:
            return
        content = text.encode(errors="replace")
        self._left -= len(content)
        if self._left <= 0:
            content += b"\n[ganbench keeps 10 MiB of a console; what follows is not kept]\n"
        with suppress(OSError):
            os.write(self._file, content)

    def close(self) -> None:
        """Ends the copy; streams that somebody else has replaced meanwhile stay."""
        if sys.stdout is self._ours[0]:
            sys.stdout = self._before[0]
        if sys.stderr is self._ours[1]:
            sys.stderr = self._before[1]
        self._left = 0
        os.close(self._file)


class _Tee:
    """A text stream that also tells a console; everything else is the stream's own."""

    def __init__(self, stream: TextIO, console: Console) -> None:
        self._stream = stream
        self._console = console

    def write(self, text: str) -> int:
        self._console.keep(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain(text: str) -> str:
    """A console's text as it looked in the end: without colours, and with lines redrawn."""
    text = CONTROL.sub("", text)
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def piece(path: Path, offset: int, most: int = 2**18) -> dict[str, Any]:
    """What was printed from byte `offset` on, about `most` bytes of it, as it looked in the end.

    {"text": complete lines, "rest": the last line so far, "start": the byte at which the text
    begins, "offset": where the next piece begins, "size": bytes in all}. The rest is given
    again with the next piece, for it may still be redrawn. A negative `offset` counts from the end,
    and the text begins with the next line. Raises StoreError if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(min(offset, size) if offset >= 0 else max(size + offset, 0))
            data = file.read(most)
    except FileNotFoundError:
        return {"text": "", "rest": "", "start": 0, "offset": 0, "size": 0}
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    more = start + len(data) < size
    if offset < 0 < start:
        skipped = data.find(b"\n") + 1
        start, data = start + skipped, data[skipped:]
    end = data.rfind(b"\n") + 1
    if not end and more:  # one line longer than a piece: of a bar that is redrawn the newest
        end = data.rfind(b"\r", 0, -1) + 1
        shown, end = (b"", end) if end else (data, len(data))
    else:
        shown = data[:end]
    rest = b"" if more else data[end:]
    return {
        "text": plain(shown.decode(errors="replace")),
        "rest": plain(rest.decode(errors="replace")),
        "start": start,
        "offset": start + end,
        "size": size,
    }
