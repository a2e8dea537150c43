"""Can a classifier tell fakes from reals? Two-sample tests by its accuracy on held-out samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional as F

from ganbench.measures.manifold import share_spread
from ganbench.measures.neighbours import k_nearest, nearest_other
from ganbench.measures.nets import batches, draw, mlp
from ganbench.types import Features, Outcome

LEAST = 8  # samples a side


def c2st(
    real: Features,
    fake: Features,
    *,
    hidden: int = 20,
    epochs: int = 100,
    batch: int = 256,
    rate: float = 1e-3,
    n: int = 10_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> Outcome:
    """Accuracy of a small network that learns to tell real from fake, on samples it did not see.

    Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests" (2017), section 3: equal numbers
    of both sides (at most `n`), pooled, halved into training and test; one layer of `hidden` ReLU,
    Adam, `epochs` passes. In [0, 1]; 1/2 is best, and the null of the test samples' hits is
    binomial. `detail`: `p` (of an accuracy at least as high), `n_test`, `null_sd` (1/(2√n_test)),
    the accuracy on each side, and the `power` of the test at level `alpha` for the accuracy found,
    Φ((ε√n_test − Φ⁻¹(1 − α)/2)/√(1/4 − ε²)) with ε the accuracy less 1/2 (their theorem 1).

    Raises ValueError below 8 samples on a side.
    """
    draws = torch.Generator().manual_seed(seed)
    x, label, half = _split(real, fake, n, draws)
    mean, scale = x[:half].mean(0), x[:half].std(0)
    x = ((x - mean) / torch.where(scale > 0, scale, 1)).clamp(-1e4, 1e4).float()
    net = mlp((x.shape[1], hidden, 1), draws)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    target = label.to(x)[:, None]
    for _ in range(epochs):
        for rows in batches(half, batch, draws):
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(net(x[rows]), target[rows]).backward()
            optimiser.step()
    with torch.no_grad():
        judged = net(x[half:])[:, 0] > 0
    return _test(judged == label[half:].bool(), label[half:], alpha)


def c2st_knn(
    real: Features,
    fake: Features,
    *,
    n: int = 10_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> Outcome:
    """The same with the vote of the k nearest training samples, k = ⌊√(their number)⌋.

    Lopez-Paz and Oquab (2017), section 3. Nothing is trained; a tied vote goes to the nearest.
    In [0, 1]; 1/2 is best. `detail` as of `c2st`, and `k`.
    """
    x, label, half = _split(real, fake, n, torch.Generator().manual_seed(seed))
    k = math.isqrt(half)
    _, index = k_nearest(Features(x[half:]), Features(x[:half]), k)
    votes = label[:half][index]
    lead = 2 * votes.sum(1) - k
    judged = torch.where(lead == 0, votes[:, 0], (lead > 0).long())
    return _test(judged == label[half:], label[half:], alpha, k=k)


def one_nn(
    real: Features,
    fake: Features,
    *,
    n: int = 10_000,
    permutations: int = 999,
    seed: int = 0,
) -> Outcome:
    """Leave-one-out accuracy of the nearest neighbour among equal numbers of reals and fakes.

    Xu et al., "An empirical study on evaluation metrics of generative adversarial networks" (2018),
    section 2; at most `n` of each. In [0, 1]: 1/2 is best (exactly (n − 1)/(2n − 1), `expected`), 1
    is far apart, 0 is a copy of each real. `detail`: the accuracies `real` and `fake` apart, which
    mode collapse drives apart (low and high), and the two-sided `p` of permuted labels, given
    the neighbours: leave-one-out hits are not independent, so no binomial holds.

    Raises ValueError below 8 samples on a side.
    """
    draws = torch.Generator().manual_seed(seed)
    x, label = _pool(real, fake, n, draws)
    neighbour = nearest_other(Features(x))
    hits = (label == label[neighbour]).double()
    count = len(x) // 2
    expected = (count - 1) / (2 * count - 1)
    names, near = label.numpy().copy(), neighbour.numpy()
    rng, reach = np.random.RandomState(seed), abs(hits.mean().item() - expected)
    beyond = 1
    for _ in range(permutations):
        rng.shuffle(names)
        beyond += abs((names == names[near]).mean() - expected) >= reach - 1e-12
    return Outcome(
        hits.mean().item(),
        detail={
            "real": hits[label == 0].mean().item(),
            "fake": hits[label == 1].mean().item(),
            "expected": expected,
            "p": int(beyond) / (permutations + 1),
            "n": count,
        },
    )


def power(accuracy: float, n: int, alpha: float = 0.05) -> float:
    """How often the test on n samples finds, at level alpha, a classifier of that true accuracy.

    Lopez-Paz and Oquab (2017), theorem 1; alpha for an accuracy of 1/2, 1 for 0 and 1.
    """
    excess = accuracy - 0.5
    variance = 0.25 - excess**2
    if variance <= 0:
        return 1.0 if excess > 0 else 0.0
    limit = excess * math.sqrt(n) - stats.norm.ppf(1 - alpha) / 2
    return float(stats.norm.cdf(limit / math.sqrt(variance)))


def _pool(real: Tensor, fake: Tensor, n: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    """Equal numbers of both, at most n of each, and their labels: 0 for real, 1 for fake."""
    count = min(len(real), len(fake), n)
    if count < LEAST:
        raise ValueError(f"{len(real)} reals and {len(fake)} fakes are too few: {LEAST} of each")
    x = torch.cat([draw(side, count, draws) for side in (real, fake)])
    if not x.isfinite().all():
        raise ValueError("the features hold NaN or infinity")
    return x, torch.arange(2, device=x.device).repeat_interleave(count)


def _split(
    real: Tensor, fake: Tensor, n: int, draws: torch.Generator
) -> tuple[Tensor, Tensor, int]:
    """The pool and its labels in a random order, and how many of it are for training."""
    x, label = _pool(real, fake, n, draws)
    order = torch.randperm(len(x), generator=draws)
    return x[order], label[order], len(x) // 2


def _test(hits: Tensor, label: Tensor, alpha: float, **told: Any) -> Outcome:
    """Accuracy over the test samples, its interval, and what the binomial says of it."""
    n, accuracy = len(hits), hits.double().mean().item()
    detail = {
        "p": float(stats.binom.sf(int(hits.sum()) - 1, n, 0.5)),
        "n_test": n,
        "null_sd": 0.5 / math.sqrt(n),
        "real": hits[label == 0].double().mean().item(),
        "fake": hits[label == 1].double().mean().item(),
        "power": power(accuracy, n, alpha),
        "alpha": alpha,
        **told,
    }
    return Outcome(accuracy, share_spread(hits), detail)
