"""Sends a run to a server while it grows: the run folder is the spool, a thread follows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from ganbench.store.folder import RunFolder
from ganbench.tables import amount
from ganbench.track.link import Link, LinkError, Piece
from ganbench.track.outbox import Outbox
from ganbench.track.quiet import warn_once

EVERY = 2.0  # seconds between two looks
SLOWEST = 60.0  # seconds between two tries, while the server is away
LAST = 10.0  # seconds for what is left when the run ends
ROUNDS = 6  # of questions and answers; a file that changes all the time is not sent for ever
BATCH = 900_000  # bytes of a request: many proxies refuse more than 1 MiB


class Sync:
    """Follows one run until it is closed. A relay that needs no events: the folder has them all.

    Nothing is raised and nothing waits for it but `close`, `LAST` seconds at most.
    """

    def __init__(self, run: RunFolder, link: Link) -> None:
        self._run = run
        self._link = link
        self._outbox = Outbox(run, lambda words: warn_once(f"sync {words}", f"sync: {words}"))
        self._ended = threading.Event()
        self._problem: LinkError | None = None
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._work, name="ganbench-sync", daemon=True)
        self._thread.start()

    def put(self, event: str, **fields: Any) -> None:
        """Nothing: what happens is on disk."""

    def close(self, state: str) -> None:
        """Sends what is left, and says so if that cannot be done."""
        self._deadline = time.monotonic() + LAST
        self._ended.set()
        self._thread.join(LAST + 1)
        left = self._outbox.left()
        if left:
            why = f" ({self._problem})" if self._problem else ""
            self._say(
                "end",
                f"{amount(left)} of run {self._run.id} did not reach {self._link.url}{why}; "
                f"send it with: ganbench sync {self._run.id} --runs-dir {self._run.path.parent}",
            )

    def _work(self) -> None:
        wait = 0.0
        while not self._ended.wait(wait):
            wait = self._try(wait)
            if self._problem is not None and self._problem.final:
                return
        self._try(0.0)

    def _try(self, waited: float) -> float:
        """Sends what there is; the seconds until the next try."""
        try:
            for _ in send(self._outbox, self._link):
                if time.monotonic() > self._deadline:
                    break
            self._problem = None
        except LinkError as error:
            self._problem = error
            then = "nothing more is tried" if error.final else "it is tried again"
            kept = f"run {self._run.id} goes on, all is kept in {self._run.path}, {then}"
            self._say("away", f"{error}; {kept} (said once)")
            return min(max(2 * waited, EVERY), SLOWEST)
        except Exception as error:  # whatever it is, the training goes on
            self._problem = LinkError(f"{type(error).__name__}: {error}", final=True)
            self._say("bug", f"sync: {self._problem} (said once; training goes on)")
        return EVERY

    def _say(self, about: str, words: str) -> None:
        warn_once(f"sync {self._run.id} {about}", words)


def send(outbox: Outbox, link: Link) -> Iterator[int]:
    """Sends all that the server does not have; yields the bytes of each request that was taken.

    Raises LinkError if it does not get through.
    """
    for _ in range(ROUNDS):
        if not outbox.known:
            outbox.learn(link.sizes(outbox.run.id))
        some = False
        for batch in _batches(outbox.pieces()):
            some = True
            for taken in link.send(batch):
                outbox.note(taken)
            yield sum(frame.size for frame, _ in batch)
            if not outbox.known:
                break
        if not (some and outbox.waiting):
            return


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """The pieces in requests of about `BATCH` bytes."""
    batch: list[Piece] = []
    length = 0
    for piece in pieces:
        if batch and length + len(piece[1]) + 1000 > BATCH:
            yield batch
            batch, length = [], 0
        batch.append(piece)
        length += len(piece[1]) + 500
    if batch:
        yield batch
