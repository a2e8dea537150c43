"""95 % intervals: what is valid, and the block jackknife.

Never a percentile bootstrap: for the Fréchet distance it adds a second bias of order 1/n on top of
the first, and its nominal 95 % interval then covers the truth one time in ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from typing import Any

import torch
from scipy import stats
from torch import Tensor

from ganbench.evaluation.sample import Sample, blocks
from ganbench.measures import Measure
from ganbench.moments import Moments
from ganbench.types import Outcome, Spread

BLOCKS = 20
MINIMUM = 2 * BLOCKS  # samples
NEAR = "no interval: the value is close to that of real against real"
ENOUGH = 2  # samples a feature dimension; below, the estimate's expansion in 1/n does not hold


def interval(spread: Spread) -> tuple[float, float]:
    """(low, high) at 95 %, around the estimate without its bias."""
    reach = float(stats.t.ppf(0.975, spread.freedom)) * spread.error
    return spread.estimate - reach, spread.estimate + reach


def refusal(
    measure: Measure, sides: Mapping[str, Any], value: float, baseline: float | None
) -> str | None:
    """Why there is no valid interval here, or None; `baseline` is of real against real."""
    if measure.spread is None:
        return f"no interval: {measure.no_interval}" if measure.no_interval else None
    n = sides["fake"].n
    if n < MINIMUM:
        return f"no interval from {n} samples; {MINIMUM} are the least"
    if measure.spread == "jackknife" and ("fake", "moments") in measure.needs:
        dimensions = sides["fake"].moments.mean.numel()
        if n <= ENOUGH * dimensions:
            return (
                f"no interval: {n:,} samples for {dimensions:,} feature dimensions; "
                f"more than {ENOUGH * dimensions:,} are needed"
            )
    near = baseline is not None and value < 2 * baseline
    return NEAR if near and _is_distance(measure) else None


def reaches_zero(measure: Measure, spread: Spread) -> bool:
    """Whether a distance's interval holds zero, where its estimator is not asymptotically normal.

    The baseline of `refusal` is one draw and can miss it.
    """
    return _is_distance(measure) and interval(spread)[0] <= 0


def _is_distance(measure: Measure) -> bool:
    return measure.spread == "jackknife" and measure.direction == "lower"


def spread_of(
    measure: Measure, sides: Mapping[str, Any], knobs: Mapping[str, Any], seed: int = 0
) -> Spread:
    """What the interval of the measure is made of; `measure.spread` is not None."""
    if measure.spread == "jackknife":
        return jackknife(measure, sides, knobs, seed)
    assert callable(measure.spread)
    taken = signature(measure.spread).parameters
    return measure.spread(
        *views_of(measure, sides), **{k: v for k, v in knobs.items() if k in taken}
    )


def jackknife(
    measure: Measure, sides: Mapping[str, Any], knobs: Mapping[str, Any], seed: int = 0
) -> Spread:
    """What infinitely many samples would score, by leaving out one of 20 random blocks.

    The estimate F − Σ(B−1)(mean F₋ᵦ − F) over both sides removes the bias of order 1/n; each side
    adds (B−1)/B Σ(F₋ᵦ − mean)² to the squared error. A reference of which only statistics are known
    counts as fixed. Efron and Stein, "The jackknife estimate of variance" (1981); the degrees of
    freedom of the sum are Welch's and Satterthwaite's.
    """
    whole = apply(measure, sides, knobs).value
    estimate, variances, left = whole, [], {}
    for side in [side for side in ("fake", "real") if side in sides]:
        values = _leave_one_out(measure, sides, knobs, side, seed)
        if values is None:
            continue
        mean = values.mean()
        estimate -= (BLOCKS - 1) * (mean.item() - whole)
        variances.append((BLOCKS - 1) / BLOCKS * (values - mean).square().sum().item())
        left[side] = tuple(values.tolist())
    total = sum(variances)
    squares = sum(v**2 for v in variances) / (BLOCKS - 1)
    freedom = total**2 / squares if squares else float(BLOCKS - 1)
    return Spread(estimate, total**0.5, freedom, left["fake"], left.get("real", ()))


def apply(measure: Measure, sides: Mapping[str, Any], knobs: Mapping[str, Any]) -> Outcome:
    """What the measure finds on those views."""
    found = measure.function(*views_of(measure, sides), **knobs)
    return found if isinstance(found, Outcome) else Outcome(float(found))


def views_of(measure: Measure, sides: Mapping[str, Any]) -> list[Any]:
    """The views that the measure's function takes, in its order."""
    return [getattr(sides[side], view) for side, view in measure.needs]


def _leave_one_out(
    measure: Measure, sides: Mapping[str, Any], knobs: Mapping[str, Any], side: str, seed: int
) -> Tensor | None:
    """The measure without each block of one side; None if the side cannot be cut."""
    views = [view for of, view in measure.needs if of == side]
    sample = sides[side]
    if not views or views[0] == "modes" or not sample.divisible:
        return None
    parts = _without(sample, views[0], blocks(sample.n, BLOCKS, seed))
    others = {of: getattr(sides[of], view) for of, view in measure.needs if of != side}
    values = []
    for part in parts:
        taken = {**others, side: part}
        found = measure.function(*(taken[of] for of, _ in measure.needs), **knobs)
        values.append(found.value if isinstance(found, Outcome) else found)
    return torch.tensor(values, dtype=torch.float64)


def _without(sample: Sample, view: str, cut: Sequence[Tensor]) -> Iterator[Any]:
    """A view of all but each block; moments are subtracted, other views are cut."""
    if view in ("moments", "spatial_moments"):
        rows = sample.features if view == "moments" else sample.spatial
        whole = getattr(sample, view)
        yield from (whole - Moments.of(rows[block]) for block in cut)
        return
    tensor = getattr(sample, view)
    keep = torch.ones(sample.n, dtype=torch.bool)
    for block in cut:
        keep[block] = False
        yield tensor[keep]
        keep[block] = True
