"""Whether the fakes are copies of the training set: here `real` is what the generator saw."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from ganbench.measures.manifold import share_spread
from ganbench.measures.neighbours import Neighbours, nearest
from ganbench.types import Features, Spread

LEAST = 20  # fakes that a cell must exceed to count in C_T


def authenticity(pair: Neighbours) -> float:
    """Share of fakes that are farther from their nearest real than that is from its own neighbour.

    Alaa et al., "How Faithful is your Synthetic Data?" (2022): g is authentic if
    d(x*, its nearest other real) < d(g, x*), x* being the real nearest to g. In [0, 1]; 0 for
    copies. Equal distributions do not give 1/2 (0.69 for 400 normals in 16 dimensions): compare
    with the value of held-out reals.
    """
    return _authentic(pair).double().mean().item()


def authenticity_spread(pair: Neighbours) -> Spread:
    """95 % interval of the authenticity of infinitely many fakes against these reals."""
    return share_spread(_authentic(pair))


def _authentic(pair: Neighbours) -> Tensor:
    return pair.real_radii[pair.nearest, 0] < pair.distance


def copying_ratio(real: Features, fake: Features, control: Features) -> float:
    """Median distance of a fake to its nearest real over that of a real the generator never saw.

    In [0, ∞): 1 if the fakes are as new as the control, 0 if most are copies, above 1 if they lie
    off the data. NaN if most of the control are copies too.
    """
    fakes, controls = (nearest(side, real)[0].median().sqrt() for side in (fake, control))
    return (fakes / controls).item()


def copied_share(
    real: Features, fake: Features, control: Features, *, quantile: float = 0.01
) -> float:
    """Share of fakes nearer to a real than all but `quantile` of the control are.

    In [0, 1]: about `quantile` if nothing is copied. Unlike a median it sees that a few are copies.
    """
    limit = torch.quantile(nearest(control, real)[0], quantile)
    return (nearest(fake, real)[0] < limit).double().mean().item()


def data_copying(
    real: Features,
    fake: Features,
    control: Features,
    *,
    cells: int = 3,
    dimensions: int = 64,
    seed: int = 0,
) -> float:
    """C_T: are fakes nearer to the training set than held-out reals are, cell by cell?

    Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative
    Models" (2020): the Z_U of `rank_z` in each k-means cell of the training set (in its
    leading `dimensions` principal components), weighted by the cell's share of the control. Cells
    with 20 fakes or fewer are left out. (−∞, ∞): ≪ 0 copying, ≫ 0 underfitting, about 0 is best;
    it grows with the sample sizes.

    Raises ValueError if no cell has fakes, control and training samples enough.
    """
    train, generated, held_out = _reduce(dimensions, real, fake, control)
    centres = _cells(train, cells, seed)
    places = [nearest(Features(x), Features(centres))[1] for x in (train, generated, held_out)]
    total, weight = 0.0, 0
    for cell in range(cells):
        sides = (train, generated, held_out)
        t, g, c = (x[place == cell] for x, place in zip(sides, places, strict=True))
        if len(g) > LEAST and len(c) and len(t):
            g_distance, c_distance = (nearest(Features(x), Features(t))[0] for x in (g, c))
            total += len(c) * rank_z(g_distance, c_distance)
            weight += len(c)
    if not weight:
        raise ValueError(f"none of {cells} cells has more than {LEAST} fakes and any control")
    return total / weight


def rank_z(a: Tensor, b: Tensor) -> float:
    """(U − nm/2)/√(nm(n + m + 1)/12), U the pairs with a > b, ties half: N(0, 1) if a and b agree.

    Mann and Whitney (1947); a of length n, b of length m. Without correction for continuity.
    """
    n, m = len(a), len(b)
    b = b.sort().values
    below, not_above = (torch.searchsorted(b, a, right=right) for right in (False, True))
    u = (below + not_above).sum().item() / 2
    return (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def _reduce(dimensions: int, train: Tensor, *others: Tensor) -> list[Tensor]:
    """All in the leading principal components of `train`, if it has more than `dimensions`."""
    centre = train.mean(0).double()
    if train.shape[1] <= dimensions:
        return [x.double() - centre for x in (train, *others)]
    centred = train.double() - centre
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -dimensions:]
    return [(x.double() - centre) @ axes for x in (train, *others)]


def _cells(train: Tensor, cells: int, seed: int) -> Tensor:
    """The centres of the k-means cells of `train`, cells×D."""
    # Imported here because it takes a second.
    from sklearn.cluster import KMeans  # type: ignore[import-untyped,unused-ignore]
    from sklearn.exceptions import (  # type: ignore[import-untyped,unused-ignore]
        ConvergenceWarning,
    )

    with warnings.catch_warnings():  # fewer distinct points than cells: the rest stay empty
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(cells, n_init=10, random_state=seed).fit(train.cpu().numpy())
    return torch.from_numpy(found.cluster_centers_).to(train)
