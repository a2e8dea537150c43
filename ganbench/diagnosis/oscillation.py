"""Whether the two networks chase each other in circles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganbench.diagnosis.finding import Finding
from ganbench.diagnosis.history import History

ROWS = 60  # rows that the spectrum is of
TURNS = 3  # periods in them at least; what is slower is a trend
SHARE = 0.6  # of the variance in one peak: healthy losses, which are noise, have at most 0.41
SWING = 0.01  # standard deviation, as a share of the loss of chance (of a critic's, of its size)
LOSSES = ("adv_loss", "dis_loss")


def oscillating(history: History) -> Finding | None:
    """Most of what moves a loss is one frequency.

    The spectrum is of the last rows, less a straight line, under a Hann window, whose main lobe is
    three bins wide.
    """
    for name in LOSSES:
        values = history.window(name, ROWS)
        if values is None or not np.isfinite(values).all():
            continue
        values = values[-ROWS:]
        flat = _detrended(values)
        share, turns = _peak(flat)
        swing = float(flat.std())
        scale = history.chance or float(np.abs(values).mean())
        if share < SHARE or turns < TURNS or swing < SWING * scale:
            continue
        period = history.spacing(name, ROWS) * ROWS / turns
        growth = float(flat[ROWS // 2 :].std() / flat[: ROWS // 2].std())
        grows = f", and the swings grow: {growth:.1f} times in that time" if growth > 1.5 else ""
        return Finding(
            f"The networks chase each other: {name} swings with a period of about {period:,.0f} "
            f"steps, {turns} times in the last {ROWS} rows{grows}.",
            {
                "period": period,
                "share_of_variance": share,
                "swing": swing,
                "swing_growth": growth,
            },
        )
    return None


def _detrended(values: NDArray[np.float64]) -> NDArray[np.float64]:
    t = np.arange(len(values)) - (len(values) - 1) / 2
    slope = (t @ values) / (t @ t)
    flat: NDArray[np.float64] = values - values.mean() - slope * t
    return flat


def _peak(values: NDArray[np.float64]) -> tuple[float, int]:
    """The share of the spectrum's largest peak, and how often it turns in these rows."""
    power = np.abs(np.fft.rfft(values * np.hanning(len(values)))) ** 2
    power[0] = 0
    total = power.sum()
    if not total:
        return 0.0, 0
    turns = int(power.argmax())
    return float(power[max(turns - 1, 1) : turns + 2].sum() / total), turns
