"""A run as it stands, as HTML that needs nothing else: its curves, and its newest picture."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from ganbench.store import query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index
from ganbench.tables import number

MOST = 12  # curves that are drawn
POINTS = 400  # of each
WIDTH, HEIGHT = 220, 70  # of a curve, pixels
SIDE = 300  # of the picture, pixels: about, if it is smaller


def draw(run: RunFolder) -> str:
    """The run in `run`: id and state, up to `MOST` curves, the picture of the last step."""
    index = Index(run.path.parent)
    index.refresh()
    shown = query.show_run(index, run.id)
    if shown is None:
        return f"<p>{escape(run.id)} cannot be read</p>"
    names = [name for name in shown["points"] if not name.startswith("system/")]
    series = query.read_series(index, run.id, dict.fromkeys(names[:MOST], 0), most=POINTS)
    index.close()
    title = f"<b>{escape(shown['id'])}</b> {shown['state']} at step {shown['step']:,}"
    left = f"<p>and {len(names) - MOST} more curves</p>" if len(names) > MOST else ""
    curves = "".join(curve(name, s["step"], s["value"]) for name, s in series.items())
    return (
        f"<p>{title}</p>"
        '<div style="display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start">'
        f"{_newest(run.media, shown['pictures'])}"
        f'<div style="display:flex;flex-wrap:wrap;gap:8px;flex:1">{curves}{left}</div></div>'
    )


def curve(name: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """A small SVG of values over steps with the last value; what is not finite is a gap."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    first, wide = (steps[0], steps[-1] - steps[0] or 1) if steps else (0, 1)
    tall = high - low or 1.0
    path, pen = [], "M"
    for step, value in zip(steps, values, strict=True):
        if not math.isfinite(value):
            pen = "M"
            continue
        x = (step - first) / wide * WIDTH
        y = HEIGHT - (value - low) / tall * (HEIGHT - 4) - 2
        path.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    last = number(values[-1]) if values else "–"
    called = f"{escape(name)} <b>{last}</b>"
    drawn = (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(name)}, from {number(low)} to {number(high)}">'
        f'<path d="{"".join(path)}" fill="none" stroke="#1f63c8" stroke-width="1.5" '
        'stroke-linecap="round"/></svg>'
    )
    return f'<div style="font-size:12px"><div>{called}</div>{drawn}</div>'


def _newest(media: Path, pictures: Sequence[dict[str, Any]]) -> str:
    """The picture of the last step, small enough for a notebook."""
    if not pictures:
        return ""
    newest = pictures[-1]
    try:
        with Image.open(media / f"{newest['sha256']}.webp") as image:
            small = image.convert("RGB")
    except OSError:
        return ""
    small.thumbnail((SIDE, SIDE))
    factor = SIDE // max(small.size)
    return (
        f'<figure style="margin:0"><img src="data:image/webp;base64,{_base64(small)}" '
        f'width="{small.width * factor}" height="{small.height * factor}" '
        f'style="image-rendering:pixelated" alt="{escape(newest["name"])}">'
        f"<figcaption>{escape(newest['name'])} at step {newest['step']:,}</figcaption></figure>"
    )


def _base64(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, method=0)
    return base64.b64encode(buffer.getvalue()).decode()
