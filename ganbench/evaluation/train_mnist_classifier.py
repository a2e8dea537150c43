"""Trains the shipped MNIST classifier: `python -m ganbench.evaluation.train_mnist_classifier`.

Small random shifts, turns and scalings; Adam with a one-cycle rate; batch norm that is folded into
the convolutions at the end. The test set is read once, after the last epoch.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.datasets import load
from ganbench.evaluation.mnist_classifier import WEIGHTS, MnistClassifier

EPOCHS, BATCH, LR, SEED = 20, 128, 3e-3, 0


def jitter(x: Tensor) -> Tensor:
    """Each image turned by up to 12°, scaled by up to 10 % and shifted by up to 2 pixels."""
    n = len(x)
    angle = (torch.rand(n) * 2 - 1) * math.radians(12)
    scale = 1 + (torch.rand(n) * 2 - 1) * 0.1
    shift = (torch.rand(n, 2, 1) * 2 - 1) * (2 / 14)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    turn = torch.stack((cos, -sin, sin, cos), 1).view(n, 2, 2)
    grid = F.affine_grid(torch.cat((turn, shift), 2), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def train(epochs: int) -> MnistClassifier:
    """A classifier with batch norm, trained on the 60,000 training digits."""
    torch.manual_seed(SEED)
    data = load("builtin:mnist:train")
    images, labels = data.tensor(), data.labels
    assert labels is not None
    net = MnistClassifier(norm=True)
    steps = epochs * math.ceil(data.n / BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    started = time.perf_counter()
    for epoch in range(epochs):
        for part in torch.randperm(data.n).split(BATCH):
            _, logits = net(jitter(images[part].float() / 255))
            loss = F.cross_entropy(logits, labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
        left = (time.perf_counter() - started) * (epochs / (epoch + 1) - 1)
        print(f"epoch {epoch + 1}/{epochs}  loss {loss.item():.4f}  {left:.0f} s left", flush=True)
    return net.eval()


def fold(net: MnistClassifier) -> MnistClassifier:
    """The same function without batch norm: each norm multiplied into its convolution."""
    plain = MnistClassifier()
    for old, norm, new in zip(net.convs, net.norms, plain.convs, strict=True):
        assert isinstance(old, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        fused = nn.utils.fusion.fuse_conv_bn_eval(old, norm)
        new.load_state_dict(fused.state_dict())
    plain.head.load_state_dict(net.head.state_dict())
    return plain.eval()


@torch.inference_mode()
def accuracy(net: MnistClassifier, split: str) -> float:
    """Share of the split's digits that are classified right, 0 to 1."""
    data = load(f"builtin:mnist:{split}")
    assert data.labels is not None
    guesses = torch.cat([net(batch.float() / 255)[1].argmax(1) for batch in data.batches(1000)])
    return (guesses == data.labels).double().mean().item()


def main() -> None:
    """Trains, tests and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name(WEIGHTS))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    net = fold(train(args.epochs))
    save_file(net.state_dict(), args.out)
    print(f"test accuracy {accuracy(net, 'test'):.2%}; {args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
