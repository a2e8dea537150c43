"""The Vendi score: how many different samples there are, effectively."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ganbench.types import Features


def vendi(fake: Features, *, q: float = 1.0) -> float:
    """exp of the entropy of order q of the eigenvalues of K/N, K the cosine similarities.

    Friedman and Dieng, "The Vendi Score" (2022), eq. 2; order q: Pasarkar and Dieng (2023). In
    [1, N], higher is more diverse: N orthogonal samples score N, identical ones 1. It does not look
    at the reals and grows with N. The eigenvalues are those of the D×D dual where D < N.

    Raises ValueError for a sample whose features are all 0.
    """
    x = fake.double()
    if not x.any(1).all():
        raise ValueError("a sample whose features are all 0 has no direction")
    x = F.normalize(x, dim=1) / len(x) ** 0.5
    gram = x.T @ x if x.shape[1] < len(x) else x @ x.T
    values = torch.linalg.eigvalsh(gram).clamp(min=0)
    values = values[values > 0] / values.sum()
    if q == 1:
        return float(torch.special.entr(values).sum().exp())
    if q == float("inf"):
        return float(1 / values.max())
    return float(values.pow(q).sum().pow(1 / (1 - q)))
