"""The kernel distances: squared MMD with a cubic kernel (KID) and with a Gaussian one (CMMD)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganbench.types import Features, Spread

BLOCK = 1024  # rows and columns of a tile of the kernel: 8 MiB, whatever N and D are
STRIP = 4  # tiles beside one another, whose right features are made ready once
JACKKNIFE = 20  # parts of each side that are left out in turn


class Kernel(NamedTuple):
    """k(x, y) = `of`(`view`(x)·`view`(y) + `offset`(x) + `offset`(y)), rows at a time.

    `view` may be float32, for a product twice as fast; the rest is float64.
    """

    view: Callable[[Tensor], Tensor]
    offset: Callable[[Tensor], Tensor]
    of: Callable[[Tensor], Tensor]


def kid(
    real: Features, fake: Features, *, subsets: int = 0, size: int = 1000, seed: int = 0
) -> float:
    """The unbiased estimate of MMD² with k(x, y) = (x·y/D + 1)³; 0 is best.

    Bińkowski et al., "Demystifying MMD GANs" (2018), eq. 4; real N×D, fake M×D. Over all pairs, or
    the mean over `subsets` draws of `size` a side without replacement, which has more noise; the
    fakes are drawn first, as torch-fidelity draws its input 1. Its mean does not depend on the
    sample sizes and is 0 for equal distributions, so single values may be negative.

    Raises ValueError below 2 samples on either side, or below `size` if there are subsets.
    """
    _check(real, fake, size if subsets else 2)
    if not subsets:
        return _sums(real, fake, _cubic(real, fake)).unbiased()
    rng, values, kernel = np.random.RandomState(seed), [], _cubic(real, fake)
    for _ in range(subsets):
        y, x = (
            side[torch.from_numpy(rng.choice(len(side), size, replace=False)).to(side.device)]
            for side in (fake, real)
        )
        values.append(_sums(x, y, kernel).unbiased())
    return math.fsum(values) / subsets


def kid_spread(real: Features, fake: Features) -> Spread:
    """95 % interval of MMD² between the distributions, both sides being samples.

    From all pairs, so `estimate` is the KID without subsets; with subsets it holds too, since both
    estimate the same. The spread over subsets is no error, because they overlap. Needs 4 samples a
    side; the parts that are left out in turn are drawn at random, the same for equal sizes.
    """
    _check(real, fake, 4)
    return _spread(real, fake, _cubic(real, fake), unbiased=True)


def kid_variance(real: Features, fake: Features) -> float:
    """The variance of the all-pairs KID, in closed form, without bias; at least 4 samples a side.

    After Sutherland et al., "Generative Models and Model Criticism via Optimized Maximum Mean
    Discrepancy" (2017), with all terms and for N ≠ M. Near 0 a single value may be negative.
    """
    _check(real, fake, 4)
    return sum(_sums(real, fake, _cubic(real, fake)).variance())


def cmmd(real: Features, fake: Features, *, sigma: float = 10.0, scale: float = 1000.0) -> float:
    """`scale` times the biased MMD² with exp(−|x − y|²/2σ²) of features of length 1; 0 is best.

    Jayasumana et al., "Rethinking FID" (2024), made for CLIP features; in [0, ∞), real N×D. At
    σ = 10 the kernel is all but linear on the unit sphere: about scale/σ² times the squared
    distance of the mean directions, so a change that keeps the mean is not seen.

    Raises ValueError below 2 samples on either side, or for a feature vector of zeros.
    """
    _check(real, fake, 2)
    sums = _sums(real, fake, _gaussian(sigma))
    return max(scale * sums.biased(), 0.0)


def cmmd_spread(
    real: Features, fake: Features, *, sigma: float = 10.0, scale: float = 1000.0
) -> Spread:
    """95 % interval of the CMMD between the distributions, without the bias of the estimate."""
    _check(real, fake, 4)
    return _spread(real, fake, _gaussian(sigma), unbiased=False, scale=scale)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of a kernel over the pairs of x (N) and y (M), float64, i = j left out.

    `xx` N and `yy` M: of each sample with the others of its side; `xy` N and `yx` M: with the other
    side. `blocks`: the sums between the B parts of each side, B×B, of xx, yy and xy; `sizes` of the
    parts of x and of y, B; `squares`: the sums of k² over xx, yy and xy.
    """

    xx: Tensor
    yy: Tensor
    xy: Tensor
    yx: Tensor
    blocks: tuple[Tensor, Tensor, Tensor]
    sizes: tuple[Tensor, Tensor]
    squares: tuple[float, float, float]

    def unbiased(self) -> float:
        """The mean over pairs i ≠ j of k(x, x), and of k(y, y), less twice the mean of k(x, y)."""
        return self._distance(less=1)

    def biased(self) -> float:
        """The same with the pairs i = j, for a kernel that is 0 there: ≥ 0 but for rounding."""
        return self._distance(less=0)

    def _distance(self, less: int) -> float:
        n, m = len(self.xx), len(self.yy)
        within = self.xx.sum() / (n * (n - less)) + self.yy.sum() / (m * (m - less))
        return (within - 2 * self.xy.sum() / (n * m)).item()

    def variance(self) -> tuple[float, float]:
        """The variance of `unbiased` in two terms, each estimated without bias.

        By Hoeffding's decomposition 4/N Var f(x) + 4/M Var f(y) of the witness
        f = E k(x, ·) − E k(y, ·), which is 0 for equal distributions, and the interactions
        2/N(N−1) Var k̃(x, x′) + 2/M(M−1) Var k̃(y, y′) + 4/NM Var k̃(x, y), k̃ centred on both sides.
        """
        n, m = len(self.xx), len(self.yy)
        qx, qy, q = self.squares
        a, b, c, d = self.xx, self.yy, self.xy, self.yx
        x, all_x = _projection(a, qx)
        y, all_y = _projection(b, qy)
        s, c2, d2 = c.sum().item(), c.dot(c).item(), d.dot(d).item()
        mean2 = (s * s - c2 - d2 + q) / (n * (n - 1) * m * (m - 1))  # (E k(x, y))²
        cross_x = (c2 - q) / (n * m * (m - 1)) - mean2  # Var E[k(x, y) | x]
        cross_y = (d2 - q) / (m * n * (n - 1)) - mean2
        first = 4 / n * (x + cross_x - 2 * _covariance(a, c, m))
        first += 4 / m * (y + cross_y - 2 * _covariance(b, d, n))
        second = 2 * (all_x - 2 * x) / (n * (n - 1)) + 2 * (all_y - 2 * y) / (m * (m - 1))
        second += 4 * (q / (n * m) - mean2 - cross_x - cross_y) / (n * m)
        return first, second

    def without(self, less: int) -> tuple[list[float], list[float]]:
        """The distance without each part of x, and of y; `less` is 1 for `unbiased`, else 0."""
        xx, yy, xy = self.blocks
        ns, ms = self.sizes
        left = _leave_out(xx, ns, yy, ms, xy, less)
        return left, _leave_out(yy, ms, xx, ns, xy.T, less)


def _spread(x: Tensor, y: Tensor, kernel: Kernel, unbiased: bool, scale: float = 1.0) -> Spread:
    """The error takes 3/2 of the interactions, and the first term as −1/2 of them at least.

    The first term is uncertain where it is small, and in step with the distance itself: so the
    interval holds the truth in 93 to 98 % of simulations from equal distributions to distant ones,
    against 87 to 99 % with the bare variance.
    """
    sums = _sums(x, y, kernel, min(JACKKNIFE, len(x) // 2, len(y) // 2))
    real, fake = sums.without(int(unbiased))
    first, second = sums.variance()
    return Spread(
        estimate=scale * sums.unbiased(),
        error=scale * math.sqrt(max(max(first, -second) + 1.5 * second, 0.0)),
        fake=tuple(scale * value for value in fake),
        real=tuple(scale * value for value in real),
    )


def _leave_out(
    own: Tensor, sizes: Tensor, other: Tensor, others: Tensor, cross: Tensor, less: int
) -> list[float]:
    """The distance without each part of one side, from the sums between parts."""
    n, m = sizes.sum() - sizes, others.sum()
    rest = own.sum() - 2 * own.sum(1) + own.diagonal()
    within = rest / (n * (n - less)) + other.sum() / (m * (m - less))
    values: list[float] = (within - 2 * (cross.sum() - cross.sum(1)) / (n * m)).tolist()
    return values


def _projection(a: Tensor, q: float) -> tuple[float, float]:
    """Var E[k(x, x′) | x] and Var k(x, x′), from the sums a over x′ and the sum q of all k²."""
    n, s, a2 = len(a), a.sum().item(), a.dot(a).item()
    mean2 = (s * s - 4 * a2 + 2 * q) / (n * (n - 1) * (n - 2) * (n - 3))
    return (a2 - q) / (n * (n - 1) * (n - 2)) - mean2, q / (n * (n - 1)) - mean2


def _covariance(a: Tensor, c: Tensor, m: int) -> float:
    """Cov(E[k(x, x′) | x], E[k(x, y) | x]), from the sums a over x′ and c over m samples y."""
    n, ac = len(a), a.dot(c).item()
    together = ac / (n * (n - 1) * m)
    return together - (a.sum() * c.sum() - 2 * ac).item() / (n * (n - 1) * (n - 2) * m)


def _sums(x: Tensor, y: Tensor, kernel: Kernel, parts: int = 1) -> Sums:
    """One pass over the kernel, in tiles: O(N + M) memory."""
    left, right = (_side(side, kernel, parts) for side in (x, y))
    xx, _, bx, qx = _pass(left, left, kernel)
    yy, _, by, qy = _pass(right, right, kernel)
    xy, yx, b, q = _pass(left, right, kernel)
    sizes = left.parts.sum(0), right.parts.sum(0)
    return Sums(xx, yy, xy, yx, (bx, by, b), sizes, (qx, qy, q))


class Side(NamedTuple):
    """Features N×D, their offsets N, and who is in which part: N×B of ones and zeros."""

    x: Tensor
    offset: Tensor
    parts: Tensor


def _side(x: Tensor, kernel: Kernel, parts: int) -> Side:
    """The parts are equal to one sample and drawn at random, always the same for one N."""
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    member = torch.nn.functional.one_hot(order % parts, parts).double().to(x.device)
    return Side(x, torch.cat([kernel.offset(part) for part in x.split(BLOCK)]), member)


def _pass(left: Side, right: Side, kernel: Kernel) -> tuple[Tensor, Tensor, Tensor, float]:
    """Sums of k by row, by column and between parts, and the sum of k².

    For a side against itself half of the tiles do, and i = j is left out.
    """
    same, squares = left is right, 0.0
    rows, columns = torch.zeros_like(left.offset), torch.zeros_like(right.offset)
    below = rows if same else columns
    blocks = left.parts.new_zeros((left.parts.shape[1], right.parts.shape[1]))
    for i, j, a, b in _tiles(left, right, kernel):
        p, q = left.offset[i : i + BLOCK], right.offset[j : j + BLOCK]
        k = kernel.of(_products(a, b).double().add_(p[:, None]).add_(q))
        if diagonal := same and i == j:
            k.fill_diagonal_(0)
        by_part = k @ right.parts[j : j + BLOCK]
        block = left.parts[i : i + BLOCK].T @ by_part
        square = torch.dot(k.flatten(), k.flatten()).item()
        rows[i : i + BLOCK] += by_part.sum(1)
        blocks += block
        squares += square
        if not diagonal:
            below[j : j + BLOCK] += k.sum(0)
        if same and not diagonal:
            blocks += block.T
            squares += square
    return rows, columns, blocks, squares


def _tiles(left: Side, right: Side, kernel: Kernel) -> Iterator[tuple[int, int, Tensor, Tensor]]:
    """Where each tile begins, and its features; of a side against itself those with i ≤ j."""
    n, m = len(left.x), len(right.x)
    for first in range(0, m, STRIP * BLOCK):
        starts = range(first, min(first + STRIP * BLOCK, m), BLOCK)
        strip = [(j, kernel.view(right.x[j : j + BLOCK])) for j in starts]
        for i in range(0, starts[-1] + 1 if left is right else n, BLOCK):
            a = kernel.view(left.x[i : i + BLOCK])
            yield from ((i, j, a, b) for j, b in strip if left is not right or i <= j)


def _products(a: Tensor, b: Tensor) -> Tensor:
    """a·b for all rows: N×M. float32 on a CPU by oneDNN, which some machines have twice as fast."""
    if a.dtype == torch.float32 and not a.is_cuda and torch.backends.mkldnn.is_available():
        return torch.nn.functional.linear(a.to_mkldnn(), b).to_dense()
    return a @ b.T


def _cubic(real: Tensor, fake: Tensor) -> Kernel:
    """(x·y/D + 1)³ by x·y = a·b + (a·μ + μ²/2) + (b·μ + μ²/2), a = x − μ and b = y − μ.

    μ is near the mean, so that a float32 product does for float32 features: its error is below 10⁻⁶
    of KID or of its standard error. μ is the same in whatever order the samples and sides come.
    """
    kind = torch.promote_types(torch.promote_types(real.dtype, fake.dtype), torch.float32)
    sums = [
        torch.stack([x.double().sum(0) for x in side.split(BLOCK)]).sum(0) for side in (real, fake)
    ]
    centre = ((sums[0] / len(real) + sums[1] / len(fake)) / 2).to(kind)
    mean, d = centre.double(), len(centre)
    return Kernel(
        view=lambda x: x.to(kind) - centre,
        offset=lambda x: (x.to(kind) - centre).double() @ mean + mean.dot(mean) / 2,
        of=lambda products: products.div_(d).add_(1).pow_(3),
    )


def _gaussian(sigma: float) -> Kernel:
    """k − 1 of directions, for which |x − y|² = 2 − 2 x·y: 0 for i = j; the 1 cancels in MMD."""
    return Kernel(
        view=_directions,
        offset=lambda x: torch.zeros(len(x), dtype=torch.float64, device=x.device),
        of=lambda products: products.sub_(1).div_(sigma**2).expm1_(),
    )


def _directions(x: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(x.double(), dim=1, keepdim=True)
    if not bool((norms > 0).all()):
        raise ValueError("CMMD needs directions: a feature vector of zeros or NaN has none")
    return x.double() / norms


def _check(real: Tensor, fake: Tensor, least: int) -> None:
    if min(len(real), len(fake)) < least:
        raise ValueError(
            f"the kernel distance needs {least} samples or more a side, "
            f"got {len(real)} and {len(fake)}"
        )
