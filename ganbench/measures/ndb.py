"""Bins of the feature space: in how many do reals and fakes differ, and by how much in all."""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from torch import Tensor

from ganbench.measures.neighbours import nearest
from ganbench.types import Features, Outcome

LEAST = 5  # expected samples in a cell of the table, for the z test


def ndb(
    real: Features,
    fake: Features,
    *,
    bins: int = 100,
    alpha: float = 0.05,
    fit: int = 10_000,
    seed: int = 0,
) -> Outcome:
    """The number of statistically different bins, in {0, …, bins}; lower is better.

    Richardson and Weiss, "On GANs and GMMs" (2018), section 3. real N×D, fake M×D. The bins are the
    cells of k-means on the reals (`fit` of them at most); a bin is different where a two-sided test
    at `alpha` finds the shares of reals and fakes unequal: z with the pooled share, or Fisher's
    exact test where fewer than 5 reals or fakes are expected in it. Equal distributions have about
    alpha · bins, not 0; at one and the same difference it grows with the number of samples.

    `detail`: the share of the bins, what equal distributions have, how many remain by Holm's
    correction for many tests, and how many tests were Fisher's.

    Raises ValueError for fewer reals than bins.
    """
    r, f = _histograms(real, fake, bins, fit, seed)
    p, exact = _p_values(r, f)
    found = int((p < alpha).sum())
    detail = {
        "share": found / bins,
        "expected": alpha * bins,
        "holm": _holm(p, alpha),
        "exact_tests": int(exact.sum()),
    }
    return Outcome(float(found), detail=detail)


def jensen_shannon(
    real: Features, fake: Features, *, bins: int = 100, fit: int = 10_000, seed: int = 0
) -> float:
    """The Jensen–Shannon divergence of the shares in the bins of `ndb`, in [0, ln 2] nats.

    ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q) / 2: reported beside NDB by Richardson and Weiss (2018).
    0 is best; equal distributions have about (bins − 1) (1/N + 1/M) / 8.
    """
    r, f = _histograms(real, fake, bins, fit, seed)
    p, q = r / r.sum(), f / f.sum()
    entropy = torch.special.entr(torch.stack(((p + q) / 2, p, q))).sum(1)
    return max(float(entropy[0] - (entropy[1] + entropy[2]) / 2), 0.0)


def _histograms(
    real: Tensor, fake: Tensor, bins: int, fit: int, seed: int
) -> tuple[Tensor, Tensor]:
    """How many reals and fakes are in each cell of the reals' k-means: float64, `bins` each."""
    # Imported here because it takes a second.
    from sklearn.cluster import KMeans  # type: ignore[import-untyped,unused-ignore]
    from sklearn.exceptions import (  # type: ignore[import-untyped,unused-ignore]
        ConvergenceWarning,
    )

    if len(real) < bins:
        raise ValueError(f"{bins} bins need as many reals or more, got {len(real)}")
    centre = real.double().mean(0)
    x, y = real.double() - centre, fake.double() - centre
    drawn = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:fit]]
    with warnings.catch_warnings():  # fewer different reals than bins: the rest stay empty
        warnings.simplefilter("ignore", ConvergenceWarning)
        means = KMeans(bins, n_init=1, random_state=seed).fit(drawn.cpu().numpy())
    centres = Features(torch.from_numpy(means.cluster_centers_).to(x.device))
    r, f = (
        torch.bincount(nearest(Features(side), centres)[1], minlength=bins).double().cpu()
        for side in (x, y)
    )
    return r, f


def _p_values(r: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
    """Two-sided p of each bin, and whether it is of Fisher's test; 1 for a bin without samples."""
    n, m = r.sum(), f.sum()
    pooled = (r + f) / (n + m)
    z = (r / n - f / m) / (pooled * (1 - pooled) * (1 / n + 1 / m)).sqrt()
    p = torch.erfc(z.abs() / math.sqrt(2))
    exact = torch.minimum(pooled, 1 - pooled) * torch.minimum(n, m) < LEAST
    for i in exact.nonzero().flatten().tolist():
        p[i] = _fisher(int(r[i]), int(f[i]), int(n), int(m))
    return p, exact


def _fisher(r: int, f: int, n: int, m: int) -> float:
    """Fisher's exact test, two-sided: the tables that are no likelier than this one."""
    # Imported here because it takes a second.
    from scipy.stats import fisher_exact

    return float(fisher_exact(np.array([[r, n - r], [f, m - f]])).pvalue)


def _holm(p: Tensor, alpha: float) -> int:
    """How many hypotheses Holm's step-down procedure rejects."""
    limits = alpha / torch.arange(len(p), 0, -1)
    kept = p.sort().values >= limits
    return int(kept.nonzero()[0]) if bool(kept.any()) else len(p)
