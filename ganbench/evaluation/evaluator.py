"""Scores: measures applied to samples, with the protocol that each number depends on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from inspect import signature
from typing import Any

import torch

from ganbench.errors import InputError
from ganbench.evaluation import intervals
from ganbench.evaluation.intervals import apply, views_of
from ganbench.evaluation.protocol import Request, fingerprint, parse, protocol_of
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.measures import MEASURES, Measure
from ganbench.measures.classified import TRAININGS, Classified, classified
from ganbench.measures.neighbours import Neighbours, neighbours
from ganbench.measures.prd import Prd, prd_curve
from ganbench.types import Labelled, Score, Spread

USUAL = 50_000  # samples, of a Fréchet distance in a paper


class Pair:
    """Views of real, fake and control together, once: `neighbours`, `prd`, `classified`."""

    def __init__(
        self, real: Sample, fake: Sample, control: Sample | None, ks: Sequence[int], seed: int
    ) -> None:
        self._real = real
        self._fake = fake
        self._control = control
        self.ks = frozenset(ks)
        self._seed = seed

    def widen(self, ks: Sequence[int]) -> None:
        """Asks for those neighbours too; the other views remain as they are."""
        if not self.ks.issuperset(ks):
            self.ks |= frozenset(ks)
            self.__dict__.pop("neighbours", None)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Distances to the nearest neighbours, in one pass over blocks."""
        return neighbours(self._real.features, self._fake.features, sorted(self.ks))

    @cached_property
    def prd(self) -> Prd:
        """The curve of precision against recall of distributions."""
        return prd_curve(self._real.features, self._fake.features, seed=self._seed)

    @cached_property
    def classified(self) -> Classified:
        """What classifiers trained on reals and on fakes say."""
        fake, real, control = self._fake.labelled, self._real.labelled, self._control
        held_out: Labelled = (control or _Nobody()).labelled
        first = TRAININGS * self._seed
        return classified(real, fake, held_out, range(first, first + TRAININGS))


class Evaluator:
    """Scores fakes against one reference; the reference is extracted once.

    `control` are other real samples, disjoint from `real`: the baseline of a measure is its value
    on real against control, at the fakes' n. Without them the reference is halved, which gives a
    baseline at a smaller n; `baseline=False` leaves it out. Measures of memorisation need them.
    `rivals` are the samples of other models, for the measures that compare models.
    `seed` is that of all draws: of the reals for the baseline, of splits, clusters and pairs.
    """

    def __init__(
        self,
        real: Sample,
        control: Sample | None = None,
        seed: int = 0,
        baseline: bool = True,
        rivals: Sequence[Sample] = (),
    ) -> None:
        self.real = real
        self.control = control
        self.seed = seed
        self.baseline = baseline
        self.rivals = tuple(rivals)
        self._stand_ins: dict[tuple[bool, int], dict[str, Any]] = {}
        self._pair: tuple[Sample, Pair] | None = None  # of the last fakes

    def score(
        self, fake: Sample, measures: Sequence[str] | None = None, group: str | None = None
    ) -> Iterator[Score]:
        """Yields a Score for each measure, in order; by default for all that apply.

        A measure is named "kid", or with its knobs "kid:subsets=100,size=1000". A named measure
        that does not apply yields a Score without a value that says why. `group` names the class
        that the samples are of. Raises InputError for an unknown name, knob or value.
        """
        requests = parse(measures or [n for n, row in MEASURES.items() if row.default], self.seed)
        ks = tuple(sorted({3, 5}.union(*map(_neighbours_of, requests))))
        pair = self.pair(fake, ks)
        sides = _sides(self.real, fake, self.control, pair, self.rivals)
        for request in requests:
            score = self._score(request, sides, ks, group)
            if score.value is not None or measures:
                yield score

    def by_class(self, fake: Sample, measures: Sequence[str] | None = None) -> Iterator[Score]:
        """The same for each class by itself: the reals of a class against its fakes.

        Raises NotApplicable if either side has no labels.
        """
        real_labels, fake_labels = self.real.labels, fake.labels
        names = self.real.images.classes or ()
        for label in real_labels.unique().tolist():
            rows = [(labels == label).nonzero().flatten() for labels in (real_labels, fake_labels)]
            if min(map(len, rows)) < 2:
                continue
            name = names[label] if label < len(names) else str(label)
            control = None
            if self.control is not None and self.control.images.labels is not None:
                held_out = (self.control.labels == label).nonzero().flatten()
                control = self.control.part(held_out, name)
            part = Evaluator(self.real.part(rows[0], name), control, self.seed, self.baseline)
            fakes = fake.part(rows[1], name)
            fakes.images = replace(fakes.images, model=None)  # it makes all classes
            yield from part.score(fakes, measures, group=name)

    def pair(self, fake: Sample, ks: Sequence[int] = (3, 5)) -> Pair:
        """The views of the reference and `fake` together, which are kept for the last fakes."""
        if self._pair is None or self._pair[0] is not fake:
            self._pair = fake, Pair(self.real, fake, self.control, ks, self.seed)
        self._pair[1].widen(ks)
        return self._pair[1]

    def _score(
        self, request: Request, sides: dict[str, Any], ks: Sequence[int], group: str | None
    ) -> Score:
        measure, started = MEASURES[request.name], time.perf_counter()
        value, baseline, baseline_n, bias, spread = None, None, 0, None, None
        fake, warnings, detail = sides["fake"], [], {}
        try:
            found = apply(measure, sides, request.knobs)
            value, spread, detail = found.value, found.spread, dict(found.detail)
            baseline, baseline_n = self._baseline(request, sides, ks)
            if measure.bias is not None and sides["real"].n:
                bias = measure.bias(_reals(measure, sides), fake.n)
            warnings += [*sides["real"].caveats, *_small_sample(measure, fake, bias)]
            floor = baseline  # of fewer samples, it is larger: the bias falls as 1/n
            if baseline is not None and bias is not None:
                floor = baseline * min(1.0, baseline_n / fake.n)
            refusal = None if spread else intervals.refusal(measure, sides, value, floor)
            if refusal is None and measure.spread is not None:
                spread = intervals.spread_of(measure, sides, request.knobs, self.seed)
                if intervals.reaches_zero(measure, spread):
                    spread, refusal = None, intervals.NEAR
            warnings += [refusal] if refusal else []
            warnings += _beside(value, spread) if spread else []
        except InputError:
            raise
        except (NotApplicable, ValueError) as reason:
            warnings.append(f"not applicable, because {reason}")
        protocol = protocol_of(request, sides["real"], fake)
        return Score(
            measure=request.name,
            value=value,
            extractor=fake.extractor.name,
            n_real=sides["real"].n or None,
            n_fake=fake.n,
            group=group,
            interval=intervals.interval(spread) if spread else None,
            spread=spread,
            baseline=baseline,
            baseline_n=baseline_n or None,
            bias=bias,
            protocol=protocol,
            fingerprint=fingerprint(protocol),
            seed=self.seed,
            seconds=round(time.perf_counter() - started, 3),
            warnings=tuple(warnings),
            detail=detail,
        )

    def _baseline(
        self, request: Request, given: Mapping[str, Any], ks: Sequence[int]
    ) -> tuple[float | None, int]:
        """What a perfect generator scores, and how many reals stood in for the fakes."""
        row, n = MEASURES[request.name], given["fake"].n
        if not self.baseline or not self.real.divisible or row.baseline is None:
            return None, 0
        if callable(row.baseline):
            taken = signature(row.baseline).parameters
            knobs = {k: v for k, v in request.knobs.items() if k in taken}
            return row.baseline(*views_of(row, given), **knobs), 0
        halved = ("control" in dict(row.needs), n)
        if halved not in self._stand_ins:
            self._stand_ins[halved] = self._real_against_real(n, ks, *halved[:1])
        sides = self._stand_ins[halved]
        if sides["fake"].n < 2:
            return None, 0
        try:
            return apply(row, sides, request.knobs).value, sides["fake"].n
        except (NotApplicable, ValueError):
            return None, 0

    def _real_against_real(self, n: int, ks: Sequence[int], halved: bool) -> dict[str, Any]:
        """The sides where other reals stand in for n fakes.

        `halved`: half of the held-out reals remain held out, and none of them stands in.
        """
        real, control, rest = self.real, self.control, None
        draws = torch.Generator().manual_seed(self.seed)
        if control is None:
            order = torch.randperm(real.n, generator=draws)
            half = min(n, real.n // 2)
            real, control = real.part(order[half:], "a half"), real.part(order[:half], "a half")
        else:
            order = torch.randperm(control.n, generator=draws)
            half = control.n // 2
            rest = control.part(order[half:], "held out") if halved else None
            n = min(n, half) if halved else n
            control = control.part(order[:n], f"{n} of {control.n}") if control.n > n else control
        return _sides(real, control, rest, Pair(real, control, rest, ks, self.seed))


def _sides(
    real: Sample, fake: Sample, control: Sample | None, pair: Pair, rivals: Sequence[Sample] = ()
) -> dict[str, Any]:
    held_out = control or _Nobody()
    others = _Rivals(rivals)
    return {"real": real, "fake": fake, "control": held_out, "rivals": others, "pair": pair}


def _neighbours_of(request: Request) -> set[int]:
    """Which k of the pair's neighbours a measure asks for."""
    asked = "neighbours" in dict(MEASURES[request.name].needs).values() and "k" in request.knobs
    return {request.knobs["k"]} if asked else set()


class _Rivals:
    """The samples of other models, seen as one: each view is the tuple of theirs."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def __getattr__(self, view: str) -> tuple[Any, ...]:
        return tuple(getattr(sample, view) for sample in self._samples)


class _Nobody:
    """Stands where there are no held-out reals."""

    def __getattr__(self, view: str) -> Any:
        raise NotApplicable("it needs held-out real images, which the model did not see: --control")


def _reals(measure: Measure, sides: Mapping[str, Any]) -> Any:
    return getattr(sides["real"], dict(measure.needs)["real"])


def _beside(value: float, spread: Spread) -> list[str]:
    """That the value lies beside its interval, which is without the bias of few samples."""
    low, high = intervals.interval(spread)
    if low <= value <= high:
        return []
    return [
        "the interval is about infinitely many samples, which would score about "
        f"{spread.estimate:.3g}"
    ]


def _small_sample(measure: Measure, fake: Sample, bias: float | None) -> list[str]:
    """What the number of fakes does to the value, in words."""
    if bias is None or fake.n >= USUAL:
        return []
    dimensions = getattr(fake, dict(measure.needs)["fake"]).mean.numel()
    singular = "the covariance is singular and " if fake.n <= dimensions else ""
    return [
        f"{fake.n:,} images: {singular}the value is over-estimated by about {bias:.3g}; "
        f"{USUAL:,} are usual; kid is unbiased at any size"
    ]
