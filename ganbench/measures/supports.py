"""Precision and recall of supports of every size, and of supports that are only probable."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.measures.manifold import mean_spread
from ganbench.measures.neighbours import BLOCK, nearest, radii, tiles
from ganbench.types import Features, Outcome

CURVE = 11  # points of a curve in the detail


def alpha_precision(real: Features, fake: Features) -> Outcome:
    """IP = 1 − 2 ∫ |P_α − α| dα, P_α the share of fakes in the ball that holds a share α of reals.

    Alaa et al., "How Faithful is your Synthetic Data?" (2022). In [0, 1], 1 is best: the
    fakes have each share in each ball; 0 if all lie outside of all balls, and if all lie in the
    centre. Unlike the authors, who first train a network of one class that maps the reals into a
    ball, the balls here lie around the mean of the features as they are: only distances from the
    mean are compared, and fakes that lie between the modes of the reals count as typical.

    α runs over i/N, where the radius is the distance of the i-th real. `detail`: `alpha` and `p`,
    eleven points of the curve. N×D and M×D, float64 inside.
    """
    centre = real.double().mean(0)
    reals, fakes = (_distance(side, centre).sort().values for side in (real, fake))
    inside = torch.searchsorted(fakes, reals, right=True).double() / len(fakes)
    return _integrated(inside, "alpha", "p")


def beta_recall(real: Features, fake: Features, *, k: int = 5) -> Outcome:
    """IR = 1 − 2 ∫ |R_β − β| dβ, R_β the share of reals next to a fake of the ball with a share β.

    Alaa et al. (2022): a real counts if its nearest fake is one of the share β of the
    fakes that are nearest to the mean of the fakes, and is not farther from it than its `k`-th
    nearest other real. In [0, 1], higher is better, 1 for a set against itself; a perfect
    generator has less, so compare with reals against reals. The authors' code has k = 1, with which
    that is about 1/2. No network of one class here either, see `alpha_precision`.

    β runs over j/M. `detail`: `beta`, `r`, and `covered` (R₁). Raises ValueError for k reals or
    fewer.
    """
    order = _distance(fake, fake.double().mean(0)).argsort(stable=True)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(fake), device=order.device)
    distance, index = nearest(real, fake)
    steps = place[index[distance <= radii(real, k)[:, -1]]]
    shares = torch.bincount(steps, minlength=len(fake)).cumsum(0).double() / len(real)
    found = _integrated(shares, "beta", "r")
    return Outcome(found.value, detail={**found.detail, "covered": shares[-1].item()})


def probabilistic_precision(
    real: Features, fake: Features, *, k: int = 4, scale: float = 1.2
) -> Outcome:
    """Mean over fakes of 1 − Πᵢ (1 − max(0, 1 − |g − xᵢ|/R)), over all reals xᵢ.

    Park and Kim, "Probabilistic Precision and Recall Towards Reliable Evaluation of Generative
    Models" (2023): the probability that g lies in the support of the reals. R is one
    radius for all, `scale` times the mean distance of a real to its `k`-th nearest other real. In
    [0, 1], higher is better; 1 for a set against itself. N×D and M×D, float64 inside. Its interval
    is for infinitely many fakes against these reals. `detail`: `radius`.

    Raises ValueError for k reals or fewer.
    """
    return _probable(real, fake, k, scale)


def probabilistic_recall(
    real: Features, fake: Features, *, k: int = 4, scale: float = 1.2
) -> Outcome:
    """The same with the roles exchanged: how probable the reals are by the support of the fakes.

    Park and Kim (2023). Its interval is for infinitely many reals against these fakes.
    """
    return _probable(fake, real, k, scale)


def _probable(support: Features, points: Features, k: int, scale: float) -> Outcome:
    """How probable the points are, by the support."""
    radius = scale * radii(support, k)[:, -1].sqrt().mean()
    unit = radius.clamp(min=torch.finfo(radius.dtype).tiny)  # of a support that is a few points
    outside = radius.new_ones(len(points))
    for _, j, squares, *_ in tiles(support, points):
        part = outside[j : j + BLOCK]
        part *= (squares.clamp(min=0).sqrt() / unit).clamp(max=1).prod(0)
    inside = 1 - outside
    return Outcome(inside.mean().item(), mean_spread(inside), {"radius": radius.item()})


def _integrated(shares: Tensor, level: str, share: str) -> Outcome:
    """1 − 2 ∫ |share − level|, of the shares at the levels 1/n, 2/n, …, 1; both start at 0."""
    curve = torch.cat([shares.new_zeros(1), shares])
    levels = torch.linspace(0, 1, len(curve), dtype=curve.dtype, device=curve.device)
    value = 1 - 2 * torch.trapezoid((curve - levels).abs(), levels).item()
    rows = torch.linspace(0, len(shares), CURVE, device=curve.device).round().long()
    told = {level: levels[rows].tolist(), share: curve[rows].tolist()}
    return Outcome(max(value, 0.0), detail=told)


def _distance(points: Tensor, centre: Tensor) -> Tensor:
    distance: Tensor = (points.double() - centre).norm(dim=1)
    return distance
