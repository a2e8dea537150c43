"""What the page would show of a run, and its pictures."""

import numpy as np
from PIL import Image

from ganbench.store import query
from ganbench.store.index import Index


def read(runs_dir, run=None, series=()):
    """What the page would show, less the system's curves; the newest run without a name."""
    index = Index(runs_dir)
    index.refresh()
    run = run or query.list_runs(index)[0]["id"]
    shown = query.show_run(index, run)
    shown["points"] = {k: n for k, n in shown["points"].items() if not k.startswith("system/")}
    shown["series"] = query.read_series(index, run, dict.fromkeys(series, 0))
    shown["said"] = query.read_texts(index, run)
    index.close()
    return shown


def stored(media, shown):
    """The pictures on disk by (name, step)."""
    return {
        (p["name"], p["step"]): np.asarray(Image.open(media / f"{p['sha256']}.webp").convert("RGB"))
        for p in shown["pictures"]
    }
