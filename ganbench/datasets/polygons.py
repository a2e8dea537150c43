"""The convex polygons of Lucic et al., "Are GANs Created Equal? A Large-Scale Study" (2018).

A polygon is four numbers (three vertex angles and a rotation), so the data lie on a known manifold
and the precision and recall of a generator can be computed. The published generator draws
80,000 images from seed 0 and shuffles them: 60,000 training, 10,000 test, 10,000 hold-out.

Two properties of the published code are kept, because they are the data set: the rotation is
converted to radians twice, so it is 0 to 6.28 *degrees*; and neighbouring vertices can be
`MIN_ANGLE / 2` apart, not `MIN_ANGLE`. `legacy_rotation=False` gives the full turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ganbench.polygons import SIZE, Floats, draw, render
from ganbench.types import PolygonImages

N = 80_000
PARTS = {"train": (0, 60_000), "test": (60_000, 70_000)}


def polygons(corners: int, split: str) -> PolygonImages:
    """Black triangles (3 corners) or quadrangles (4) on white: uint8 1×28×28, made on demand."""
    start, stop = PARTS[split]
    name = {3: "triangles", 4: "squares"}[corners]
    part = _vertices(corners)[start:stop]

    def batches(size: int) -> Iterator[Tensor]:
        for first in range(0, len(part), size):
            grey = render(part[first : first + size])
            yield torch.from_numpy(np.rint(grey * 255).astype(np.uint8))[:, None]

    return PolygonImages(
        name=f"builtin:{name}:{split}",
        n=len(part),
        shape=(1, SIZE, SIZE),
        batches=batches,
        fingerprint=f"polygons corners={corners} seed 0 [{start}:{stop}]",
        corners=corners,
    )


@cache
def _vertices(corners: int) -> Floats:
    rng = np.random.RandomState(0)  # the published stream: all draws, then the shuffle
    drawn = draw(corners, N, rng, legacy_rotation=True)
    return drawn[rng.permutation(N)]
