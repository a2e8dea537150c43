"""How far the manifolds of real and fake samples hold each other, by balls of k neighbours.

A ball reaches to the k-th nearest neighbour of its centre in its own set. Precision, recall and
rarity count a point on the sphere as inside, as their authors' code does; density and coverage do
not, as theirs does: so all four are 1 for a set against itself.
"""

from __future__ import annotations

import math

from torch import Tensor

from ganbench.measures.neighbours import Neighbours
from ganbench.types import Spread


def precision(pair: Neighbours, *, k: int = 3) -> float:
    """Share of fakes inside the ball of some real; in [0, 1], higher is better.

    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models"
    (2019), eq. 1 and 2. Below 1 even for equal distributions.

    Raises ValueError for a k that the pair was not asked for, as all of this module do.
    """
    return _held(pair, k).double().mean().item()


def recall(pair: Neighbours, *, k: int = 3) -> float:
    """Share of reals inside the ball of some fake: precision with the roles exchanged."""
    return pair.covered[pair.row(k)].double().mean().item()


def density(pair: Neighbours, *, k: int = 5) -> float:
    """1/(kM) Σⱼ Σᵢ 1[gⱼ in the ball of xᵢ]: how many real balls hold a fake, in units of k.

    Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models" (2020). In
    [0, N/k], with mean 1 for equal distributions; an outlier among the reals hardly matters.
    """
    return pair.balls[pair.row(k)].double().mean().item() / k


def coverage(pair: Neighbours, *, k: int = 5) -> float:
    """Share of reals whose ball holds a fake; in [0, 1], higher is better.

    Naeem et al. (2020). Its mean is 1 − Π (N − i)/(N + M − i), i = 1 … k, for equal distributions.
    """
    return pair.reached[pair.row(k)].double().mean().item()


def rarity(pair: Neighbours, *, k: int = 3) -> float:
    """Mean over the fakes inside the real manifold of the radius of the smallest ball around them.

    Han et al., "Rarity Score: A New Metric to Evaluate the Uncommonness of Synthesized Images"
    (2023). In feature units, [0, ∞), high where reals are sparse; the share of fakes outside is
    1 − precision. Raises ValueError if all are.
    """
    return _rarities(pair, k).mean().item()


def precision_spread(pair: Neighbours, *, k: int = 3) -> Spread:
    """95 % interval of the precision of infinitely many fakes against these reals."""
    return share_spread(_held(pair, k))


def density_spread(pair: Neighbours, *, k: int = 5) -> Spread:
    """95 % interval of the density of infinitely many fakes against these reals."""
    return mean_spread(pair.balls[pair.row(k)].double() / k)


def rarity_spread(pair: Neighbours, *, k: int = 3) -> Spread:
    """95 % interval of the rarity of infinitely many fakes against these reals."""
    return mean_spread(_rarities(pair, k))


def share_spread(hits: Tensor) -> Spread:
    """Of a share of n independent hits (bool): (x + 2)/(n + 4), which is right near 0 and 1 too.

    Agresti and Coull, "Approximate is better than 'exact' for interval estimation" (1998).
    """
    n = len(hits) + 4
    share = (hits.sum().item() + 2) / n
    return Spread(share, math.sqrt(share * (1 - share) / n))


def mean_spread(values: Tensor) -> Spread:
    """Of a mean of n independent values: s/√n with n − 1 degrees; NaN below two values."""
    n = len(values)
    if n < 2:
        return Spread(math.nan, math.nan)
    return Spread(values.mean().item(), values.std().item() / math.sqrt(n), n - 1)


def _held(pair: Neighbours, k: int) -> Tensor:
    """Whether each fake lies in the closed ball of some real."""
    return pair.smallest[pair.row(k)].isfinite()


def _rarities(pair: Neighbours, k: int) -> Tensor:
    """Radius of the smallest ball around each fake that lies in one."""
    held = _held(pair, k)
    if not held.any():
        raise ValueError("no fake lies in the ball of a real")
    return pair.smallest[pair.row(k)][held].sqrt()
