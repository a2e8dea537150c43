"""Multi-scale structural similarity, and the diversity of samples by it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.types import Pixels, Spread

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ms_ssim_diversity(fake: Pixels, *, pairs: int = 1000, seed: int = 0) -> float:
    """Mean MS-SSIM of disjoint random pairs of fakes, in [0, 1]; lower is more diverse.

    Odena, Olah and Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs" (2017),
    section 4.2, there within a class. Compare with the value of the reals: noise is diverse too.
    At most N/2 pairs. Raises ValueError below 2 images or below 11 pixels a side.
    """
    return _pairs(fake, pairs, seed).mean().item()


def ms_ssim_spread(fake: Pixels, *, pairs: int = 1000, seed: int = 0) -> Spread:
    """The mean over disjoint pairs, which are independent, with its standard error."""
    values = _pairs(fake, pairs, seed)
    n = len(values)
    error = values.std() / n**0.5 if n > 1 else torch.tensor(torch.inf)
    return Spread(values.mean().item(), error.item(), max(n - 1, 1))


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """MS-SSIM of N×C×H×W images in [0, 255], float; N values in [0, 1], the mean over channels.

    Wang, Simoncelli and Bovik, "Multiscale Structural Similarity" (2003), eq. 7: a Gaussian window
    of 11×11 pixels, σ 1.5. Five scales need 161 pixels a side or more; smaller images have as many
    as fit the window, with the weights scaled to the sum 1. Raises ValueError below 11 pixels.
    """
    scales = sum(min(x.shape[-2:]) >> i >= WINDOW for i in range(len(WEIGHTS)))
    if not scales:
        raise ValueError(f"MS-SSIM needs {WINDOW} pixels a side or more, got {tuple(x.shape[-2:])}")
    weights = torch.tensor(WEIGHTS[:scales], dtype=x.dtype, device=x.device)
    product = torch.ones(x.shape[:2], dtype=x.dtype, device=x.device)
    for scale, weight in enumerate(weights / weights.sum()):
        structure, whole = ssim_terms(x, y)
        part = whole if scale == scales - 1 else structure
        product = product * part.clamp(min=0) ** weight
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return product.mean(1)


def ssim_terms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(contrast and structure, all three terms), each N×C, the mean over places.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity" (2004),
    eq. 12 and 13: Gaussian windows of 11×11 pixels, σ 1.5, where they fit.
    """
    mx, my = _blur(x), _blur(y)
    vx, vy = _blur(x * x) - mx * mx, _blur(y * y) - my * my
    structure = (2 * (_blur(x * y) - mx * my) + C2) / (vx + vy + C2)
    luminance = (2 * mx * my + C1) / (mx * mx + my * my + C1)
    return structure.mean((2, 3)), (luminance * structure).mean((2, 3))


def _blur(x: Tensor) -> Tensor:
    """Each channel with the Gaussian window, where it fits."""
    place = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    window = (-place.square() / (2 * SIGMA**2)).exp()
    window = (window / window.sum()).expand(x.shape[1], 1, WINDOW)
    x = F.conv2d(x, window[..., None], groups=x.shape[1])
    return F.conv2d(x, window[:, :, None], groups=x.shape[1])


def _pairs(images: Tensor, pairs: int, seed: int) -> Tensor:
    n = min(pairs, len(images) // 2)
    if n < 1:
        raise ValueError(f"pairs need 2 images or more, got {len(images)}")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    values = []
    for part in order[: 2 * n].view(n, 2).split(64):
        x, y = (images[part[:, i]].double() for i in (0, 1))
        values.append(ms_ssim(x, y))
    return torch.cat(values)
