"""Sinks: trackers that get what a run logs, each on a thread of its own.

A row of `SINKS` is a tracker. The module of its name holds a `Tracker`, which is imported when
somebody asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ganbench.errors import InputError, StoreError, explain
from ganbench.store.folder import RunFolder
from ganbench.store.relay import Relay
from ganbench.track.sinks.backend import About, Backend
from ganbench.track.sinks.sink import Sink

PATIENCE = 60.0  # seconds that the end of a run waits for its sinks, together

SINKS = {"comet": "comet_ml", "wandb": "wandb", "tensorboard": "tensorboardX", "mlflow": "mlflow"}
"""The package that each tracker needs; ganbench's extra of the tracker's name installs it."""


class Sinks:
    """Several sinks as one relay: they end at the same time."""

    def __init__(self, sinks: Sequence[Sink], patience: float) -> None:
        self._sinks = sinks
        self._patience = patience

    def put(self, event: str, **fields: Any) -> None:
        """One event for each."""
        for sink in self._sinks:
            sink.put(event, **fields)

    def close(self, state: str) -> None:
        """The run has ended; returns when all have been sent all, or patience is over."""
        for sink in self._sinks:
            sink.end(state)
        until = time.monotonic() + self._patience
        for sink in self._sinks:
            sink.wait(until)


def check(sinks: Sequence[str | Relay]) -> None:
    """Raises InputError for a name that is no sink, and for one whose package is missing."""
    if isinstance(sinks, str):
        raise InputError(f"sinks: expected a list of names, got the one word {sinks!r}")
    for name in sinks:
        if not isinstance(name, str):
            continue
        if name not in SINKS:
            near = get_close_matches(name, SINKS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(f"no sink {name!r}; {hint}There are {', '.join(SINKS)}")
        found = find_spec(SINKS[name])
        if found is None or found.origin is None:  # a folder of that name, as W&B leaves them
            raise InputError(f"the sink {name} needs a package: pip install 'ganbench[{name}]'")


def names(sinks: Sequence[str | Relay]) -> list[str]:
    """The trackers among `sinks`, each once."""
    return list(dict.fromkeys(sink for sink in sinks if isinstance(sink, str)))


def relays(
    sinks: Sequence[str | Relay], run: RunFolder, resumed_at: int | None
) -> tuple[Relay, ...]:
    """What a recorder passes on to: the trackers as one relay, then the relays among `sinks`.

    `resumed_at` is the step where a run goes on. Raises StoreError if <run>/sinks cannot be made.
    """
    trackers, others = names(sinks), [sink for sink in sinks if not isinstance(sink, str)]
    if not trackers:
        return tuple(others)
    about = About.of(run, resumed_at)
    try:
        about.folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(explain(error, about.folder)) from error
    made = [Sink(name, backend(name, about)) for name in trackers]
    return (Sinks(made, PATIENCE), *others)


def backend(name: str, about: About) -> Backend:
    """The tracker `name` of SINKS, for one run."""
    module = import_module(f"ganbench.track.sinks.{name}")
    made: Backend = module.Tracker(about)
    return made
