"""Quality of images against a picture of reference: SSIM, PSNR and sharpness difference.

`ssim`, `psnr` and `sharpness_difference` compare images in pairs. A generator has no pairs, so the
measures of the table compare each fake with the real image that is nearest to it in pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganbench.measures.manifold import mean_spread
from ganbench.measures.ms_ssim import WINDOW, ssim_terms
from ganbench.measures.neighbours import nearest
from ganbench.types import Features, Outcome, Pixels

PEAK = 255.0  # grey levels
CAP = 60.0  # dB, of images that are equal: rounding to grey levels alone has 59


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity of N×C×H×W images in [0, 255]; N values in [−1, 1], 1 for equal ones.

    Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to
    Structural Similarity" (2004): Gaussian windows of 11×11 pixels with σ 1.5, where they fit, K1
    0.01, K2 0.03, covariances of the population; the mean over places and channels. Symmetric.
    Raises ValueError below 11 pixels a side.
    """
    if min(x.shape[-2:]) < WINDOW:
        raise ValueError(f"SSIM needs {WINDOW} pixels a side or more, got {tuple(x.shape[-2:])}")
    return ssim_terms(x.double(), y.double())[1].mean(1)


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of N×C×H×W images in [0, 255]: N values in dB, 10 log10(255²/MSE).

    In [0, ∞], higher is nearer, ∞ for equal images. Symmetric.
    """
    error = (x.double() - y.double()).square().flatten(1).mean(1)
    return 10 * (PEAK**2 / error).log10()


def sharpness_difference(x: Tensor, y: Tensor) -> Tensor:
    """How alike the gradients of N×C×H×W images in [0, 255] are: N values in dB, higher is nearer.

    10 log10(1 / mean |(|∂₁x| + |∂₂x|) − (|∂₁y| + |∂₂y|)|) of images in [0, 1], by differences to
    the pixel above and on the left; ∞ for equal images, −3 at the least. Mathieu, Couprie and
    LeCun, "Deep Multi-Scale Video Prediction beyond Mean Square Error" (2016), section 4. The
    formula is not free of scale: in [0, 255] with a peak of 255 it has 24.1 dB more. Symmetric.
    Raises ValueError below 2 pixels a side.
    """
    if min(x.shape[-2:]) < 2:
        raise ValueError(f"gradients need 2 pixels a side or more, got {tuple(x.shape[-2:])}")
    error = (_gradient(x) - _gradient(y)).abs().flatten(1).mean(1)
    return 10 * (PEAK / error).log10()


def nearest_ssim(real: Pixels, fake: Pixels, *, images: int = 1000, seed: int = 0) -> Outcome:
    """Mean SSIM of fakes with their nearest reals, in [−1, 1]; read it beside its baseline.

    Of `images` random fakes; the nearest real is that of the least squared error of pixels. The
    interval is over fakes, against these reals. Raises ValueError for images of unlike shapes or
    below 11 pixels a side.
    """
    return _of_nearest(ssim, real, fake, images, seed)


def nearest_psnr(real: Pixels, fake: Pixels, *, images: int = 1000, seed: int = 0) -> Outcome:
    """Mean PSNR of fakes with their nearest reals, in dB, in [0, 60]; as `nearest_ssim`.

    A fake that equals a real counts as 60 dB.
    """
    return _of_nearest(psnr, real, fake, images, seed)


def nearest_sharpness(real: Pixels, fake: Pixels, *, images: int = 1000, seed: int = 0) -> Outcome:
    """Mean sharpness difference of fakes to their nearest reals, in dB; as `nearest_ssim`.

    In [−3, 60]: a fake that equals a real counts as 60 dB.
    """
    return _of_nearest(sharpness_difference, real, fake, images, seed)


def _of_nearest(
    compare: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor, images: int, seed: int
) -> Outcome:
    if real.shape[1:] != fake.shape[1:]:
        shapes = ["×".join(map(str, side.shape[1:])) for side in (real, fake)]
        raise ValueError(f"the reals are {shapes[0]} and the fakes {shapes[1]}")
    order = torch.randperm(len(fake), generator=torch.Generator().manual_seed(seed))
    chosen = fake[order[:images]]
    flat = [Features(side.flatten(1).float()) for side in (chosen, real)]
    squares, index = nearest(*flat)
    pairs = zip(chosen.split(64), real[index].split(64), strict=True)
    values = torch.cat([compare(x.double(), y.double()) for x, y in pairs]).clamp(max=CAP)
    detail = {
        "images": len(values),
        "median": values.median().item(),
        "copies": int((squares == 0).sum()),
    }
    return Outcome(values.mean().item(), mean_spread(values), detail)


def _gradient(x: Tensor) -> Tensor:
    """|∂₁x| + |∂₂x| where both are: N×C×(H − 1)×(W − 1)."""
    x = x.double()
    inner = x[..., 1:, 1:]
    return (inner - x[..., :-1, 1:]).abs() + (inner - x[..., 1:, :-1]).abs()
