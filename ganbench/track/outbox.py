"""What of a run folder a server does not have yet, piece by piece."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ganbench.store.folder import RunFolder
from ganbench.store.frames import Frame, grows, sendable
from ganbench.store.inbox import Taken
from ganbench.track.link import Piece

PIECE = 2**18  # bytes of a file that are sent at a time
HEAD = "run.json"
Stamp = tuple[int, int]  # size and mtime of a file


@dataclass
class _Whole:
    """A file that is sent whole, as it was when it was looked at."""

    stamp: Stamp
    sha256: str
    was: str | None  # the version before, which the server has
    end: int | None  # bytes that the server has; None: it has not been asked


class Outbox:
    """Follows a run folder. `complain(words)` hears of each file that cannot be sent.

    Pictures come before the records that name them, and run.json before everything: a run that the
    server refuses is not mixed with the one that it has.
    """

    def __init__(self, run: RunFolder, complain: Callable[[str], None]) -> None:
        self.run = run
        self._complain = complain
        self._given_up: set[str] = set()
        self.forget()

    def forget(self) -> None:
        """Nothing is known of the server any more; it must be asked."""
        self.known = False
        self.waiting = True  # for an answer, before it can be said what comes next
        self._sizes: dict[str, int] = {}  # of files that grow, the bytes that the server has
        self._wholes: dict[str, _Whole] = {}
        self._done: dict[str, Stamp | None] = {}  # None: whatever it looks like

    def learn(self, sizes: dict[str, int]) -> None:
        """Takes note of what the server has."""
        self.known = True
        self._sizes = sizes
        self._done.update((file, None) for file in sizes if file.startswith("media/"))

    def note(self, taken: Taken) -> None:
        """Takes note of what became of a piece."""
        whole = self._wholes.get(taken.file)
        if taken.state in ("conflict", "refused"):
            self._give_up(taken.file, str(taken.error))
        elif taken.state == "unknown":
            self.forget()
        elif whole is None:
            self._sizes[taken.file] = taken.end
        elif taken.state == "gap":
            del self._wholes[taken.file]
        else:
            whole.end = taken.end
            if taken.end == whole.stamp[0]:
                self._done[taken.file] = whole.stamp
        self.waiting |= taken.state in ("gap", "unknown")

    def pieces(self) -> Iterator[Piece]:
        """What the server does not have; if more is to be said after its answers, `waiting`."""
        self.waiting = HEAD not in self._done
        yield from self._pieces_of_whole(HEAD)
        if HEAD not in self._done:
            return
        growing = self._growing()  # now: what these records name is on disk
        for file in self._whole_files():
            yield from self._pieces_of_whole(file)
        for file, size in growing.items():
            yield from self._pieces_of_growing(file, size)

    def left(self) -> int:
        """About how many bytes the server does not have."""
        growing = self._growing().items()
        left = sum(max(size - self._sizes.get(file, 0), 0) for file, size in growing)
        for file in (HEAD, *self._whole_files()):
            stamp, whole = self._news_of(file), self._wholes.get(file)
            if stamp is not None:
                there = whole.end or 0 if whole and whole.stamp == stamp else self._sizes.get(file)
                left += max(stamp[0] - (there or 0), 0)
        return left if HEAD not in self._given_up else 0

    def _growing(self) -> dict[str, int]:
        found = {}
        with suppress(OSError), os.scandir(self.run.path) as entries:
            for entry in entries:
                if grows(entry.name) and entry.name not in self._given_up:
                    found[entry.name] = entry.stat().st_size
        return found

    def _whole_files(self) -> Iterator[str]:
        with suppress(OSError):
            names = os.listdir(self.run.media)
            yield from (f"media/{name}" for name in names if name[0] != ".")  # being written
        for where, folders, names in os.walk(self.run.files):
            folders.sort()
            for name in sorted(names):
                yield Path(where, name).relative_to(self.run.path).as_posix()
        yield "annotations.json"

    def _news_of(self, file: str) -> Stamp | None:
        """What a whole file looks like now; None if there is nothing to send of it."""
        if file in self._given_up or (file in self._done and self._done[file] is None):
            return None
        try:
            found = os.stat(self.run.path / file)
        except OSError:
            return None
        stamp = found.st_size, found.st_mtime_ns
        return None if self._done.get(file) == stamp else stamp

    def _pieces_of_whole(self, file: str) -> Iterator[Piece]:
        stamp = self._news_of(file)
        if stamp is None:
            return
        if not sendable(file):
            self._give_up(file, "a server takes no file of such a name")
            return
        try:
            whole = self._look(file, stamp)
            if file.startswith("media/") and file != f"media/{whole.sha256}.webp":
                self._give_up(file, "it is damaged")
                return
            at, total = whole.end, stamp[0]
            while at is None or at < total or at == total == 0:
                content = b"" if at is None else _read(self.run.path / file, at, total)
                size = len(content)
                age = max(time.time() - stamp[1] / 1e9, 0.0)
                head = Frame(self.run.id, file, at or 0, size, total, whole.sha256, whole.was, age)
                self.waiting |= at is None
                yield head, content
                if not size:  # a question, an empty file, or one that shrinks
                    return
                at = (at or 0) + size
        except OSError as error:
            self._complain(f"{file}: {error.strerror}")

    def _look(self, file: str, stamp: Stamp) -> _Whole:
        """The whole file; of a long one, or one that may be there already, the server is asked."""
        known = self._wholes.get(file)
        if known is None or known.stamp != stamp:
            was = known.sha256 if known and self._done.get(file) == known.stamp else None
            ask = stamp[0] > PIECE or self._sizes.get(file) == stamp[0]
            digest = _digest(self.run.path / file)
            known = self._wholes[file] = _Whole(stamp, digest, was, None if ask else 0)
        return known

    def _pieces_of_growing(self, file: str, size: int) -> Iterator[Piece]:
        at = self._sizes.get(file)
        while at is None or at < size:  # None: it may be empty, and is there all the same
            try:
                content = _read(self.run.path / file, at or 0, size)
                age = max(time.time() - (self.run.path / file).stat().st_mtime, 0.0)
            except OSError as error:
                self._complain(f"{file}: {error.strerror}")
                return
            yield Frame(self.run.id, file, at or 0, len(content), age=age), content
            if not content:
                return
            at = (at or 0) + len(content)

    def _give_up(self, file: str, why: str) -> None:
        self._given_up.add(file)
        self._complain(f"{self.run.id}: {file} is not sent: {why}")


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(min(PIECE, end - start))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
