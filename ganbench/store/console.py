"""What a process prints, kept in a file beside the terminal."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

MOST = 10 * 2**20  # bytes of a console that are kept


class Console:
    """Copies what is written to sys.stdout and sys.stderr to `path`, until `close`.

    Never raises into the program that prints: if the disk is full the copy ends. After `MOST` bytes
    it ends with a line that says so.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._left = MOST - path.stat().st_size
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
    text = re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07", "", text)
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
