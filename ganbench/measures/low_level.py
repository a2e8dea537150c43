"""Statistics of pixels that a glance does not see: spectra, gradients, contrast, filters.

Zeng, Lu and Borji, "Statistics of Deep Generated Images" (2017) compare them for natural and
generated images. All are of grey images (the mean of the channels, in grey levels), and of at most
`images` random images of each side, drawn alike on both.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.types import Outcome, Pixels


def spectrum_slope_distance(
    real: Pixels, fake: Pixels, *, images: int = 5000, seed: int = 0
) -> Outcome:
    """|slope of the reals − slope of the fakes| of the power spectrum, in [0, ∞); lower is better.

    `detail` has both slopes. Raises ValueError where `spectrum_slope` does.
    """
    x, y = (spectrum_slope(_taken(side, images, seed)) for side in (real, fake))
    return Outcome(abs(x - y), detail={"real_slope": x, "fake_slope": y})


def spectrum_slope(pixels: Tensor) -> float:
    """The exponent of the power spectrum of N×C×H×W images: P(f) ~ f^slope.

    P is the mean over images of |FFT|² of the image less its mean, averaged over rings of
    frequencies one cycle an image wide, from 1 to the largest whole circle; the slope is that of a
    least-squares line through log P over log f. White noise has 0, photographs about −2. The
    border is not tapered: an edge there is part of the image.

    Raises ValueError below 4 pixels a side, and for images without any contrast in a ring.
    """
    grey = _grey(pixels)
    height, width = grey.shape[-2:]
    last = min(height, width) // 2
    if last < 2:
        raise ValueError(f"a spectrum needs 4 pixels a side or more, got {height}×{width}")
    power = torch.zeros((height, width), dtype=torch.float64)
    for part in grey.split(500):
        centred = part - part.mean((1, 2), keepdim=True)
        power += torch.fft.fft2(centred).abs().square().sum(0)
    rows, columns = (torch.fft.fftfreq(side, dtype=torch.float64) for side in (height, width))
    radius = torch.hypot(rows[:, None], columns[None]) * min(height, width)  # cycles an image
    ring = radius.round().long().flatten()
    sums = torch.bincount(ring, power.flatten())[1 : last + 1]
    rings = sums / torch.bincount(ring)[1 : last + 1]
    if not (rings > 0).all():
        raise ValueError("images without contrast have no power spectrum")
    x = torch.arange(1, last + 1, dtype=torch.float64).log()
    x = x - x.mean()
    return ((x * rings.log()).sum() / x.square().sum()).item()


def gradient_distance(real: Pixels, fake: Pixels, *, images: int = 2000, seed: int = 0) -> Outcome:
    """Wasserstein distance of the magnitudes of gradients, in grey levels, in [0, ∞).

    √(∂₁² + ∂₂²) by differences to the pixel above and on the left, over all pixels of all images;
    lower is better. `detail` has both means. Raises ValueError below 2 pixels a side.
    """
    sides = [_gradients(_taken(side, images, seed)) for side in (real, fake)]
    return _transport(*sides)


def contrast_distance(
    real: Pixels, fake: Pixels, *, images: int = 10_000, seed: int = 0
) -> Outcome:
    """Wasserstein distance of the contrasts of images, in grey levels, in [0, 128].

    The contrast of an image is the standard deviation of its pixels; lower is better. `detail` has
    both means.
    """
    sides = [
        _grey(_taken(side, images, seed)).flatten(1).std(1, correction=0) for side in (real, fake)
    ]
    return _transport(*sides)


def filter_kurtosis_distance(
    real: Pixels, fake: Pixels, *, filters: int = 32, images: int = 2000, seed: int = 0
) -> Outcome:
    """Mean over random filters of |kurtosis on the reals − kurtosis on the fakes|, in [0, ∞).

    The filters are 8×8, normal with the mean subtracted; the kurtosis E(r − Er)⁴/(E(r − Er)²)² is
    that of the responses at all places of all images, 3 for normal noise and above for natural
    images. Lower is better; `detail` has the mean kurtosis of both.

    Raises ValueError below 8 pixels a side, and for images without contrast.
    """
    x, y = (filter_kurtosis(_taken(side, images, seed), filters, seed) for side in (real, fake))
    means = {"real_kurtosis": x.mean().item(), "fake_kurtosis": y.mean().item()}
    return Outcome((x - y).abs().mean().item(), detail=means)


def filter_kurtosis(pixels: Tensor, filters: int = 32, seed: int = 0) -> Tensor:
    """The kurtosis of the responses of N×C×H×W images to each of the filters: float64."""
    size = 8
    if min(pixels.shape[-2:]) < size:
        raise ValueError(f"the filters need {size} pixels a side, got {tuple(pixels.shape[-2:])}")
    draws = torch.Generator().manual_seed(seed)
    bank = torch.randn((filters, 1, size, size), generator=draws)
    bank = bank - bank.mean((2, 3), keepdim=True)
    bank = bank / bank.flatten(1).norm(dim=1)[:, None, None, None]
    sums = torch.zeros((4, filters), dtype=torch.float64)
    count = 0
    for part in _grey(pixels).float().split(100):
        r = F.conv2d(part[:, None], bank).transpose(0, 1).flatten(1).double()
        sums += torch.stack([r.sum(1), *(r.pow(p).sum(1) for p in (2, 3, 4))])
        count += r.shape[1]
    m, m2, m3, m4 = sums / count
    variance = m2 - m**2
    if not (variance > 1e-6).all():
        raise ValueError("images without contrast give no responses to the filters")
    fourth = m4 - 4 * m * m3 + 6 * m**2 * m2 - 3 * m**4
    return torch.div(fourth, variance**2)


def checkerboard(real: Pixels, fake: Pixels, *, images: int = 10_000, seed: int = 0) -> Outcome:
    """The fakes' share of power at the Nyquist frequency over that of the reals, in [0, ∞).

    Layers that double the size of an image leave patterns that repeat each second pixel; a good
    generator has 1, one with a checkerboard more, a blurred one less. `detail` has both shares, see
    `nyquist_share`. Raises ValueError where the reals have no such power.
    """
    shares = [nyquist_share(_taken(side, images, seed)) for side in (real, fake)]
    if shares[0] == 0:
        raise ValueError("the real images have no power at the Nyquist frequency")
    return Outcome(shares[1] / shares[0], detail={"real": shares[0], "fake": shares[1]})


def nyquist_share(pixels: Tensor) -> float:
    """Share of the power of N×C×H×W images that alternates from pixel to pixel, in [0, 1].

    Σ⟨x − mean, s⟩²/(HW) over Σ|x − mean|², of the three patterns s = ±1 that alternate along rows,
    along columns, and along both. White noise has 3/(HW − 1). Raises ValueError without contrast.
    """
    grey = _grey(pixels)
    rows, columns = (1 - 2 * (torch.arange(side) % 2).double() for side in grey.shape[-2:])
    patterns = torch.stack((rows[:, None] + 0 * columns, columns + 0 * rows[:, None]))
    patterns = torch.cat((patterns, patterns.prod(0, keepdim=True))).flatten(1)
    centred = (grey - grey.mean((1, 2), keepdim=True)).flatten(1)
    total = centred.square().sum().item()
    if total == 0:
        raise ValueError("images without contrast have no power to share")
    return (centred @ patterns.T).square().sum().item() / patterns.shape[1] / total


def wasserstein_1(x: Tensor, y: Tensor) -> float:
    """∫|F − G| of two samples of numbers, N and M of them; in their units, in float64.

    Of equally many it is the mean of |x₍ᵢ₎ − y₍ᵢ₎|, in order.
    """
    x, y = x.double().sort().values, y.double().sort().values
    if len(x) == len(y):
        return (x - y).abs().mean().item()
    places = torch.cat((x, y)).sort().values
    left = places[:-1].contiguous()
    shares = [torch.searchsorted(s, left, right=True).double() / len(s) for s in (x, y)]
    return ((shares[0] - shares[1]).abs() * places.diff()).sum().item()


def _taken(pixels: Tensor, images: int, seed: int) -> Tensor:
    if len(pixels) <= images:
        return pixels
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))
    return pixels[order[:images]]


def _grey(pixels: Tensor) -> Tensor:
    """float64 N×H×W."""
    return pixels.double().mean(1)


def _gradients(pixels: Tensor) -> Tensor:
    if min(pixels.shape[-2:]) < 2:
        raise ValueError(f"gradients need 2 pixels a side, got {tuple(pixels.shape[-2:])}")
    grey = _grey(pixels)
    inner = grey[:, 1:, 1:]
    return torch.hypot(inner - grey[:, :-1, 1:], inner - grey[:, 1:, :-1]).flatten()


def _transport(real: Tensor, fake: Tensor) -> Outcome:
    means = {"real_mean": real.mean().item(), "fake_mean": fake.mean().item()}
    return Outcome(wasserstein_1(real, fake), detail=means)
