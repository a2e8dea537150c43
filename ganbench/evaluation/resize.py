"""The named ways in which others resize images for a network; a score depends on which.

Each takes uint8 N×C×H×W and gives float32 N×C×S×S in [0, 255], not rounded again. `resize` is the
way in, and `RESIZERS` the table.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.errors import InputError


def resize(images: Tensor, protocol: str, size: int = 299) -> Tensor:
    """uint8 N×C×H×W → float32 N×3×size×size in [0, 255], on the same device.

    One channel is repeated to three. Raises InputError for another number of channels, for images
    without pixels, for another dtype, and for an unknown protocol, naming the nearest.
    """
    check_protocol(protocol)
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
        raise InputError(
            f"resize reads uint8 images N×1×H×W or N×3×H×W, got {str(images.dtype)[6:]} "
            f"of shape {'×'.join(map(str, images.shape))}"
        )
    if 0 in images.shape[2:]:
        raise InputError(f"images of {images.shape[3]}x{images.shape[2]} have no pixels")
    return RESIZERS[protocol](images, size).expand(-1, 3, -1, -1)


def check_protocol(protocol: str) -> None:
    """Nothing if `protocol` is a row of RESIZERS, else InputError naming the nearest."""
    if protocol not in RESIZERS:
        near = get_close_matches(protocol, RESIZERS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"resize {protocol!r}: {hint}There are {', '.join(RESIZERS)}")


def tf1(images: Tensor, size: int = 299) -> Tensor:
    """TensorFlow 1's bilinear: align_corners=False, no half-pixel centres, no antialias.

    Output pixel i lies at i·H/S of the input, in float32, and is a + (b − a)·t of its neighbours,
    first along x and then along y. In this order of operations it is bit-equal on a CPU to
    TensorFlow's kernel resize_bilinear_op and to torch-fidelity; as two matrices it is not.
    """
    device = images.device
    left, right, along_x = _tf1_places(images.shape[3], size, device)
    above, below, along_y = _tf1_places(images.shape[2], size, device)
    rows, where = torch.cat([above, below]).unique(return_inverse=True)
    x = images[:, :, rows].float()  # the rows that are read, each once
    x = _between(x[..., left], x[..., right], along_x)
    return _between(x[:, :, where[:size]], x[:, :, where[size:]], along_y[:, None])


def _tf1_places(length: int, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The two neighbours of each of `size` output pixels, and the way between them in [0, 1)."""
    scale = torch.tensor(length / size, dtype=torch.float32, device=device)
    place = torch.arange(size, dtype=torch.float32, device=device) * scale
    low = place.long().clamp_max(length - 1)
    return low, (low + 1).clamp_max(length - 1), place - low.float()


def _between(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    return (b - a).mul_(t).add_(a)


def clean(images: Tensor, size: int = 299) -> Tensor:
    """Bicubic with antialias, clipped to [0, 255]: clean-fid's, which is Pillow's in floats.

    Parmar, Zhang and Zhu, "On aliased resizing and surprising subtleties in GAN evaluation"
    (2022), section 3. In float64, because in float32 PyTorch places the pixels less exactly than
    Pillow, by up to 4·10⁻³ of 255 in white noise; thus it is 3·10⁻⁵.
    """
    return _interpolate(images.double(), size, "bicubic", antialias=True).clamp_(0, 255).float()


def torch_half_pixel(images: Tensor, size: int = 299) -> Tensor:
    """PyTorch's bilinear: half-pixel centres, no antialias. As pytorch-fid."""
    return _interpolate(images.float(), size, "bilinear", antialias=False)


def torch_antialias(images: Tensor, size: int = 299) -> Tensor:
    """PyTorch's bilinear with antialias. As torchmetrics from 1.8 on."""
    return _interpolate(images.float(), size, "bilinear", antialias=True)


def _interpolate(images: Tensor, size: int, mode: str, *, antialias: bool) -> Tensor:
    return F.interpolate(images, (size, size), mode=mode, align_corners=False, antialias=antialias)


RESIZERS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "tf1": tf1,
    "clean": clean,
    "torch-half-pixel": torch_half_pixel,
    "torch-antialias": torch_antialias,
}
