"""What must never stop a training: an error becomes one warning."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])
_said: set[str] = set()
_lock = threading.Lock()


def warn_once(about: str, message: str) -> None:
    """Prints `message` on standard error, the first time that something is said `about` this."""
    with _lock:
        if about in _said:
            return
        _said.add(about)
    print(f"ganbench: {message}", file=sys.stderr)


def quiet(method: Method) -> Method:
    """The method, returning None where it would raise; the first error of each kind is said."""

    @wraps(method)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            kind = f"{method.__qualname__} {type(error).__name__}"
            warn_once(kind, f"{method.__name__}(): {error or kind} (said once; training goes on)")
            return None

    return guarded  # type: ignore[return-value]
