"""Imports on a thread, while others fork: a child must not inherit half a module."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  its hooks at fork are there before ours wait
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 30.0  # seconds that a fork waits for an import

_imports = threading.RLock()
_held = threading.local()


@contextmanager
def importing() -> Iterator[None]:
    """Inside, forks of other threads wait."""
    with _imports:
        yield


def _before() -> None:
    _held.forking = _imports.acquire(timeout=LONGEST)


def _after() -> None:
    if _held.forking:
        _imports.release()


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
