"""A kernel density estimate of the generator: the likelihood of reals, and how many it covers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ganbench.types import Features, Outcome, Spread

BLOCK = 64  # points whose distances to all kernels are in memory at once
WIDER = 1.5  # squares of bandwidths, that the grid reaches beyond its bounds
LEAST = 1e-6  # bandwidth, as a part of the largest that can be best


def average_log_likelihood(
    fake: Features,
    control: Features,
    *,
    bandwidth: float = 0.0,
    grid: int = 20,
    validation: int = 1000,
    seed: int = 0,
) -> Outcome:
    """The mean log-likelihood of held-out reals under Gaussian kernels on the fakes, in nats.

    mean over x of log 1/M Σ N(x; g, s²I): Goodfellow et al., "Generative Adversarial Nets" (2014),
    section 5, a Parzen window. (−∞, ∞), higher is better; fake M×D, control N×D, in the features'
    own units: on the extractor `pixels` those are pixels in [0, 1], on `coordinates` the points.

    The bandwidth s is the best of `grid` for one half of the control (for `validation` of it at
    most), and the mean is over the other half; `bandwidth` above 0 is taken as it is, and then all
    of the control counts. The grid is geometric, between bounds that hold the best one: at it, s²D
    is a mean of squared distances that weighs near ones more, so it lies between the mean to the
    nearest fake and the mean to all. The interval is over the points x, for these fakes.
    `detail`: the bandwidth and whether it stands at an edge of the grid, and bits per dimension.

    Raises ValueError below 4 control samples, or if all of them are fakes, which has no bound.
    """
    if len(control) < 4:
        raise ValueError(f"half of {len(control)} held-out samples is too few for a bandwidth")
    first, second = _halves(control, seed)
    detail: dict[str, float | bool] = {}
    if bandwidth > 0:
        second = control
    else:
        widths = _widths(fake, first[:validation], grid)
        if not float(widths[0]) > 0:
            raise ValueError("every held-out sample is a fake: the likelihood has no bound")
        best = _best(fake, first[:validation], widths)
        bandwidth = float(widths[best])
        detail["at_edge"] = best in (0, grid - 1)
    found = log_density(fake, second, torch.tensor([bandwidth]).double())[0]
    value, d = found.mean().item(), fake.shape[1]
    detail |= {"bandwidth": bandwidth, "bits_per_dimension": -value / d / math.log(2)}
    error = (found.std() / math.sqrt(len(found))).item()
    return Outcome(value, Spread(value, error, len(found) - 1), {**detail, "n": len(found)})


def coverage_adagan(
    real: Features,
    fake: Features,
    *,
    quantile: float = 0.05,
    grid: int = 20,
    validation: int = 1000,
    seed: int = 0,
) -> Outcome:
    """The share of reals where the generator's density is above its own 5 % quantile, in [0, 1].

    C = P_data(dP_model > t), P_model(dP_model > t) = 0.95: Tolstikhin et al., "AdaGAN" (2017),
    section 4. Higher is better, and a perfect generator has 0.95, not 1. real N×D, fake M×D.
    The density is of Gaussian kernels on one half of the fakes, their bandwidth the best of `grid`
    for `validation` of the other half; t is the `quantile` of the density over the other half.
    (The authors' program takes t over the kernels themselves, which lowers C.)

    Raises ValueError below 4 fakes.
    """
    if len(fake) < 4:
        raise ValueError(f"half of {len(fake)} fakes is too few for a density")
    kernels, others = _halves(fake, seed)
    widths = _widths(kernels, others[:validation], grid)
    widths = widths.clamp(min=float(widths[-1]) * LEAST or LEAST)
    width = widths[_best(kernels, others[:validation], widths)][None]
    limit = log_density(kernels, others, width)[0].quantile(quantile)
    above = (log_density(kernels, real, width)[0] >= limit).double()
    detail = {"bandwidth": float(width), "log_density": float(limit)}
    return Outcome(above.mean().item(), detail=detail)


def perfect_coverage(real: Features, fake: Features, *, quantile: float = 0.05) -> float:
    """What a perfect generator has of `coverage_adagan`."""
    return 1 - quantile


def log_density(kernels: Tensor, x: Tensor, widths: Tensor) -> Tensor:
    """log 1/M Σ N(x; g, s²I) of each x under M Gaussians at the kernels, for each s of `widths`.

    kernels M×D, x N×D, widths B in float64: B×N float64.
    """
    d = kernels.shape[1]
    norm = math.log(len(kernels)) + d / 2 * (2 * math.pi * widths.square()).log()
    found = []
    for squares in _squares(kernels, x):
        least = squares.amin(1)
        beyond = squares.sub_(least[:, None])  # logsumexp, with one maximum for all widths
        scales = [-1 / (2 * float(s) ** 2) for s in widths]
        # e⁻⁶⁰ is nothing beside the nearest's 1, and denormal numbers would be slow.
        sums = [(beyond * scale).clamp_(min=-60).exp_().sum(1).log_() for scale in scales]
        sums = [total + least * scale for total, scale in zip(sums, scales, strict=True)]
        found.append(torch.stack(sums) - norm[:, None])
    return torch.cat(found, 1)


def _best(kernels: Tensor, x: Tensor, widths: Tensor) -> int:
    """The place of the width that makes x likeliest."""
    return int(log_density(kernels, x, widths).mean(1).argmax())


def _widths(kernels: Tensor, x: Tensor, grid: int) -> Tensor:
    """`grid` widths that hold the likeliest between them, float64; 0 and more."""
    means = [(squares.amin(1), squares.mean(1)) for squares in _squares(kernels, x)]
    low, high = (torch.cat(part).mean() for part in zip(*means, strict=True))
    low, high = low / WIDER, high * WIDER  # so that the best stands at no edge
    shares = torch.linspace(0, 1, grid, dtype=torch.float64)
    return (low ** (1 - shares) * high**shares / kernels.shape[1]).sqrt()


def _squares(kernels: Tensor, x: Tensor) -> Iterator[Tensor]:
    """|x − g|² of all x to all kernels, float64, in blocks of x; 0 for copies."""
    centre = kernels.double().mean(0)
    g = kernels.double() - centre
    gg, slack = g.square().sum(1), 4 * (len(centre) + 4) * torch.finfo(torch.float64).eps
    for part in x.split(BLOCK):
        a = part.double() - centre
        size = a.square().sum(1, keepdim=True) + gg
        squares = torch.addmm(size, a, g.T, alpha=-2)
        yield squares.masked_fill_(squares < slack * size, 0)


def _halves(x: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed)).to(x.device)
    first, second = order.tensor_split(2)
    return x[first], x[second]
