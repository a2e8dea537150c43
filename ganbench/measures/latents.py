"""What the latents of a generator reach, and how evenly its samples follow them."""

from __future__ import annotations

import math
import statistics

import torch
from torch import Tensor

from ganbench.slerp import slerp
from ganbench.types import Model, Outcome, Samples, Spread

POOL = 512  # random samples among which a search begins
VALUES = 1 << 18  # of the samples that are made at a time


def reconstruction_error(
    real: Samples,
    fake: Model,
    control: Samples,
    *,
    n: int = 64,
    steps: int = 100,
    restarts: int = 3,
    rate: float = 0.2,
    bound: float = 3.0,
    seed: int = 0,
) -> Outcome:
    """Mean of min_z ‖G(z) − x‖² / D over `n` of the `control`, in [0, 1] of images; lower better.

    D is the number of values of a sample; those of images are in [0, 1]. From the nearest
    `restarts` of 512 random samples z goes by `steps` of Adam, whose rate falls from `rate` to 0
    along half a cosine, in the cube of a uniform prior or within ±`bound` of a normal one; one-hot
    parts of the input stay. The search can miss the minimum, so this is an upper bound. The spread
    is over the images. The `detail` has the median and the 95 % quantile, the same of as many of
    the `real` samples, and the gap of the means: above 0 the generator reaches what it was trained
    on better than what it was not. Xiang and Li, "On the Effects of Batch and Weight Normalization
    in Generative Adversarial Networks" (2017); Webster et al., "Detecting Overfitting of Deep
    Generative Networks via Latent Recovery" (2019). Raises ValueError where no sample has the shape
    of the reals.
    """
    found = []
    for side in (control, real):
        draws = torch.Generator().manual_seed(seed)
        rows = torch.randperm(len(side), generator=draws)[:n]
        found.append(range_errors(fake, _unit(side[rows]), steps, restarts, rate, bound, seed))
    held_out, seen = found
    error = float(held_out.std()) / math.sqrt(len(held_out)) if len(held_out) > 1 else 0.0
    value = float(held_out.mean())
    spread = Spread(value, error, len(held_out) - 1) if len(held_out) > 1 else None
    detail = {"held_out": _summary(held_out), "trained_on": _summary(seen)}
    gap = value - float(seen.mean())
    return Outcome(value, spread, {**detail, "gap": gap, "n": len(held_out)})


def path_length_pixels(
    fake: Model, *, n: int = 2000, epsilon: float = 1e-4, trim: float = 0.01, seed: int = 0
) -> Outcome:
    """E ‖G(z(t + ε)) − G(z(t))‖² / (D ε²): how fast pixels change between latents, in [0, ∞).

    Lower is smoother. D is the number of values of a sample; those of images are in [0, 1]. z goes
    from one draw of the prior to another, on a great circle of a normal prior and straight in a
    uniform one, t is uniform on [0, 1], and one-hot parts of the input stay those of the first end.
    All is computed in float64, so that `epsilon` can be small. The highest and the lowest `trim` of
    the `n` values are left out, as by Karras et al., "A Style-Based Generator Architecture for
    Generative Adversarial Networks" (2019), section 4.1; theirs is the distance of a network's
    features (LPIPS), whose numbers are others. The spread is that of a trimmed mean, by Tukey and
    McLaughlin (1963).
    """
    latents = fake.latents(2 * n, seed).double()
    fixed = latents.shape[1] - fake.dim
    head, a, b = latents[:n, :fixed], latents[:n, fixed:], latents[n:, fixed:]
    draws = torch.Generator().manual_seed(seed)
    t = torch.rand((n, 1), generator=draws, dtype=torch.float64)
    ends = []
    for at in (t, t + epsilon):
        z = slerp(a, b, at) if fake.prior == "normal" else (1 - at) * a + at * b
        ends.append(torch.cat((head, z), 1))
    speeds = []
    with torch.no_grad():
        width = fake.decode(ends[0][:1]).numel()
        for here, there in zip(*(end.split(max(1, VALUES // width)) for end in ends), strict=True):
            moved = (fake.decode(there) - fake.decode(here)).double().flatten(1)
            speeds.append((moved / epsilon).square().mean(1))
    return _trimmed(torch.cat(speeds), trim)


def _trimmed(values: Tensor, share: float) -> Outcome:
    """The mean without the lowest and the highest share, and its spread."""
    ordered = values.sort().values
    cut = int(share * len(ordered))
    kept = ordered[cut : len(ordered) - cut]
    if not len(kept):
        raise ValueError(f"trim {share} leaves none of the {len(ordered)} values")
    mean = float(kept.mean())
    told = {"median": float(ordered.median()), "longest": float(ordered[-1])}
    if len(kept) < 2:
        return Outcome(mean, detail=told)
    winsorised = ordered.clamp(float(kept[0]), float(kept[-1]))
    inside = len(kept) / len(ordered)
    error = float(winsorised.std()) / (inside * math.sqrt(len(ordered)))
    return Outcome(mean, Spread(mean, error, len(kept) - 1), told)


def range_errors(
    model: Model, x: Tensor, steps: int, restarts: int, rate: float, bound: float, seed: int
) -> Tensor:
    """min_z ‖G(z) − x‖²/D of each sample x that the search of `reconstruction_error` finds.

    x: float32, images in [0, 1]; float64 N. Raises ValueError where the shapes are unlike.
    """
    latents = model.latents(POOL, seed)
    with torch.no_grad():
        made = torch.cat([model.decode(part) for part in latents.split(64)])
    if made.shape[1:] != x.shape[1:]:
        raise ValueError("the generator makes samples of another shape than the reals")
    distances = torch.cdist(x.flatten(1).double(), made.flatten(1).double())
    starts = distances.topk(restarts, largest=False).indices  # N×restarts
    limit = 1.0 if model.prior == "uniform" else bound
    fixed = latents.shape[1] - model.dim
    size = max(1, VALUES // (restarts * x[0].numel()))
    best = []
    for some, chosen in zip(x.split(size), starts.split(size), strict=True):
        begin = latents[chosen].flatten(0, 1)
        wanted = some.repeat_interleave(restarts, 0)
        begin[:, fixed:].clamp_(-limit, limit)
        head, z = begin[:, :fixed], begin[:, fixed:].clone().requires_grad_()
        adam = torch.optim.Adam([z], lr=rate)
        for step in range(steps):
            adam.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
            error = _apart(model.decode(torch.cat((head, z), 1)), wanted)
            (z.grad,) = torch.autograd.grad(error.sum(), z)
            adam.step()
            z.data.clamp_(-limit, limit)
        with torch.no_grad():
            after = _apart(model.decode(torch.cat((head, z), 1)), wanted)
            before = _apart(model.decode(begin), wanted)
        best.append(torch.minimum(after, before).view(-1, restarts).amin(1).double())
    return torch.cat(best)


def _apart(made: Tensor, wanted: Tensor) -> Tensor:
    """N: mean squares of the differences."""
    return (made - wanted).square().flatten(1).mean(1)


def _unit(samples: Tensor) -> Tensor:
    """uint8 → [0, 1]; points as they are."""
    return samples if samples.is_floating_point() else samples.float() / 255


def _summary(errors: Tensor) -> dict[str, float]:
    values = errors.tolist()
    high = float(torch.quantile(errors, 0.95))
    return {"mean": statistics.fmean(values), "median": statistics.median(values), "high": high}
