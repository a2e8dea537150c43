"""A tracker on a thread of its own, behind a bounded queue: it may be slow, hang or fail."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ganbench.track import endings
from ganbench.track.quiet import warn_once
from ganbench.track.sinks.backend import Backend
from ganbench.track.sinks.events import size, tell
from ganbench.track.sinks.imports import importing

ROOM = 64 * 2**20  # bytes that may wait, about
PERIOD = 0.25  # seconds between two looks at what waits
BATCH = 200  # events between two flushes
QUIET = 2.0  # seconds of waiting at the end before we say for whom


class Sink:
    """Takes events without waiting, and tells `backend` of them on a thread.

    What does not fit into `room` bytes is dropped and counted. The first error of the backend is
    said, the events that it cost are counted; one while it begins stops the sink. `end` and `wait`
    are the two halves of a relay's `close`, so that several can end at the same time.
    """

    def __init__(self, name: str, backend: Backend, *, room: int = ROOM) -> None:
        self.name = name
        self._backend = backend
        self._room = room
        self._queue: deque[tuple[str, float, int, dict[str, Any]]] = deque()
        self._held = 0  # bytes in the queue
        self._lock = threading.Lock()
        self._dropped = 0
        self._refused = 0  # cost by errors of the backend
        self._sent = 0
        self._collected = 0  # of `_sent`, since the last flush
        self._stopped = False
        self._state = ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"ganbench-{name}", daemon=True)
        self._thread.start()

    def put(self, event: str, **fields: Any) -> None:
        """One event, unless the queue is full."""
        if self._stopped:
            return
        needed = size(fields)
        with self._lock:
            fits = self._held + needed <= self._room
            if fits:
                self._held += needed
                self._queue.append((event, time.time(), needed, fields))
            else:
                self._dropped += 1
        if not fits:
            self._say("is slower than the run: what its queue has no room for is left out")

    def end(self, state: str) -> None:
        """The run has ended as `state`; returns at once."""
        self._state = state
        self._ending.set()

    def wait(self, until: float) -> None:
        """Returns when everything is sent, or at `until`, a time of `time.monotonic`."""
        patience = until - time.monotonic()
        self._thread.join(max(min(patience, QUIET), 0))
        if patience > QUIET and self._thread.is_alive():
            self._say(f"has {len(self._queue):,} records to go; it gets {patience:.0f} s for that")
            self._thread.join(max(until - time.monotonic(), 0))
        if self._thread.is_alive():
            self._stopped = True
            left = len(self._queue) + 1  # one is in the hands of the backend
            self._say(f"did not end in time: {left:,} records or more are left out")
        lost = self._dropped + self._refused
        if lost:
            self._say(f"did not get {lost:,} of {lost + self._sent:,} records")

    def _work(self) -> None:
        if not self._begin():
            self._stopped = True
            self._queue.clear()
            return
        ended = False
        while not ended and not self._stopped:
            ended = self._ending.wait(PERIOD)
            while self._queue and not self._stopped:
                self._next()
                if self._collected >= BATCH:
                    self._flush()
            self._flush()
        if not self._stopped:
            self._try(lambda: self._backend.end(self._state))

    def _begin(self) -> bool:
        try:
            with importing():
                self._backend.load()
            where = self._backend.begin()
        except Exception as error:
            self._say(f"cannot be used: {_words(error)}; the run goes on without it")
            return False
        endings.go_first()
        if not self._stopped:
            print(f"ganbench: {self.name}: {where}")
        return True

    def _next(self) -> None:
        """Tells the backend of the next event, and rests for as long as that computed.

        Python runs one thread at a time: without rests a loop got its turn every 5 ms only.
        """
        event, when, held, fields = self._queue.popleft()
        began = time.thread_time()
        if self._try(lambda: tell(self._backend, event, when, fields)):
            self._sent += 1
            self._collected += 1
        else:
            self._refused += 1
        with self._lock:
            self._held -= held
        if not self._ending.is_set():
            time.sleep(time.thread_time() - began)

    def _flush(self) -> None:
        if self._collected and not self._try(self._backend.flush):
            self._sent -= self._collected
            self._refused += self._collected
        self._collected = 0

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except Exception as error:
            self._say(f"failed: {_words(error)} (said once; the run goes on)", about="failed")
            return False
        return True

    def _say(self, words: str, about: str | None = None) -> None:
        warn_once(f"{self._backend.about.id} {self.name} {about or words}", f"{self.name} {words}")


def _words(error: Exception) -> str:
    """The error in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
