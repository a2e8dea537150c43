"""Scores: measures applied to samples, with the protocol that each number depends on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

import orjson
import torch
from scipy import stats
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluate.sample import NotApplicable, Sample
from ganbench.measures import MEASURES, Measure
from ganbench.types import Moments, Score

BLOCKS = 20  # of the jackknife


class Evaluator:
    """Scores fakes against one reference; the reference is extracted once.

    `control` are other real samples, disjoint from `real`: the baseline of a measure is its value
    on real against control, at the fakes' n. Without them the reference is halved, which gives a
    baseline at a smaller n. `seed` fixes which reals are drawn.
    """

    def __init__(self, real: Sample, control: Sample | None = None, seed: int = 0) -> None:
        self.real = real
        self.control = control
        self.seed = seed
        self._baselines: dict[tuple[str, int], tuple[float | None, int]] = {}

    def score(self, fake: Sample, measures: Sequence[str] | None = None) -> Iterator[Score]:
        """Yields a Score for each measure, in order; by default for all that apply.

        A named measure that does not apply yields a Score without a value that says why. Raises
        InputError for an unknown name.
        """
        for name in check_measures(measures) if measures else MEASURES:
            score = self._score(name, fake)
            if score.value is not None or measures:
                yield score

    def _score(self, name: str, fake: Sample) -> Score:
        measure, started = MEASURES[name], time.perf_counter()
        value, interval, baseline, baseline_n = None, None, None, 0
        warnings: list[str] = []
        try:
            value = _apply(measure, self.real, fake)
            baseline, baseline_n = self._baseline(name, fake.n)
            warnings += _small_sample(measure, fake)
            if measure.spread == "jackknife" and not warnings:
                interval, refusal = _interval(measure, self.real, fake, value, baseline)
                warnings += [refusal] if refusal else []
        except NotApplicable as reason:
            warnings.append(f"not applicable, because {reason}")
        protocol = self._protocol(name, fake)
        return Score(
            measure=name,
            value=value,
            extractor=fake.extractor.name,
            n_real=self.real.n,
            n_fake=fake.n,
            interval=interval,
            baseline=baseline,
            baseline_n=baseline_n or None,
            protocol=protocol,
            fingerprint=fingerprint(protocol),
            seed=self.seed,
            seconds=round(time.perf_counter() - started, 3),
            warnings=tuple(warnings),
        )

    def _baseline(self, name: str, n: int) -> tuple[float | None, int]:
        """The measure of real against real, and how many stood in for the fakes."""
        if (name, n) not in self._baselines:
            real, control = self.real, self.control
            draws = torch.Generator().manual_seed(self.seed)
            if control is None:
                order = torch.randperm(real.n, generator=draws)
                half = min(n, real.n // 2)
                real, control = real.part(order[half:], "a half"), real.part(order[:half], "a half")
            elif control.n > n:
                order = torch.randperm(control.n, generator=draws)[:n]
                control = control.part(order, f"{n} of {control.n}")
            value = _apply(MEASURES[name], real, control) if control.n > 1 else None
            self._baselines[name, n] = value, control.n
        return self._baselines[name, n]

    def _protocol(self, name: str, fake: Sample) -> dict[str, Any]:
        return {
            "measure": name,
            "parameters": MEASURES[name].parameters,
            "extractor": fake.extractor.name,
            "extractor_digest": fake.extractor.digest,
            "reference": self.real.images.name,
            "reference_fingerprint": self.real.images.fingerprint,
            "n_real": self.real.n,
            "n_fake": fake.n,
            "versions": {package: version(package) for package in ("ganbench", "torch", "scipy")},
        }


def fingerprint(protocol: dict[str, Any]) -> str:
    """12 hexadecimal digits: two scores can be compared only if theirs agree.

    The library versions are recorded, but a new version alone does not make scores incomparable.
    """
    part = {key: value for key, value in protocol.items() if key != "versions"}
    return hashlib.sha256(orjson.dumps(part, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def check_measures(names: Sequence[str]) -> Sequence[str]:
    """`names` if all are measures, else ValueError naming the nearest."""
    for name in names:
        if name not in MEASURES:
            near = get_close_matches(name, MEASURES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(f"measure {name!r}: {hint}There are {', '.join(MEASURES)}")
    return names


def _small_sample(measure: Measure, fake: Sample) -> list[str]:
    """What the number of fakes does to the value, in words."""
    if ("fake", "moments") not in measure.needs:
        return []
    dimensions = fake.moments.mean.numel()
    if fake.n > dimensions:
        return []
    return [
        f"{fake.n} samples for {dimensions} feature dimensions: the covariance is singular and "
        f"the value is over-estimated; use {10 * dimensions} or more"
    ]


def _interval(
    measure: Measure, real: Sample, fake: Sample, value: float, baseline: float | None
) -> tuple[tuple[float, float] | None, str | None]:
    """The jackknife interval, or why there is none.

    Near the floor of a distance the estimator is not asymptotically normal: no interval there.
    """
    if fake.n < 2 * BLOCKS:
        return None, f"no interval from {fake.n} samples; {2 * BLOCKS} are the least"
    if measure.bounds == "[0, inf)" and baseline is not None and value < 2 * baseline:
        return None, "no interval: the value is close to that of real against real"
    return jackknife(measure, real, fake), None


def jackknife(measure: Measure, real: Sample, fake: Sample) -> tuple[float, float]:
    """95 % interval of what infinitely many fakes would score, by leaving out one of 20 blocks.

    The estimate BF − (B−1)·mean F₋ᵦ removes the bias of order 1/n; its standard error is
    √((B−1)/B Σ(F₋ᵦ − mean)²), with Student's t of B − 1 degrees. The reference counts as fixed.
    Efron and Stein, "The jackknife estimate of variance" (1981).
    """
    whole = _apply(measure, real, fake)
    without = _leave_one_out(measure, real, fake)
    mean = without.mean()
    estimate = BLOCKS * whole - (BLOCKS - 1) * mean
    error = ((BLOCKS - 1) / BLOCKS * (without - mean).square().sum()).sqrt()
    reach = stats.t.ppf(0.975, BLOCKS - 1) * error
    return (estimate - reach).item(), (estimate + reach).item()


def _leave_one_out(measure: Measure, real: Sample, fake: Sample) -> Tensor:
    """The measure without each block of fakes; moments are subtracted, other views are cut."""
    view = dict(measure.needs)["fake"]
    if view == "moments":
        blocks = fake.features.tensor_split(BLOCKS)
        rest: list[Any] = [fake.moments - Moments.of(block) for block in blocks]
    else:
        blocks = getattr(fake, view).tensor_split(BLOCKS)
        rest = [torch.cat(blocks[:i] + blocks[i + 1 :]) for i in range(BLOCKS)]
    reals = [getattr(real, name) for side, name in measure.needs if side == "real"]
    values = [measure.function(*reals, part) for part in rest]
    return torch.tensor(values, dtype=torch.float64)


def _apply(measure: Measure, real: Sample, fake: Sample) -> float:
    sides = {"real": real, "fake": fake}
    return measure.function(*(getattr(sides[side], view) for side, view in measure.needs))
