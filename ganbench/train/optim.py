"""Optimizers with the update rules of Keras 3, made of torch's where those agree.

Why Keras's: `docs/decisions/0003-keras-update-rules.md`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer as TorchOptimizer

from ganbench.config import Optimizer


class RMSprop(TorchOptimizer):
    """v ← ρv + (1 − ρ)g²,  w ← w − lr · g / √(v + ε): ε inside the root, unlike torch's."""

    def __init__(self, params: Iterable[Parameter], lr: float, rho: float, eps: float) -> None:
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient; `closure` is not supported."""
        for group in self.param_groups:
            live = [p for p in group["params"] if p.grad is not None]
            if not live:
                continue
            for p in live:
                if p not in self.state:
                    self.state[p]["mean_square"] = torch.zeros_like(p)
            gradients: list[Tensor] = [p.grad for p in live]
            means = [self.state[p]["mean_square"] for p in live]
            torch._foreach_mul_(means, group["rho"])
            torch._foreach_addcmul_(means, gradients, gradients, 1 - group["rho"])
            roots = torch._foreach_add(means, group["eps"])
            torch._foreach_sqrt_(roots)
            torch._foreach_addcdiv_(live, gradients, roots, -group["lr"])


def make(config: Optimizer, params: Iterable[Parameter]) -> TorchOptimizer:
    """The optimizer that `config` describes, over `params`."""
    betas = (config.beta1, config.beta2)
    match config.name:
        case "SGD":
            return torch.optim.SGD(params, config.lr, config.momentum)
        case "RMSprop":
            return RMSprop(params, config.lr, config.rho, config.eps)
        case "Adam":
            return torch.optim.Adam(params, config.lr, betas, config.eps)
        case "AdamW":
            decay = config.weight_decay
            return torch.optim.AdamW(params, config.lr, betas, config.eps, decay)


def update(
    optimizer: TorchOptimizer, config: Optimizer, step: int, steps: int, factor: float = 1.0
) -> float:
    """Update number `step` (from 0) of `steps`, on the gradients that are there.

    Returns the learning rate that was used: `factor` times that of the config.
    """
    rate = learning_rate(config, step, steps) * factor
    for group in optimizer.param_groups:
        group["lr"] = rate
        if config.name in ("Adam", "AdamW"):
            # Keras adds ε to √v before the bias correction, torch after it.
            group["eps"] = config.eps / math.sqrt(1 - config.beta2 ** (step + 1))
        if config.clip_value is not None:
            torch.nn.utils.clip_grad_value_(group["params"], config.clip_value)
    optimizer.step()
    return rate


def norm(gradients: list[Tensor]) -> Tensor:
    """The Euclidean norm of all gradients together, float32, left on the device."""
    if not gradients:
        return torch.zeros(())
    total: Tensor = torch.stack(torch._foreach_norm(gradients)).float().norm()
    return total


def learning_rate(config: Optimizer, step: int, steps: int) -> float:
    """The rate of update `step` (from 0): half a cosine from `lr` to `lr_end`, over 1 + decay·t."""
    rate = config.lr
    if config.lr_end is not None:
        share = step / max(steps - 1, 1)
        rate = config.lr_end + (config.lr - config.lr_end) * (1 + math.cos(math.pi * share)) / 2
    return rate / (1 + config.decay * step)
