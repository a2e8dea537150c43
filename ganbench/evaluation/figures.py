"""The plots of a report, as plain Plotly figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ganbench.measures.frechet_infinity import Curve
from ganbench.measures.prd import Prd

REAL, FAKE = "#2f6fde", "#d9622b"
LARGEST = 30  # classes that a histogram shows


def prd(curve: Prd) -> dict[str, Any]:
    """Precision against recall of distributions."""
    line = {
        "x": curve.recall.tolist(),
        "y": curve.precision.tolist(),
        "mode": "lines",
        "fill": "tozeroy",
        "line": {"color": FAKE},
        "name": "fake",
    }
    return _figure([line], "recall", "precision", {"range": [0, 1.02]}, {"range": [0, 1.02]})


def extrapolation(curve: Curve, baseline: float | None, name: str) -> dict[str, Any]:
    """The distance against 1/n, with the line to n → ∞."""
    x = [1 / n for n in curve.sizes]
    points = {
        "x": x,
        "y": list(curve.values),
        "mode": "markers",
        "marker": {"color": FAKE},
        "name": "measured",
        "text": [f"{n:,} samples" for n in curve.sizes],
    }
    line = {
        "x": [0, max(x)],
        "y": [curve.intercept, curve.intercept + curve.slope * max(x)],
        "mode": "lines",
        "line": {"color": FAKE, "dash": "dot"},
        "name": f"n → ∞: {curve.intercept:.4g}",
    }
    traces = [points, line]
    if baseline is not None:
        traces.append(
            {
                "x": [0, max(x)],
                "y": [baseline, baseline],
                "mode": "lines",
                "line": {"color": REAL, "dash": "dash"},
                "name": "real against real",
            }
        )
    return _figure(traces, "1 / number of samples", name, {"rangemode": "tozero"})


def classes(real: Tensor | None, fake: Tensor, names: Sequence[str] | None) -> dict[str, Any]:
    """How often each class is recognised: int64 labels of N reals (or none) and of M fakes."""
    count = int(max(part.max() for part in (real, fake) if part is not None)) + 1
    shares = [
        torch.bincount(part, minlength=count).double() / len(part)
        for part in (real, fake)
        if part is not None
    ]
    shown = torch.stack(shares).max(0).values.topk(min(LARGEST, count)).indices.sort().values
    labels = [names[i] if names else str(i) for i in shown.tolist()]
    kinds = [("real", REAL), ("fake", FAKE)][-len(shares) :]
    traces = [
        {
            "type": "bar",
            "x": labels,
            "y": share[shown].tolist(),
            "name": kind,
            "marker": {"color": colour},
        }
        for share, (kind, colour) in zip(shares, kinds, strict=True)
    ]
    return _figure(traces, "class", "share", {"type": "category"})


def points(real: Tensor, fake: Tensor) -> dict[str, Any]:
    """Two-dimensional points, 2,000 of each at most."""
    traces = [
        {
            "type": "scattergl",
            "x": part[:2000, 0].tolist(),
            "y": part[:2000, 1].tolist(),
            "mode": "markers",
            "marker": {"color": colour, "size": 4, "opacity": 0.5},
            "name": name,
        }
        for part, name, colour in ((real, "real", REAL), (fake, "fake", FAKE))
    ]
    return _figure(traces, "", "")


def _figure(
    traces: Sequence[dict[str, Any]],
    x: str,
    y: str,
    xaxis: dict[str, Any] | None = None,
    yaxis: dict[str, Any] | None = None,
) -> dict[str, Any]:
    grid = {"gridcolor": "rgba(128,128,128,.25)", "zerolinecolor": "rgba(128,128,128,.4)"}
    return {
        "data": list(traces),
        "layout": {
            "xaxis": {"title": {"text": x}, **grid, **(xaxis or {})},
            "yaxis": {"title": {"text": y}, **grid, **(yaxis or {})},
            "margin": {"l": 60, "r": 16, "t": 16, "b": 48},
            "height": 340,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": "#808080"},
            "legend": {"orientation": "h", "y": 1.12},
        },
    }
