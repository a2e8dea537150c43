"""The MNIST classifier that ships with the package: features and class probabilities of digits.

`python -m ganbench.evaluation.train_mnist_classifier` trained it and reproduces the weights file.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.errors import InputError
from ganbench.types import Extractor, Outputs

NAME = "mnist-classifier"
WEIGHTS = "mnist_classifier.safetensors"
FEATURES = 64
PREPROCESSING = "uint8/255, 1x28x28"


class MnistClassifier(nn.Module):
    """Five 3×3 convolutions and a linear layer, for 1×28×28 images in [0, 1].

    The features are the 64 ReLU activations of the last convolution, averaged over space.
    """

    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        widths = (1, 32, 32, 64, 64, FEATURES)
        strides = (1, 2, 1, 2, 1)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, s, padding=1)
            for a, b, s in zip(widths, widths[1:], strides, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) if norm else nn.Identity() for b in widths[1:])
        self.head = nn.Linear(FEATURES, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """N×1×28×28 float in [0, 1] → features N×64, logits N×10."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.relu(norm(conv(x)))
        features = x.mean((2, 3))
        return features, self.head(features)


def mnist_classifier(device: torch.device | str = "cpu") -> Extractor:
    """The extractor: uint8 N×1×28×28 → 64 features and 10 probabilities."""
    raw = (files("ganbench.evaluation") / WEIGHTS).read_bytes()
    net = MnistClassifier()
    net.load_state_dict(load(raw))
    net.eval().requires_grad_(False).to(device)

    @torch.inference_mode()
    def extract(images: Tensor) -> Outputs:
        if images.dtype != torch.uint8 or images.shape[1:] != (1, 28, 28):
            raise InputError(
                f"extractor {NAME} reads uint8 images of 1x28x28, "
                f"got {images.dtype} of {'x'.join(map(str, images.shape[1:]))}"
            )
        features, logits = net(images.to(device).float() / 255)
        return Outputs(features.cpu(), logits.softmax(1).cpu())

    digest = hashlib.sha256(raw + PREPROCESSING.encode()).hexdigest()
    return Extractor(NAME, digest, extract)


def stacked_mnist_classifier(device: torch.device | str = "cpu") -> Extractor:
    """For Stacked MNIST: uint8 N×3×28×28 → 192 features and 1,000 probabilities.

    The classifier looks at each channel by itself; the class is 100a + 10b + c, and its probability
    the product of the three digits'.
    """
    digits = mnist_classifier(device)

    def extract(images: Tensor) -> Outputs:
        if images.dtype != torch.uint8 or images.shape[1:] != (3, 28, 28):
            raise InputError(
                f"extractor stacked-{NAME} reads uint8 images of 3x28x28, "
                f"got {images.dtype} of {'x'.join(map(str, images.shape[1:]))}"
            )
        one = digits.extract(images.flatten(0, 1)[:, None])
        assert one.probs is not None
        a, b, c = one.probs.view(-1, 3, 10).unbind(1)
        joint = torch.einsum("ni,nj,nk->nijk", a, b, c).flatten(1)
        return Outputs(one.features.view(len(images), -1), joint)

    return Extractor(f"stacked-{NAME}", f"stacked {digits.digest}", extract)
