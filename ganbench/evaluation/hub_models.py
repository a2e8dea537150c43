"""Transformers as extractors: DINOv2 and CLIP, with the extra ganbench[hub].

Their weights are a folder in Hugging Face's layout (config.json, model.safetensors), by path or by
the name of a model that is in the hub's cache.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import orjson
import torch
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluation.resize import resize as resized
from ganbench.types import Extractor, Outputs

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OPENAI = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def dinov2(
    device: torch.device | str = "cpu",
    *,
    weights: str = "facebook/dinov2-large",
    resize: str = "clean",
    size: int = 224,
    precision: str = "fp32",
) -> Extractor:
    """uint8 N×C×H×W → the class token of DINOv2's last layer, after its norm.

    Stein et al., "Exposing flaws of generative model evaluation metrics" (2023): ViT-L/14, 1024
    features. Raises InputError if transformers or the weights are missing.
    """
    net = _load("Dinov2Model", weights)

    def features(x: Tensor) -> Tensor:
        return net(pixel_values=x).last_hidden_state[:, 0]  # type: ignore[no-any-return]

    return _extractor("dinov2", net, features, IMAGENET, (resize, size, precision, device))


def clip(
    device: torch.device | str = "cpu",
    *,
    weights: str = "openai/clip-vit-large-patch14-336",
    resize: str = "clean",
    size: int = 336,
    precision: str = "fp32",
) -> Extractor:
    """uint8 N×C×H×W → CLIP's image embedding, not normalised.

    Jayasumana et al., "Rethinking FID" (2024): ViT-L/14 at 336 pixels, 768 features, for cmmd.
    Raises InputError if transformers or the weights are missing.
    """
    net = _load("CLIPVisionModelWithProjection", weights)

    def features(x: Tensor) -> Tensor:
        return net(pixel_values=x).image_embeds  # type: ignore[no-any-return]

    return _extractor("clip", net, features, OPENAI, (resize, size, precision, device))


def _load(kind: str, weights: str) -> Any:
    """The model from a folder or the hub's cache; downloaded only if GANBENCH_DOWNLOAD=1."""
    try:
        import transformers
    except ImportError as error:
        raise InputError(
            "extractors dinov2 and clip need the package transformers: pip install 'ganbench[hub]'"
        ) from error
    local = os.environ.get("GANBENCH_DOWNLOAD") != "1"
    try:
        model = getattr(transformers, kind)
        return model.from_pretrained(weights, local_files_only=local, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the weights {weights!r} are not here ({str(error).splitlines()[0]}); name a folder "
            "with config.json and model.safetensors as in dinov2[weights=FOLDER], or allow the "
            "download with GANBENCH_DOWNLOAD=1"
        ) from error


def _extractor(
    name: str,
    net: Any,
    features: Any,
    normalisation: tuple[tuple[float, ...], tuple[float, ...]],
    how: tuple[str, int, str, torch.device | str],
) -> Extractor:
    resize, size, precision, device = how
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    state = hashlib.sha256()
    for key, tensor in sorted(net.state_dict().items()):
        state.update(key.encode() + tensor.float().contiguous().numpy().tobytes())
    net.eval().requires_grad_(False).to(torch.device(device), dtype)
    mean, deviation = (torch.tensor(v, device=device)[:, None, None] for v in normalisation)

    def prepare(images: Tensor) -> Tensor:
        return resized(images.to(device), resize, size)

    @torch.inference_mode()
    def extract(images: Tensor) -> Outputs:
        x = (images.to(device) / 255 - mean) / deviation
        return Outputs(features(x.to(dtype)).float().cpu())

    protocol = {
        "weights": f"sha256:{state.hexdigest()}",
        "resize": f"{resize} {size}",
        "precision": precision,
    }
    digest = hashlib.sha256(orjson.dumps({"name": name} | protocol)).hexdigest()
    return Extractor(name, digest, extract, 32, prepare, protocol)
