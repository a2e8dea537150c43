"""How a drop-in takes what it does not know: it says so once, and the loop goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from ganbench.track.quiet import quiet, warn_once
from ganbench.track.run import Run

Class = TypeVar("Class", bound=type)


def tolerant(cls: Class) -> Class:
    """Class decorator: no public method raises; keyword arguments that it has not are left out."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_"):
            setattr(cls, name, _forgiving(method))
    return cls


def _forgiving(method: Callable[..., Any]) -> Callable[..., Any]:
    parameters = inspect.signature(method).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    careful = quiet(method)

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not takes_all and not kwargs.keys() <= parameters.keys():
            for name in kwargs.keys() - parameters.keys():
                where = f"{method.__qualname__}({name}=…)"
                warn_once(where, f"{where} is not supported, and ignored")
            kwargs = {name: kwargs[name] for name in kwargs.keys() & parameters.keys()}
        return careful(*args, **kwargs)

    return call


def lenient(cls: Class) -> Class:
    """Class decorator: what cannot be made is said once, and is left as its class has it."""
    make = cls.__init__  # type: ignore[misc]

    @wraps(make)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            make(self, *args, **kwargs)
        except Exception as error:
            words = f"{cls.__name__}: {error or type(error).__name__} (said once; training goes on)"
            warn_once(f"{cls.__name__} {type(error).__name__}", words)

    cls.__init__ = init  # type: ignore[misc]
    return cls


def ignored(what: str) -> Callable[..., None]:
    """A function that takes anything and does nothing; `what` is said to be ignored, once."""
    warn_once(what, f"{what} is not supported, and ignored")
    return _nothing


def _nothing(*_: Any, **__: Any) -> None:
    return None


class _NoRun:
    """Stands where a run would, where nothing is to be logged."""

    id = name = project = "disabled"
    step = 0

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return _nothing


def no_run() -> Run:
    """What takes all that a run takes, and does nothing."""
    return cast(Run, _NoRun())
