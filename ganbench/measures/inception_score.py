"""The Inception Score, on whatever classifier gave the probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.types import Probs


def classifier_score(fake: Probs) -> float:
    """exp(E KL(p(y|g) ‖ p(y))) over all fakes at once, in [1, K], K is best.

    Salimans et al., "Improved Techniques for Training GANs" (2016), section 4, with the marginal
    p(y) of all N samples: less biased than the mean of splits. Blind to the real data, and to
    collapse inside a class.
    """
    return _score(fake.double()).item()


def inception_score(fake: Probs, *, splits: int = 10, seed: int = 0) -> float:
    """The same as the original program has it: the mean over `splits` shuffled parts, in [1, K].

    Each part has a marginal of its own, estimated from N/splits samples, so the value is lower than
    `classifier_score`. The parts are drawn from an order that depends on the samples' content, so
    files sorted by class score like shuffled ones.

    Raises ValueError if there are fewer samples than splits.
    """
    if len(fake) < splits:
        raise ValueError(f"{splits} splits need as many samples or more, got {len(fake)}")
    draws = torch.Generator().manual_seed(seed)
    p = fake.double()
    direction = torch.randn(p.shape[1], generator=draws, dtype=p.dtype).to(p.device)
    order = torch.randperm(len(p), generator=draws).to(p.device)
    p = p[(p @ direction).argsort()][order]
    return torch.stack([_score(part) for part in p.tensor_split(splits)]).mean().item()


def _score(p: Tensor) -> Tensor:
    entropies = torch.special.entr(p).sum(1)  # −p log p, 0 at 0
    score: Tensor = (torch.special.entr(p.mean(0)).sum() - entropies.mean()).exp()
    return score
