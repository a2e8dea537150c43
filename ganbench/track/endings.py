"""How runs end: with their process, with its crash, or in the child of a fork."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol


class Endable(Protocol):
    """What ends with its process."""

    def finish(self, state: str = ..., reason: str | None = ...) -> None:
        """Ends it, unless it has ended."""

    def unlock(self) -> None:
        """Makes new locks, in the child of a fork: the thread that held one is not there."""


_alive: weakref.WeakSet[Any] = weakref.WeakSet()
_crash: list[BaseException] = []


def watch(run: Endable) -> None:
    """Ends `run` when the process ends, as what the process ended by says."""
    _install()
    _alive.add(run)


def outcome(error: BaseException | None) -> tuple[str, str | None]:
    """The state that an error leaves a run in, and the reason in words."""
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "finished", None
    if isinstance(error, KeyboardInterrupt):
        return "killed", "stopped by Ctrl-C"
    return "failed", f"{type(error).__name__}: {error}"


@cache
def _install() -> None:
    before = sys.excepthook

    def note(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        _crash.append(error)
        before(kind, error, trace)

    sys.excepthook = note
    atexit.register(_finish)
    os.register_at_fork(after_in_child=_all(lambda run: run.unlock()))


def go_first() -> None:
    """Runs end before what was registered at exit since: a tracker ends with what it then has."""
    atexit.unregister(_finish)
    atexit.register(_finish)


def _finish() -> None:
    _all(lambda run: run.finish(*outcome(_crash[-1] if _crash else None)))()


def _all(act: Callable[[Endable], None]) -> Callable[[], None]:
    def go() -> None:
        for run in list(_alive):
            act(run)

    return go
