"""What a training shows while it runs, and what it prints at its end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from traceback import format_exception
from types import TracebackType
from typing import Self

from ganbench.cli.live import LiveLine
from ganbench.config import Config
from ganbench.events import Diverged, Event, RolledBack, Scalars, Scored, Stepped, Warned
from ganbench.store.console import Console as Copy
from ganbench.tables import duration, number

WINDOW = 60.0  # seconds that the rate looks back
SHOWN = ("dis_loss", "dis_acc", "adv_loss", "adv_acc")  # there is no room for more


class TrainingLine(LiveLine):
    """One live line: step, images a second, time left, losses, device. Plain lines in a pipe.

    What is printed meanwhile is copied to `copy`; of the live line only every 15 seconds one.
    """

    def __init__(self, config: Config, device: str, step: int, copy: Path) -> None:
        super().__init__()
        self._path = copy
        self._config = config
        self._device = device
        self._step = step
        self._marks = deque([(time.monotonic(), step)])
        self._counted = ("", 0.0, 0, 0)  # what, since when, how many, how many then
        self._scalars: Mapping[str, float] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        self._copy = Copy(self._path)
        self._copy.keep(f"{self._config.recipe} from step {self._step:,} on {self._device}\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._copy.keep("".join(format_exception(error)))
        self._copy.close()
        super().__exit__(kind, error, trace)

    def show(self, event: Event) -> None:
        """Takes note of an event and shows what changed."""
        match event:
            case Stepped():
                self._advance(event.step)
            case Scalars() if len(event.values) > 1:
                self._scalars = {name: event.values[name] for name in SHOWN}
            case RolledBack():
                self.say(event.words, "yellow")
            case Scored():
                values = (f"{s.measure} {number(s.value)}" for s in event.scores)
                self.say(f"step {event.step:,}: " + "  ".join(values))
            case Warned():
                self._warn(event)
            case Diverged():
                self.say(f"{event.tensor} is not finite since step {event.step:,}", "red")

    def count(self, what: str, done: int, total: int) -> None:
        """`done` of `total` images are looked at for a scoring."""
        now = time.monotonic()
        if what != self._counted[0] or done < self._counted[2]:
            self._counted = (what, now, done, done)
        _, began, _, first = self._counted
        self._counted = (what, began, done, first)
        rate = (done - first) / (now - began) if now > began else 0.0
        left = duration((total - done) / rate) if rate else "–"
        words = f"step {self._step:,}, scoring: {what} {done:,}/{total:,} · "
        self.put(done / total, lambda: f"{words}{number(rate)} images/s · {left} left")

    def _warn(self, event: Warned) -> None:
        """What goes wrong, what says so, and what people do about it; or that it is over."""
        self.say(f"step {event.step:,}: {event.message}", None if event.over else "yellow")
        if event.evidence:
            shown = (f"{name} {number(value)}" for name, value in event.evidence.items())
            self.say("  " + "  ".join(shown), "dim")
        for words in event.advice:
            self.say(f"  - {words}")

    def _advance(self, step: int) -> None:
        now = time.monotonic()
        self._step = step
        self._marks.append((now, step))
        while now - self._marks[0][0] > WINDOW:
            self._marks.popleft()
        self.put(step / self._config.steps, self._words)

    def put(self, share: float, words: Callable[[], str], *, due: bool = False) -> bool:
        """Shows that `share` is done; when it is time for a plain line, the copy gets it, too."""
        due = super().put(share, words, due=due)
        if due and self.terminal:  # where there is none, the copy has what is printed
            self._copy.keep(words() + "\n")
        return due

    def say(self, words: str, style: str | None = None) -> None:
        """A line that stays, on the terminal and in the copy."""
        super().say(words, style)
        if self.terminal:  # Live writes to the terminal itself, past the copy
            self._copy.keep(words + "\n")

    def _words(self) -> str:
        (since, first), (now, last) = self._marks[0], self._marks[-1]
        rate = (last - first) / (now - since) if now > since else 0.0
        images = rate * self._config.images_a_step
        left = duration((self._config.steps - last) / rate) if rate else "–"
        losses = " ".join(f"{name} {number(value)}" for name, value in self._scalars.items())
        return (
            f"step {last:,}/{self._config.steps:,} · {images:,.0f} images/s · {left} left · "
            f"{losses} · {self._device}"
        )
