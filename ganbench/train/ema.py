"""The moving average of a generator's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganbench.train.state import State

RAMP = 0.05  # of the images seen, that the half-life may be


@torch.no_grad()
def average(state: State, half_life: int, images: int) -> None:
    """ema ← weights + β (ema − weights), after `images` more images.

    The half-life grows with the images seen up to its value. Karras et al., "Training Generative
    Adversarial Networks with Limited Data" (2020), use the same ramp: an average that starts full
    would drag the random initial weights along.
    """
    if state.ema is state.generator:
        return
    beta = 0.5 ** (images / min(half_life, RAMP * state.seen))
    means, values = _values(state.ema), _values(state.generator)
    floats = [i for i, mean in enumerate(means) if mean.is_floating_point()]
    torch._foreach_lerp_([means[i] for i in floats], [values[i] for i in floats], 1 - beta)
    for mean, value in zip(means, values, strict=True):
        if not mean.is_floating_point():
            mean.copy_(value)


def _values(net: nn.Module) -> list[Tensor]:
    return [*net.parameters(), *net.buffers()]
