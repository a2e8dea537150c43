"""The kernel two-sample test: MMD² with a Gaussian kernel, and its permutation test."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.measures.mmd import Kernel, _check, _spread
from ganbench.types import Features, Outcome

ENOUGH = 100  # reals that were not drawn, for their median


def mmd_rbf(
    real: Features,
    fake: Features,
    *,
    n: int = 2000,
    bandwidth: float = 0.0,
    permutations: int = 200,
    seed: int = 0,
) -> Outcome:
    """The unbiased estimate of MMD² with k(x, y) = exp(−|x − y|²/2σ²); 0 is best.

    Gretton et al., "A Kernel Two-Sample Test" (2012), eq. 3. (−∞, ∞): its mean is 0 for equal
    distributions, so single values may be negative. real N×D, fake M×D, of which at most `n` each
    are drawn. σ is `bandwidth` or, if that is 0, the median distance between reals: those that are
    not drawn if they are 100 or more, for then the level of the test is exact. So σ does not
    depend on the fakes, and models that are scored against the same reals share it.

    `detail`: the p-value (1 + the number of `permutations` of the labels whose MMD² is as large) /
    (1 + permutations), of the hypothesis that both are samples of one distribution; σ; how many
    were drawn, and whether σ is of other reals. The interval is that of `kid`.

    Raises ValueError below 4 samples a side, or if half of the reals are the same.
    """
    _check(real, fake, 4)
    draws = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(real), generator=draws).to(real.device)
    y = fake[torch.randperm(len(fake), generator=draws)[:n].to(fake.device)]
    x, others = real[order[:n]], real[order[n : 2 * n]]
    independent = len(others) >= ENOUGH
    sigma = bandwidth or _median(others if independent else x)
    if not sigma > 0:
        raise ValueError("the median distance between reals is 0, which is no bandwidth")
    kernel = _rbf(real, sigma)
    spread = _spread(x, y, kernel, unbiased=True)
    p_value = _p_value(_gram(torch.cat((x, y)), kernel), len(x), permutations, draws)
    detail = {"p_value": p_value, "bandwidth": sigma, "bandwidth_of_other_reals": independent}
    return Outcome(spread.estimate, spread, {**detail, "n": [len(x), len(y)]})


def _p_value(gram: Tensor, n: int, permutations: int, draws: torch.Generator) -> float:
    """Of the unbiased MMD² of the first n against the rest, by permuting who is who.

    With a the indicator of one side: the sums within it are aᵀKa, of the other side
    1ᵀK1 − 2 aᵀK1 + aᵀKa, between them aᵀK1 − aᵀKa; K has a diagonal of zeros.
    """
    size = len(gram)
    m = size - n
    orders = [torch.randperm(size, generator=draws) for _ in range(permutations)]
    rows = torch.stack([torch.arange(size), *orders]).to(gram.device)
    sides = torch.zeros((size, 1 + permutations), dtype=torch.float64, device=gram.device)
    sides.scatter_(0, rows[:, :n].T, 1.0)
    within, all_of = (sides * (gram @ sides)).sum(0), gram.sum(0) @ sides
    rest = gram.sum() - 2 * all_of + within
    found = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * (all_of - within) / (n * m)
    # Equal values that were summed in another order count as equal.
    as_large = found[1:] >= found[0] - 1e-12
    return (1 + int(as_large.sum())) / (1 + permutations)


def _gram(x: Tensor, kernel: Kernel) -> Tensor:
    """k of all pairs, N×N float64, with zeros for i = j."""
    view, offset = kernel.view(x), kernel.offset(x)
    products = (view @ view.T).add_(offset[:, None]).add_(offset)
    gram: Tensor = kernel.of(products).fill_diagonal_(0)
    return gram


def _rbf(real: Tensor, sigma: float) -> Kernel:
    """−|x − y|²/2 = a·b − |a|²/2 − |b|²/2, a = x − μ and b = y − μ."""
    centre = real.double().mean(0)
    return Kernel(
        view=lambda x: x.double() - centre,
        offset=lambda x: (x.double() - centre).square().sum(1) / -2,
        of=lambda products: products.clamp_(max=0).div_(sigma**2).exp_(),
    )


def _median(x: Tensor) -> float:
    """The median distance of all pairs."""
    return torch.nn.functional.pdist(x.double() - x.double().mean(0)).median().item()
