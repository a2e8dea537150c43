"""Image retrieval: how near held-out reals find generated samples, beside real ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench.measures.neighbours import _exact
from ganbench.types import Features, Outcome

BLOCK = 512  # queries whose distances to a whole database are in memory at once


def image_retrieval(
    real: Features,
    fake: Features,
    control: Features,
    rivals: tuple[Features, ...],
    *,
    k: int = 1,
    queries: int = 2000,
    seed: int = 0,
) -> Outcome:
    """Share of held-out queries whose k-th nearest fake is nearer than their k-th nearest real.

    After Wang, Zhang and van de Weijer, "Ensembles of Generative Adversarial Networks" (2016). In
    [0, 1], ties are half: 0.5 is best, that of a generator as good a database as the training set;
    below, fakes are farther. real N×D are what it was trained on, fake M×D, control Q×D the queries
    (`queries` of them at most). All databases have equally many samples: the smallest, and of the
    others as many are drawn.

    `detail`: the p-value of Wilcoxon's signed-rank test of the two distances, the mean distance to
    each, and between all models, those of `rivals` among them: `wins`, the share of queries where
    the row is nearer than the column, and `p_values`. With many queries every p-value is small:
    read the share.

    Raises ValueError if a database has fewer than k samples.
    """
    draws = torch.Generator().manual_seed(seed)
    sides = {"training set": real, "fake": fake}
    sides |= {f"rival {i + 1}": rival for i, rival in enumerate(rivals)}
    size = min(map(len, sides.values()))
    if size < k:
        raise ValueError(f"a database of {size} samples has no neighbour number {k}")
    asked = _draw(control, queries, draws)
    found = {name: _kth(asked, _draw(side, size, draws), k) for name, side in sides.items()}
    gaps = [[_compare(a, b) for b in found.values()] for a in found.values()]
    share, p_value = gaps[1][0]
    detail: dict[str, Any] = {
        "p_value": p_value,
        "distances": {name: distance.mean().item() for name, distance in found.items()},
        "queries": len(asked),
        "database": size,
    }
    if rivals:
        detail |= {"models": list(found), "wins": [[share for share, _ in row] for row in gaps]}
        detail["p_values"] = [[p for _, p in row] for row in gaps]
    return Outcome(share, detail=detail)


def _compare(a: Tensor, b: Tensor) -> tuple[float, float]:
    """The share of queries where a is nearer, ties half, and the p-value of the signed ranks."""
    # Imported here because it takes a second.
    from scipy.stats import wilcoxon

    share = ((a < b).double().mean() + (a == b).double().mean() / 2).item()
    gaps = (a - b)[a != b]
    # Without differences there is nothing to rank.
    return share, float(wilcoxon(gaps.cpu().numpy()).pvalue) if len(gaps) else 1.0


def _draw(x: Tensor, n: int, draws: torch.Generator) -> Tensor:
    """n of x, or all of them in their order."""
    return x if len(x) <= n else x[torch.randperm(len(x), generator=draws)[:n].to(x.device)]


def _kth(queries: Tensor, database: Tensor, k: int) -> Tensor:
    """The distance of each query to its k-th nearest of the database: Q, float64."""
    centre = database.double().mean(0)
    y = database.double() - centre
    yy, places = y.square().sum(1), []
    for part in queries.split(BLOCK):
        squares = torch.addmm(yy, part.double() - centre, y.T, alpha=-2)
        places.append(squares.topk(k, largest=False).indices[:, -1])
    return _exact(queries, database, torch.cat(places)).sqrt()
