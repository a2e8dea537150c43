"""Plotly figures as they are in JSON, made without Plotly: histograms, curves, matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ganbench.errors import InputError


@dataclass(frozen=True)
class Chart:
    """Traces and layout; `Run.log_figure` takes it."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]

    def to_plotly_json(self) -> dict[str, Any]:
        """As Plotly's figures say it."""
        return {"data": self.data, "layout": self.layout}

    def to_json(self) -> str:
        """The same as text; NaN is a gap."""
        return orjson.dumps(self.to_plotly_json(), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def histogram(counts: Any, edges: Any, title: str) -> Chart:
    """Bars between `edges`, which are one more than `counts`. Raises InputError if not so."""
    counts, edges = np.asarray(counts, float), np.asarray(edges, float)
    if counts.ndim != 1 or edges.shape != (len(counts) + 1,):
        raise InputError(f"a histogram of {counts.shape} counts cannot have {edges.shape} edges")
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    bars = {"type": "bar", "x": middle, "y": counts, "width": width}
    return Chart([bars], {"title": {"text": title}, "bargap": 0})


def distribution(values: Any, bins: int, title: str) -> Chart:
    """The histogram of `values`, an array of any shape or a tensor; NaN and infinities left out."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().float().numpy()
    numbers = np.asarray(values, float).ravel()
    return histogram(*np.histogram(numbers[np.isfinite(numbers)], bins), title)


def curve(x: Any, y: Any, title: str) -> Chart:
    """A line through the points of `x` and `y`, as many of each."""
    x, y = np.asarray(x, float).ravel(), np.asarray(y, float).ravel()
    if len(x) != len(y):
        raise InputError(f"a curve needs as many x as y, got {len(x)} and {len(y)}")
    return Chart([{"type": "scatter", "mode": "lines", "x": x, "y": y}], {"title": {"text": title}})


def confusion(
    matrix: NDArray[Any], labels: Sequence[str], title: str, rows: str, columns: str
) -> Chart:
    """A square matrix of counts with its numbers; its first row is at the top."""
    shown = {
        "type": "heatmap",
        "z": matrix,
        "x": list(labels),
        "y": list(labels),
        "texttemplate": "%{z}",
        "colorscale": "Blues",
    }
    axes = {"type": "category", "title": {"text": columns}}
    down = {"type": "category", "title": {"text": rows}, "autorange": "reversed"}
    return Chart([shown], {"title": {"text": title}, "xaxis": axes, "yaxis": down})


def count_pairs(true: Any, predicted: Any) -> NDArray[np.int64]:
    """The confusion matrix of classes, given as numbers or as one score a class; truth is down."""
    picked = [_classes(values) for values in (true, predicted)]
    if len(picked[0]) != len(picked[1]):
        raise InputError(f"{len(picked[0])} true classes, but {len(picked[1])} predicted ones")
    size = int(max(values.max(initial=0) for values in picked)) + 1
    matrix = np.zeros((size, size), np.int64)
    np.add.at(matrix, tuple(picked), 1)
    return matrix


def _classes(values: Any) -> NDArray[np.int64]:
    array = np.asarray(values)
    return (array.argmax(-1) if array.ndim > 1 else array).astype(np.int64)
