"""The Inception-v3 of 2015-12-05, on which FID and the Inception Score are defined.

Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016), as TensorFlow
published it in classify_image_graph_def.pb. It differs from the torchvision network: batch
normalisation has ε = 10⁻³, average pools do not count the padding, the last block pools by maximum,
and there are 1008 classes.

The graph is a table of text. `KHxKW:C` is a convolution to C channels, followed by batch
normalisation and ReLU; with `/2` it has stride 2 and no padding, with `v` only no padding. `|` are
two convolutions that read the same and are concatenated. Convolutions are known by their names in
the TensorFlow graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-3  # of batch normalisation
SIZE = 299  # pixels
FEATURES = 2048
CLASSES = 1008
SPATIAL_BLOCK, SPATIAL_CHANNELS = "mixed_6", 7

# name of TensorFlow, of pytorch-fid, convolution
_STEM = (
    ("conv", "Conv2d_1a_3x3", "3x3/2:32"),
    ("conv_1", "Conv2d_2a_3x3", "3x3v:32"),
    ("conv_2", "Conv2d_2b_3x3", "3x3:64"),
    ("pool", "", "max/2"),
    ("conv_3", "Conv2d_3b_1x1", "1x1:80"),
    ("conv_4", "Conv2d_4a_3x3", "3x3v:192"),
    ("pool_1", "", "max/2"),
)
_A = (
    ("", "branch1x1", "1x1:64"),
    ("tower", "branch5x5", "1x1:48 5x5:64"),
    ("tower_1", "branch3x3dbl", "1x1:64 3x3:96 3x3:96"),
    ("tower_2", "branch_pool", "avg 1x1:{w}"),
)
_B = (
    ("", "branch3x3", "3x3/2:384"),
    ("tower", "branch3x3dbl", "1x1:64 3x3:96 3x3/2:96"),
    ("", "", "max/2"),
)
_C = (
    ("", "branch1x1", "1x1:192"),
    ("tower", "branch7x7", "1x1:{w} 1x7:{w} 7x1:192"),
    ("tower_1", "branch7x7dbl", "1x1:{w} 7x1:{w} 1x7:{w} 7x1:{w} 1x7:192"),
    ("tower_2", "branch_pool", "avg 1x1:192"),
)
_D = (
    ("tower", "branch3x3", "1x1:192 3x3/2:320"),
    ("tower_1", "branch7x7x3", "1x1:192 1x7:192 7x1:192 3x3/2:192"),
    ("", "", "max/2"),
)
_E = (
    ("", "branch1x1", "1x1:320"),
    ("tower", "branch3x3", "1x1:384 1x3:384|3x1:384"),
    ("tower_1", "branch3x3dbl", "1x1:448 3x3:384 1x3:384|3x1:384"),
    ("tower_2", "branch_pool", "{w} 1x1:192"),
)
# name of TensorFlow, of pytorch-fid, input channels, branches, w
_BLOCKS = (
    ("mixed", "Mixed_5b", 192, _A, "32"),
    ("mixed_1", "Mixed_5c", 256, _A, "64"),
    ("mixed_2", "Mixed_5d", 288, _A, "64"),
    ("mixed_3", "Mixed_6a", 288, _B, ""),
    ("mixed_4", "Mixed_6b", 768, _C, "128"),
    ("mixed_5", "Mixed_6c", 768, _C, "160"),
    ("mixed_6", "Mixed_6d", 768, _C, "160"),
    ("mixed_7", "Mixed_6e", 768, _C, "192"),
    ("mixed_8", "Mixed_7a", 768, _D, ""),
    ("mixed_9", "Mixed_7b", 1280, _E, "avg"),
    ("mixed_10", "Mixed_7c", 2048, _E, "max"),
)


@dataclass(frozen=True)
class Conv:
    """A convolution: its name in TensorFlow's graph and in pytorch-fid, and its shape O×I×H×W."""

    name: str
    fid: str
    shape: tuple[int, int, int, int]
    stride: int
    padding: tuple[int, int]


@dataclass(frozen=True)
class Pool:
    """3×3: "max" or "avg"; stride 1 pads by 1."""

    kind: str
    stride: int


Step = Conv | Pool | tuple[Conv, ...]  # a tuple: they read the same and are concatenated
Branch = list[Step]


def _conv(name: str, fid: str, channels: int, text: str) -> Conv:
    kernel, width = text.split(":")
    stride = 2 if "/2" in kernel else 1
    h, w = (int(side) for side in kernel.removesuffix("/2").removesuffix("v").split("x"))
    padding = (0, 0) if stride == 2 or "v" in kernel else (h // 2, w // 2)
    return Conv(name, fid, (int(width), channels, h, w), stride, padding)


def _branch(block: str, fid: str, channels: int, specification: str) -> Branch:
    """`block` is the name in front of the convolutions, `fid` that of the branch."""
    steps: Branch = []
    words = specification.split()
    many = sum(":" in word for word in words) > 1
    for word in words:
        place = sum(not isinstance(step, Pool) for step in steps)
        number = f"_{place}" if place else ""
        own = f"{fid}_{place + 1}" if many else fid
        if ":" not in word:
            steps.append(Pool(word.removesuffix("/2"), 2 if "/2" in word else 1))
        elif "|" in word:
            one, two = word.split("|")
            steps.append(
                (
                    _conv(f"{block}/mixed/conv", f"{own}a", channels, one),
                    _conv(f"{block}/mixed/conv_1", f"{own}b", channels, two),
                )
            )
        else:
            steps.append(_conv(f"{block}/conv{number}", own, channels, word))
            channels = int(word.split(":")[1])
    return steps


def _blocks() -> dict[str, list[Branch]]:
    return {
        block: [
            _branch(f"{block}/{tower}".rstrip("/"), f"{fid}.{own}", channels, text.format(w=w))
            for tower, own, text in branches
        ]
        for block, fid, channels, branches, w in _BLOCKS
    }


def _stem() -> Branch:
    steps: Branch = []
    channels = 3
    for name, fid, text in _STEM:
        if ":" in text:
            steps.append(_conv(name, fid, channels, text))
            channels = int(text.split(":")[1])
        else:
            steps.append(Pool("max", 2))
    return steps


def convolutions() -> Iterator[Conv]:
    """All 94, in the order of the graph."""
    for branch in (_stem(), *(branch for block in _blocks().values() for branch in block)):
        for step in branch:
            if isinstance(step, tuple):
                yield from step
            elif isinstance(step, Conv):
                yield step


def shapes() -> dict[str, tuple[int, ...]]:
    """The names and shapes of the tensors that are the weights, all float32.

    For a convolution NAME there are NAME/weight (O×I×H×W), NAME/gamma, NAME/beta, NAME/mean and
    NAME/variance (O); then softmax/weight (1008×2048) and softmax/bias (1008).
    """
    found: dict[str, tuple[int, ...]] = {}
    for conv in convolutions():
        found[f"{conv.name}/weight"] = conv.shape
        for part in ("gamma", "beta", "mean", "variance"):
            found[f"{conv.name}/{part}"] = conv.shape[:1]
    return found | {"softmax/weight": (CLASSES, FEATURES), "softmax/bias": (CLASSES,)}


class InceptionNet(nn.Module):
    """The network, for inference only, with the tensors of `shapes()`.

    `folded`: batch normalisation becomes part of the convolutions, computed in float64; the result
    differs from the plain network by rounding alone.
    """

    def __init__(self, weights: Mapping[str, Tensor], *, folded: bool = True) -> None:
        super().__init__()
        self.stem = _sequence(_stem(), weights, folded)
        self.blocks = nn.ModuleDict(
            {
                name: _Parallel(_sequence(branch, weights, folded) for branch in branches)
                for name, branches in _blocks().items()
            }
        )
        self.register_buffer("softmax_weight", weights["softmax/weight"].clone())
        self.register_buffer("softmax_bias", weights["softmax/bias"].clone())
        self.softmax_weight: Tensor
        self.softmax_bias: Tensor

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """float N×3×299×299 in [−1, 1] → pool3 N×2048, logits N×1008, spatial N×2023; float32.

        The logits are without the bias, as the Inception Score takes them. The spatial features are
        the first 7 channels of mixed_6/conv, 17×17×7, the place first and the channel last.
        """
        x = self.stem(x)
        for name, block in self.blocks.items():
            x = block(x)
            if name == SPATIAL_BLOCK:
                spatial = x[:, :SPATIAL_CHANNELS].permute(0, 2, 3, 1).flatten(1).float()
        features = x.float().mean((2, 3))
        return features, F.linear(features, self.softmax_weight), spatial

    def narrow(self, dtype: torch.dtype) -> InceptionNet:
        """The convolutions in `dtype`; the mean over space and the last layer stay float32."""
        self.stem.to(dtype)
        self.blocks.to(dtype)
        return self


class _Parallel(nn.ModuleList):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([part(x) for part in self], 1)


class _Unit(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, conv: Conv, weights: Mapping[str, Tensor], folded: bool) -> None:
        super().__init__()
        self.stride, self.padding = conv.stride, conv.padding
        parts = ("weight", "gamma", "beta", "mean", "variance")
        weight, gamma, beta, mean, variance = (weights[f"{conv.name}/{part}"] for part in parts)
        self.norm: nn.BatchNorm2d | None = None
        self.weight: Tensor
        self.bias: Tensor | None
        bias = None
        if folded:
            scale = gamma.double() / (variance.double() + EPSILON).sqrt()
            weight = (weight.double() * scale[:, None, None, None]).float()
            bias = (beta.double() - mean.double() * scale).float()
        else:
            self.norm = nn.BatchNorm2d(len(beta), eps=EPSILON)
            state = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}
            self.norm.load_state_dict(state, strict=False)
        order = torch.channels_last if folded else torch.contiguous_format  # the faster one
        self.register_buffer("weight", weight.clone(memory_format=order))
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        return (x if self.norm is None else self.norm(x)).relu_()


def _sequence(branch: Branch, weights: Mapping[str, Tensor], folded: bool) -> nn.Sequential:
    return nn.Sequential(*(_module(step, weights, folded) for step in branch))


def _module(step: Step, weights: Mapping[str, Tensor], folded: bool) -> nn.Module:
    if isinstance(step, Conv):
        return _Unit(step, weights, folded)
    if isinstance(step, tuple):
        return _Parallel(_Unit(conv, weights, folded) for conv in step)
    if step.kind == "max":
        return nn.MaxPool2d(3, step.stride, padding=step.stride % 2)
    return nn.AvgPool2d(3, step.stride, padding=step.stride % 2, count_include_pad=False)
