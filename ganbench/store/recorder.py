"""A run's writer: its journal, its pictures, and a heartbeat with the system's numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ganbench.errors import StoreError
from ganbench.events import Warned
from ganbench.store import liveness
from ganbench.store.folder import RunFolder
from ganbench.store.journal import Journal
from ganbench.store.media import MediaWriter, Picture
from ganbench.store.relay import Relay
from ganbench.system import Monitor, peak_memory

FIRST = 2.0  # seconds to the first heartbeat, so that a short run has one


class Recorder:
    """Writes what happens to one run in this process, and passes it on to `relays`.

    Every method raises StoreError when the disk refuses; what was written before stands. A `child`
    is a forked process of the run: it has no heartbeat, and does not decide what becomes of it.
    """

    def __init__(
        self,
        run: RunFolder,
        *,
        step: int,
        seen: int,
        relays: Sequence[Relay] = (),
        complain: Callable[[str], None] = lambda _: None,
        child: bool = False,
    ) -> None:
        self.monitor = Monitor(run.path)
        self._journal = Journal(run.path, step=step, child=child)
        self._media = MediaWriter(run, self._journal, relays, complain)
        self._relays = relays
        self._began = time.monotonic()
        self._at = (step, seen)
        self._began_at = seen
        self._values: dict[str, tuple[float, float, float]] = {}  # last, smallest, largest
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="ganbench-heartbeat", daemon=True)
        if not child:
            self._heart.start()

    def scalars(self, step: int, seen: int, values: Mapping[str, float]) -> None:
        """Named values at a step."""
        self._at = (step, seen)
        self._journal.row(step, seen, values)
        for name, value in values.items():
            _, low, high = self._values.get(name, (value, value, value))
            self._values[name] = value, min(low, value), max(high, value)
        for relay in self._relays:
            relay.put("scalars", step=step, values=values)

    def picture(
        self,
        name: str,
        step: int,
        seen: int,
        picture: Callable[[], Picture],
        caption: str | None = None,
    ) -> None:
        """What `picture()` makes, a uint8 H×W×3 array, on another thread."""
        self._media.put(picture, name=name, step=step, seen=seen, caption=caption)

    def text(self, name: str, step: int, seen: int, text: str) -> None:
        """A text at a step."""
        self._journal.write("text", name=name, step=step, seen=seen, text=text)
        self._pass("text", name=name, step=step, text=text)

    def config(self, values: Mapping[str, Any]) -> None:
        """Parameters that were not known when the run began."""
        self._journal.write("config", values=values)
        self._pass("config", values=values)

    def name(self, name: str) -> None:
        """What people call the run from now on."""
        self._journal.write("name", name=name)
        self._pass("name", name=name)

    def scores(
        self, step: int, seen: int, scores: Sequence[Mapping[str, Any]], **signs: float
    ) -> None:
        """Scores as plain values, and the `signs` that a diagnosis reads."""
        self._journal.write("scores", step=step, seen=seen, scores=scores, signs=signs)
        self._pass("scores", step=step, scores=scores)

    def warning(self, warned: Warned) -> None:
        """What goes wrong with the training, or no longer does."""
        told = ("step", "seen", "code", "message", "evidence", "advice", "over")
        self._journal.write("warning", **{name: getattr(warned, name) for name in told})
        words = "\n".join((warned.message, *warned.advice))
        self._pass("text", name=f"warning/{warned.code}", step=warned.step, text=words)

    def tags(self, tags: Sequence[str]) -> None:
        """Words that were added to find the run by; the annotations keep them."""
        self._pass("tags", tags=tags)

    def checkpoint(self, step: int, seen: int) -> None:
        """That the checkpoint of `step` is on disk."""
        self._journal.write("checkpoint", step=step, seen=seen)

    def flush(self) -> None:
        """Returns when all pictures so far are on disk."""
        self._media.flush()

    def summary(self, seen: int) -> dict[str, Any]:
        """What this process did: time, rate, memory, GPU, range of each series."""
        seconds = time.monotonic() - self._began
        return {
            "seconds": round(seconds, 3),
            "images_per_second": round((seen - self._began_at) / seconds, 3),
            "peak_memory": round(peak_memory()),
            "gpu_use": self.monitor.gpu_use(),
            "scalars": {
                name: {"last": last, "min": low, "max": high}
                for name, (last, low, high) in self._values.items()
            },
        }

    def end(self, state: str, step: int, seen: int, **fields: Any) -> None:
        """The last record: `state` is one of liveness.STATES but "running"."""
        self._ended.set()
        if self._heart.ident is not None:
            self._heart.join()
        try:
            self._media.close()
        finally:
            self._journal.write("end", state=state, step=step, seen=seen, **fields)
            self._journal.close()
            for relay in self._relays:
                relay.close(state)

    def _pass(self, event: str, **fields: Any) -> None:
        for relay in self._relays:
            relay.put(event, **fields)

    def _beat(self) -> None:
        wait = FIRST
        while not self._ended.wait(wait):
            wait = liveness.HEARTBEAT
            with suppress(StoreError):  # a full disk is reported by the thread that trains
                self._journal.row(*self._at, self.monitor.sample())
