"""Samples of a run's generator, as images that a measure reads like any others."""

from __future__ import annotations

from ganbench.loading import of_run
from ganbench.store.folder import RunFolder
from ganbench.train import loop
from ganbench.types import Images


def samples_of(
    run: RunFolder, n: int, *, step: int | None = None, seed: int = 0, device: str = "auto"
) -> Images:
    """n samples of a run's averaged generator, at its newest checkpoint or at `step`."""
    return of_run(run, step, loop.choose_device(device)).images(n, seed)
