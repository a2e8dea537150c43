"""Watching one training: says a thing when it begins, and once more when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ganbench.config import Config
from ganbench.diagnosis.history import History
from ganbench.diagnosis.table import DETECTORS
from ganbench.events import Event, Warned

CALM = 20  # looks without a failure after which it is over


class Watch:
    """Sees the events of one run in their order; what it says follows from them alone."""

    def __init__(self, config: Config) -> None:
        self.history = History(config)
        self._open: dict[str, int] = {}  # by code, looks since it was last found

    def recall(self, past: Iterable[Event]) -> None:
        """Takes up where another watch was, by what it saw and said of the run until now."""
        events = list(past)
        for event in events[: -3 * CALM]:
            if isinstance(event, Warned):
                self._open.pop(event.code, None)
                if not event.over:
                    self._open[event.code] = 0
            else:
                self.history.note(event)
        for event in events[-3 * CALM :]:  # what is calm by now has been so for CALM looks
            for _ in self.see(event):
                pass

    def see(self, event: Event) -> Iterator[Warned]:
        """What begins to go wrong with this event, and what no longer does."""
        if not self.history.note(event):
            return
        for code, detector in DETECTORS.items():
            found = detector.find(self.history)
            if found is not None:
                if code not in self._open:
                    said = (found.message, found.evidence, detector.advice)
                    yield Warned(event.step, event.seen, code, *said)
                self._open[code] = 0
            elif code in self._open:
                self._open[code] += 1
                if self._open[code] == CALM:
                    del self._open[code]
                    message = f"{detector.title}: this is over."
                    yield Warned(event.step, event.seen, code, message, {}, (), over=True)
