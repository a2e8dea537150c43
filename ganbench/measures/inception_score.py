"""The Inception Score, on whatever classifier gave the probabilities."""

from __future__ import annotations

import torch

from ganbench.types import Probs


def inception_score(fake: Probs, *, splits: int = 1) -> float:
    """exp(E KL(p(y|g) ‖ p(y))), mean over `splits` consecutive parts; in [1, K], K is best.

    Salimans et al., "Improved Techniques for Training GANs" (2016), section 4. With one split the
    marginal p(y) is that of all N samples. Blind to the real data, and to collapse inside a class.

    Raises ValueError if there are fewer samples than splits.
    """
    if len(fake) < splits:
        raise ValueError(f"{splits} splits need as many samples or more, got {len(fake)}")
    values = []
    for p in fake.double().tensor_split(splits):
        marginal = p.mean(0)
        entropies = torch.special.entr(p).sum(1)  # −p log p, 0 at 0
        values.append((torch.special.entr(marginal).sum() - entropies.mean()).exp())
    return torch.stack(values).mean().item()
