"""`watch`: the distributions of gradients and weights, every so many backward passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ganbench.errors import InputError
from ganbench.track import charts
from ganbench.track.quiet import quiet

LOGS = ("gradients", "parameters", "all", None)
Keep = Callable[[str, charts.Chart], None]


def watch(models: Any, log: str | None, every: int, keep: Keep) -> list[Any]:
    """Hooks on the parameters of one torch module or several; returns them, to be removed.

    `keep(name, chart)` gets the distributions. Raises InputError for what is no module.
    """
    if log not in LOGS:
        raise InputError(f"watch(log={log!r}): expected one of {LOGS}")
    hooks = []
    for i, model in enumerate(models if isinstance(models, Sequence) else [models]):
        if not hasattr(model, "named_parameters"):
            raise InputError(f"watch: expected a torch module, got {type(model).__name__}")
        for name, parameter in model.named_parameters():
            if log is not None and parameter.requires_grad:
                called = f"graph_{i}.{name}" if i else name
                hook = _hook(called, parameter, log, every, keep)
                hooks.append(parameter.register_hook(hook))
    return hooks


def _hook(name: str, parameter: Any, log: str, every: int, keep: Keep) -> Callable[[Any], None]:
    passes = 0

    @quiet
    def look(gradient: Any) -> None:
        nonlocal passes
        if passes % every == 0:
            if log in ("gradients", "all"):
                keep(f"gradients/{name}", charts.distribution(gradient, 64, name))
            if log in ("parameters", "all"):
                keep(f"parameters/{name}", charts.distribution(parameter, 64, name))
        passes += 1

    return look
