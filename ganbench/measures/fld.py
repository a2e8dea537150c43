"""The Feature Likelihood Divergence: how likely held-out reals are under kernels on the fakes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganbench.measures.nets import draw
from ganbench.types import Features, Outcome

LEAST = 8  # samples of a part


def fld(
    real: Features,
    fake: Features,
    control: Features,
    *,
    n: int = 2500,
    steps: int = 30,
    seed: int = 0,
) -> Outcome:
    """100/D times by how much less likely the control is under the fakes than under other reals.

    Jiralerspong et al., "Feature Likelihood Divergence: Evaluating the Generalization of Generative
    Models Using Samples" (2023). One isotropic Gaussian on each fake, with the variances that make
    reals of the training set likeliest; then −log p of the control, in nats, against the same with
    other reals of the training set in the place of the fakes. Features are scaled to mean 0 and
    variance 1 of the control. A fake that copies a real gets a variance of almost 0, and so no
    likelihood for new samples: poor quality, missing modes and copies all raise it. In (−∞, ∞),
    lower is better, about 0 for a perfect generator.

    Here the reals are halved: m of one half (at most `n`, and no more than there are fakes) stand
    for the perfect generator, m of the other fit the variances of both; so a copy of a real is
    noticed only if that real is in the second. The paper takes half of the reals for the baseline
    alone. The variances are fitted by `steps` of expectation maximisation, where the paper takes 50
    of Adam for the same maximum.

    `detail`: `nll` and `nll_reals`, −log p of the control per dimension under either; `gap`, 100
    times how much higher `nll` is than that of the reals which were fitted, less the same of the
    reals: above 0 if fakes are copies; and `m`. O(m²) memory: N×D of either side.

    Raises ValueError below 8 samples of a part.
    """
    m = min(n, len(fake), len(real) // 2)
    if min(m, len(control)) < LEAST:
        raise ValueError(f"fakes, control and half of the reals must be {LEAST} samples or more")
    draws = torch.Generator().manual_seed(seed)
    mean, scale = control.double().mean(0), control.double().std(0)
    x, g, held_out = (
        (draw(side, size, draws).double() - mean) / torch.where(scale > 0, scale, 1)
        for side, size in ((real, 2 * m), (fake, m), (control, n))
    )
    others, fitted = x.split(m)
    found = [_fit(centres, fitted, held_out, steps) for centres in (g, others)]
    (nll, fit), (best, best_fit) = found
    told = {"nll": nll, "nll_reals": best, "gap": 100 * ((nll - fit) - (best - best_fit)), "m": m}
    return Outcome(100 * (nll - best), detail=told)


def _fit(centres: Tensor, fitted: Tensor, new: Tensor, steps: int) -> tuple[float, float]:
    """−log p per dimension of new samples, and of those that the variances are fitted to."""
    dimensions = centres.shape[1]
    squares = _squares(fitted, centres)
    variance = mixture_variances(squares, dimensions, steps)
    nll, fit = (
        -_log_density(part, variance, dimensions).logsumexp(1).mean().item() / dimensions
        for part in (_squares(new, centres), squares)
    )
    return nll, fit


def mixture_variances(squares: Tensor, dimensions: int, steps: int) -> Tensor:
    """The variance of each isotropic Gaussian of an even mixture that makes samples likeliest.

    `squares`: N×M squared distances of the samples to the centres, float64. From the mean variance,
    `steps` of σⱼ² = Σᵢ γᵢⱼ |xᵢ − cⱼ|² / (D Σᵢ γᵢⱼ), γ the responsibilities; not below 10⁻¹⁰.
    """
    variance = squares.amin(1).mean().div(dimensions).clamp(min=1e-10).expand(squares.shape[1])
    for _ in range(steps):
        shares = _log_density(squares, variance, dimensions).softmax(1)
        weight = shares.sum(0)
        found = (shares * squares).sum(0) / (dimensions * weight.clamp(min=1e-300))
        variance = torch.where(weight > 1e-200, found, variance).clamp(min=1e-10)
    return variance


def _log_density(squares: Tensor, variance: Tensor, dimensions: int) -> Tensor:
    """log of (1/M) N(xᵢ; cⱼ, σⱼ²): N×M."""
    scale = 0.5 * dimensions * (2 * math.pi * variance).log() + math.log(squares.shape[1])
    return squares / (-2 * variance) - scale


def _squares(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances, N×M."""
    found = torch.addmm(y.square().sum(1), x, y.T, alpha=-2)
    return found.add_(x.square().sum(1)[:, None]).clamp_(min=0)
