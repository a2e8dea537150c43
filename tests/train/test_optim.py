"""The update rules, written out in numpy."""

import math

import numpy as np
import pytest
import torch

from ganbench.config import Optimizer
from ganbench.train import optim

GRADIENTS = np.random.default_rng(0).normal(size=(6, 5)) * [1e-6, 1e-3, 1.0, 10.0, 0.3]
START = np.linspace(-1, 1, 5)


def ours(config, steps=6):
    p = torch.nn.Parameter(torch.tensor(START))
    optimizer = optim.make(config, [p])
    for step, gradient in enumerate(GRADIENTS):
        p.grad = torch.tensor(gradient)
        optim.update(optimizer, config, step, steps)
    return p.detach().numpy()


def rates(config):
    return [config.lr / (1 + config.decay * t) for t in range(len(GRADIENTS))]


def clipped(config):
    bound = config.clip_value or math.inf
    return np.clip(GRADIENTS, -bound, bound)


@pytest.mark.parametrize("changes", [{}, {"clip_value": 0.5}, {"decay": 0.3}])
class TestRules:
    def test_sgd(self, changes):
        config = Optimizer(name="SGD", lr=0.1, momentum=0.9, **changes)
        w, v = START.copy(), 0
        for rate, g in zip(rates(config), clipped(config), strict=True):
            v = 0.9 * v + g
            w = w - rate * v
        np.testing.assert_allclose(ours(config), w, rtol=1e-10)

    def test_rmsprop(self, changes):
        config = Optimizer(name="RMSprop", lr=0.01, rho=0.8, eps=1e-6, **changes)
        w, v = START.copy(), 0
        for rate, g in zip(rates(config), clipped(config), strict=True):
            v = 0.8 * v + 0.2 * g**2
            w = w - rate * g / np.sqrt(v + 1e-6)
        np.testing.assert_allclose(ours(config), w, rtol=1e-10)

    @pytest.mark.parametrize("weight_decay", [0.0, 0.1])
    def test_adam_and_adamw(self, changes, weight_decay):
        name = "AdamW" if weight_decay else "Adam"
        config = Optimizer(
            name=name, lr=0.01, beta1=0.5, beta2=0.9, eps=1e-5, weight_decay=weight_decay, **changes
        )
        w, m, v = START.copy(), 0, 0
        for t, (rate, g) in enumerate(zip(rates(config), clipped(config), strict=True), 1):
            m, v = 0.5 * m + 0.5 * g, 0.9 * v + 0.1 * g**2
            w = w - rate * weight_decay * w
            w = w - rate * math.sqrt(1 - 0.9**t) / (1 - 0.5**t) * m / (np.sqrt(v) + 1e-5)
        np.testing.assert_allclose(ours(config), w, rtol=1e-10)


def test_half_a_cosine():
    config = Optimizer(lr=1.0, lr_end=0.2)
    found = [optim.learning_rate(config, step, 101) for step in (0, 25, 50, 100)]
    assert found == pytest.approx([1.0, 0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2, 0.6, 0.2])


def test_without_a_gradient_nothing_moves():
    config = Optimizer(name="RMSprop", lr=0.1)
    p = torch.nn.Parameter(torch.ones(3))
    optim.update(optim.make(config, [p]), config, 0, 1)
    assert torch.equal(p.detach(), torch.ones(3))
