"""Precision and recall of distributions: a curve, from clusters of real and fake together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor

TINY = 1e-10
BATCH = 100  # of the mini-batch k-means: what the authors' code had by scikit-learn's default


@dataclass(frozen=True, eq=False)
class Prd:
    """The curve: `precision` and `recall`, float64 of equal length, each in [0, 1]."""

    precision: Tensor
    recall: Tensor


def prd_f8(pair: Prd) -> float:
    """The largest F₈ on the curve, which weighs recall; in [0, 1], 1 is best.

    Sajjadi et al., "Assessing Generative Models via Precision and Recall" (2018), section 4.
    """
    return _largest(pair, 8.0)


def prd_f1_8(pair: Prd) -> float:
    """The largest F of β = 1/8 on the curve, which weighs precision; in [0, 1], 1 is best."""
    return _largest(pair, 1 / 8)


def prd_curve(
    real: Tensor,
    fake: Tensor,
    *,
    clusters: int = 20,
    runs: int = 10,
    angles: int = 1001,
    seed: int = 0,
) -> Prd:
    """The curve of N×D features against M×D, averaged over `runs` clusterings of both together.

    The larger side is drawn down to the size of the smaller, since the clusters would lean to it.

    Raises ValueError if a side has fewer samples than there are clusters.
    """
    n = min(len(real), len(fake))
    if n < clusters:
        raise ValueError(f"{clusters} clusters need as many samples a side, got {n}")
    draws = np.random.RandomState(seed)
    sides = [x.cpu().numpy()[draws.permutation(len(x))[:n]] for x in (real, fake)]
    both = np.concatenate(sides)
    curves = []
    for _ in range(runs):
        state = draws.randint(2**31)
        means = MiniBatchKMeans(clusters, n_init=10, batch_size=BATCH, random_state=state)
        labels = means.fit(both).labels_
        p, q = (np.bincount(part, minlength=clusters) / n for part in (labels[:n], labels[n:]))
        curves.append(prd_of_histograms(torch.from_numpy(p), torch.from_numpy(q), angles))
    return Prd(
        torch.stack([curve.precision for curve in curves]).mean(0),
        torch.stack([curve.recall for curve in curves]).mean(0),
    )


def prd_of_histograms(real: Tensor, fake: Tensor, angles: int = 1001) -> Prd:
    """The curve of two discrete distributions over the same K cells, each summing to 1.

    precision(λ) = Σ min(λ·real, fake) and recall(λ) = precision(λ)/λ at the slopes λ = tan φ of
    `angles` angles between 0 and π/2 (eq. 6 and 7).
    """
    angle = torch.linspace(TINY, np.pi / 2 - TINY, angles, dtype=torch.float64)
    slope = angle.tan()[:, None]
    precision = torch.minimum(slope * real.double(), fake.double()).sum(1)
    return Prd(precision.clamp(0, 1), (precision / slope[:, 0]).clamp(0, 1))


def _largest(pair: Prd, beta: float) -> float:
    p, r = pair.precision, pair.recall
    f = (1 + beta**2) * p * r / (beta**2 * p + r).clamp(min=TINY)
    return f.max().item()
