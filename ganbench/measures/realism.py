"""How realistic each single fake is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganbench.measures.neighbours import BLOCK, radii, tiles
from ganbench.types import Features, Outcome

SHOWN = 16  # fakes at each end in the detail


def realism(real: Features, fake: Features, *, k: int = 3) -> Outcome:
    """Median over fakes of maxᵢ |xᵢ − its k-th nearest real| / |g − xᵢ|, over half of the reals xᵢ.

    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models"
    (2019), eq. 3 and section 5: only the reals whose ball is not larger than the median count, so
    that outliers do not make fakes realistic. A fake scores 1 or more if it lies in one of those
    balls, ∞ if it copies their centre. In [0, ∞), higher is better. The paper scores single
    samples; the median is ours, for a mean follows copies alone.

    `detail`: `inside`, the share of fakes with 1 or more; `least` and `most`, the rows of the 16
    least and most realistic fakes, from the end inwards, and `least_scores`, `most_scores`, where
    None stands for ∞. N×D and M×D, float64 inside.

    Raises ValueError for k reals or fewer, and if most of the fakes are copies.
    """
    scores = realism_scores(real, fake, k)
    value = scores.median().item()
    if not math.isfinite(value):
        raise ValueError("most fakes are copies of reals, and the realism of a copy is infinite")
    order = scores.argsort(stable=True)
    ends = {"least": order[:SHOWN], "most": order.flip(0)[:SHOWN]}
    told = {"inside": (scores >= 1).double().mean().item()}
    rows = {name: end.tolist() for name, end in ends.items()}
    found = {f"{name}_scores": _plain(scores[end]) for name, end in ends.items()}
    return Outcome(value, detail={**told, **rows, **found})


def realism_scores(real: Features, fake: Features, k: int = 3) -> Tensor:
    """The realism of each fake: M, float64, ∞ for copies."""
    reach = radii(real, k)[:, -1]
    kept = reach <= reach.median()
    reach, centres = reach[kept], Features(real[kept])
    best = reach.new_zeros(len(fake))
    for i, j, squares, *_ in tiles(centres, fake):
        ratio = reach[i : i + BLOCK, None] / squares.clamp(min=0)
        part = best[j : j + BLOCK]
        part.copy_(torch.maximum(part, ratio.nan_to_num(nan=math.inf, posinf=math.inf).amax(0)))
    return best.sqrt()


def _plain(scores: Tensor) -> list[float | None]:
    return [score if math.isfinite(score) else None for score in scores.tolist()]
