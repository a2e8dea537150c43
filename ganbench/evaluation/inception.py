"""The extractor on which FID and the Inception Score are defined, with its exact recipe."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import orjson
import torch
from torch import Tensor

from ganbench.downloads import Progress
from ganbench.errors import InputError
from ganbench.evaluation import resize as resizing
from ganbench.evaluation.inception_net import SIZE, InceptionNet
from ganbench.evaluation.weights import Weights, load_weights
from ganbench.types import Extractor, Outputs

NAME = "inception"
GRAPH = "2015-12-05"
BATCH = 64  # images
CHUNK = {"cpu": 8}  # images at once: what stays in the caches is faster by half than 64
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}

# pixels in [0, 255] → (x − c)/c. The graph has 128; pytorch-fid maps [0, 1] to [−1, 1].
CENTRES = {"torch-half-pixel": 127.5}


def inception(
    device: torch.device | str = "cpu",
    *,
    resize: str = "tf1",
    precision: str = "fp32",
    weights: str | Path | Weights | None = None,
    download: bool | None = None,
    trust: bool = False,
    progress: Progress | None = None,
) -> Extractor:
    """uint8 N×1×H×W or N×3×H×W → 2048 features, 1008 probabilities, 2023 spatial features.

    The features are the mean of the last block over space (pool_3), the probabilities the softmax
    of the logits without their bias (Salimans et al. 2016, original code), the spatial ones the
    first 7 channels of mixed_6/conv (Nash et al. 2021, sFID). `resize` is a row of
    `resize.RESIZERS`; with "torch-half-pixel" the pixels are also normalised as pytorch-fid does.
    `precision` is "fp32" or "bf16". `weights` is a file or what `load_weights` gave, which also
    explains `download`, `trust` and `progress`. Raises InputError.
    """
    resizing.check_protocol(resize)
    if precision not in PRECISIONS:
        raise InputError(f"precision {precision!r}: there are {', '.join(PRECISIONS)}")
    if not isinstance(weights, Weights):
        weights = load_weights(weights, download=download, trust=trust, progress=progress)
    dtype, device = PRECISIONS[precision], torch.device(device)
    net = InceptionNet(weights.tensors).narrow(dtype).eval().to(device)
    centre, chunk = CENTRES.get(resize, 128.0), CHUNK.get(device.type, BATCH)
    protocol = {
        "graph": GRAPH,
        "weights": weights.label,
        "resize": resize,
        "normalise": f"(x - {centre:g})/{centre:g}",
        "precision": precision,
    }

    def prepare(images: Tensor) -> Tensor:
        return resizing.resize(images.to(device), resize, SIZE)

    @torch.inference_mode()
    def extract(images: Tensor) -> Outputs:
        if images.shape[1:] != (3, SIZE, SIZE) or not images.is_floating_point():
            raise InputError(
                f"extractor {NAME} reads what its prepare gives, float32 N×3×{SIZE}×{SIZE}, "
                f"got {str(images.dtype)[6:]} of {tuple(images.shape)}"
            )
        parts = [run(part.to(device)) for part in images.split(chunk)]
        features, logits, spatial = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
        return Outputs(features, logits.softmax(1), spatial)

    def run(part: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = part.sub(centre).div_(centre).to(dtype, memory_format=torch.channels_last)
        found: tuple[Tensor, Tensor, Tensor] = net(x)
        return found

    digest = hashlib.sha256(orjson.dumps({"name": NAME} | protocol)).hexdigest()
    return Extractor(NAME, digest, extract, BATCH, prepare, protocol)


def induced_error(images: Tensor, reference: Extractor, narrow: Extractor) -> dict[str, Any]:
    """What a lower precision does to the features of `images` (uint8 N×C×H×W), N ≥ 1.

    `reference` and `narrow` are the same extractor in fp32 and in the other precision. Returns
    `n`; `relative` and `worst`, the mean and the largest ‖b − a‖/‖a‖ of an image; `cosine`, the
    smallest cosine; `spread`, ‖B − A‖/‖A − mean‖ over all, which is what a distance between
    distributions feels (NaN of 1 image); `probs`, the largest difference of a probability, or None.
    """
    a, b = (
        one.extract(one.prepare(images) if one.prepare else images) for one in (reference, narrow)
    )
    x, y = a.features.double(), b.features.double()
    error = (y - x).norm(dim=1) / x.norm(dim=1).clamp_min(1e-300)
    centred = (x - x.mean(0)).norm()
    probs = None
    if a.probs is not None and b.probs is not None:
        probs = (a.probs - b.probs).abs().max().item()
    return {
        "n": len(x),
        "relative": error.mean().item(),
        "worst": error.max().item(),
        "cosine": torch.cosine_similarity(x, y, dim=1).min().item(),
        "spread": ((y - x).norm() / centred).item() if centred > 0 else math.nan,
        "probs": probs,
    }
