"""Whether gradients grow without bound."""

from __future__ import annotations

import numpy as np

from ganbench.diagnosis.finding import Finding
from ganbench.diagnosis.history import ROWS, History

NORMS = {"dis_grad": "discriminator", "adv_grad": "generator"}
LARGE = 30.0  # a norm that is not small in itself: the zoo's healthy runs stay below it
GROWN = 100.0  # and so many times that of the first ROWS rows
HUGE = 1000.0  # or a norm that is large in itself,
ROSE = 10.0  # and so many times that of the FIRST rows: it may have exploded within the ROWS
FIRST = 5


def exploding(history: History) -> Finding | None:
    """A gradient's norm is orders of magnitude above where it began."""
    for name, network in NORMS.items():
        values, all_values = history.window(name), history.all(name)
        if values is None or not np.isfinite(values).all():
            continue
        now = float(np.median(values))
        start, early = (float(np.median(all_values[:n])) for n in (FIRST, ROWS))
        grown = now >= LARGE and now >= GROWN * early
        if grown or (now >= HUGE and now >= ROSE * start):
            return Finding(
                f"The {network}'s gradient explodes: its norm is {now:.3g}, and was {start:.3g} "
                "at the start.",
                {name: now, f"{name}_at_start": start, f"{name}_largest": float(values.max())},
            )
    return None
