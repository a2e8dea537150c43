"""One evaluation from end to end: a reference and fakes, through extractors, to scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import torch

from ganbench.errors import InputError
from ganbench.evaluation.cache import prune
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import load_extractor
from ganbench.evaluation.images import traces
from ganbench.evaluation.inception import induced_error
from ganbench.evaluation.protocol import parse
from ganbench.evaluation.sample import NotApplicable, Sample, samples
from ganbench.evaluation.statistics import known
from ganbench.measures import MEASURES
from ganbench.types import Extractor, Images, Points, Score

COMPARED = 32  # images that are extracted in both precisions


class Reporter(Protocol):
    """Is told how far an evaluation is."""

    def files(self, side: str, done: int, total: int) -> None:
        """`done` of the `total` files of a side ("real", "fake", "held-out") are looked at."""

    def download(self, name: str, done: int, total: int) -> None:
        """`done` of the `total` bytes of the weights of the extractor `name` are here."""

    def images(self, side: str, done: int, total: int) -> None:
        """`done` of the `total` images of a side are extracted."""

    def step(self, name: str, done: int, total: int) -> None:
        """The measure `name` has begun, after `done` of `total`."""


@dataclass(frozen=True)
class Options:
    """How to evaluate.

    `extractors` are specs; none means the one that suits the reference. `measures` are names with
    knobs; none means all that apply. `precision` is "fp32" or "bf16". `cache` is the folder of the
    feature cache, None for none. `n` is how many images of each side are used at most, drawn with
    `seed`.
    """

    extractors: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    n: int | None = None
    seed: int = 0
    device: str = "cpu"
    precision: str = "fp32"
    baseline: bool = True
    by_class: bool = False
    cache: Path | None = None


@dataclass
class Evaluation:
    """What one evaluation has made: the scores, and the samples behind them for a report.

    `samples` holds for each extractor the evaluator with its reference, and the fakes. `notes` are
    what a reader should know of the images.
    """

    scores: list[Score] = field(default_factory=list)
    samples: list[tuple[Evaluator, Sample]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(
        self,
        real: Images | Path,
        fake: Images,
        control: Images | None = None,
        options: Options | None = None,
        report: Reporter | None = None,
        rivals: Sequence[Images] = (),
    ) -> Iterator[Score]:
        """Yields the scores as they are made; `real` is images, or a file of statistics.

        `rivals` are samples of other models, for the measures that compare models.

        Raises InputError for names, images or files that cannot be used, before the long work as
        far as they can be known before.
        """
        options = options or Options()
        names = options.extractors or (suitable(real),)
        if options.measures:
            parse(options.measures)
        eyes = [eye_of(name, options.device, options.precision, report) for name in names]
        real = real if isinstance(real, Path) else _draw(real, options)
        fake = _draw(fake, options)
        if control is not None:  # to stand in for the fakes, and as many to be held out
            control = _draw(control, replace(options, n=2 * fake.n))
        self._note(real, fake, control)
        if options.precision != "fp32":
            self._note_errors(names, eyes, fake, options)
        reals = self._reals(real, eyes, options, report)
        fakes = _samples("fake", fake, eyes, options, report)
        controls = _samples("held-out", control, eyes, options, report) if control else None
        others = [_samples("rival", _draw(r, options), eyes, options, report) for r in rivals]
        for i, (one, other) in enumerate(zip(reals, fakes, strict=True)):
            held_out = controls[i] if controls else None
            seen = [rival[i] for rival in others]
            evaluator = Evaluator(one, held_out, options.seed, options.baseline, seen)
            self.samples.append((evaluator, other))
            yield from self._scores(evaluator, other, options, report)
        if options.cache is not None:
            prune(options.cache)

    def _scores(
        self, evaluator: Evaluator, fake: Sample, options: Options, report: Reporter | None
    ) -> Iterator[Score]:
        names = options.measures or tuple(n for n, row in MEASURES.items() if row.default)
        for i, name in enumerate(names):
            if report:
                report.step(name, i, len(names))
            for score in evaluator.score(fake, [name]):
                if score.value is not None or options.measures:
                    self.scores.append(score)
                    yield score
        if options.by_class:
            try:
                for score in evaluator.by_class(fake, options.measures or None):
                    self.scores.append(score)
                    yield score
            except NotApplicable as reason:
                raise InputError(f"no scores by class: {reason}") from reason

    def _reals(
        self,
        real: Images | Path,
        eyes: Sequence[Extractor],
        options: Options,
        report: Reporter | None,
    ) -> Sequence[Sample]:
        if isinstance(real, Path):
            return [known(real, eye) for eye in eyes]
        return _samples("real", real, eyes, options, report)

    def _note_errors(
        self, names: Sequence[str], eyes: Sequence[Extractor], fake: Images, options: Options
    ) -> None:
        """What the narrow precision does to the features of the first fakes, before the rest."""
        first = next(fake.batches(COMPARED))
        for name, eye in zip(names, eyes, strict=True):
            plain = load_extractor(name, options.device)
            if plain.digest == eye.digest:
                continue
            error = induced_error(first, plain, eye)
            self.notes.append(
                f"{name} in {options.precision}: features are off by {error['relative']:.1e} "
                f"(mean over {error['n']} images) and {error['worst']:.1e} (worst), which is "
                f"{error['spread']:.1e} of their spread"
            )

    def _note(self, real: Images | Path, fake: Images, control: Images | None) -> None:
        sides = {"real": real, "fake": fake, "held-out": control}
        for side, images in sides.items():
            if isinstance(images, Images):
                self.notes += [f"{side} images: {note}" for note in images.notes]
        if isinstance(real, Images) and not isinstance(real, Points):
            self.notes += traces.warnings(real, fake)


def eye_of(name: str, device: str, precision: str, report: Reporter | None) -> Extractor:
    """`load_extractor`; the reporter is told if weights are downloaded."""
    progress = partial(report.download, name) if report else None
    return load_extractor(name, device, precision, progress)


def suitable(real: Images | Path) -> str:
    """The extractor that suits a reference: of points, of MNIST, of a file, else Inception."""
    if isinstance(real, Points):
        return "coordinates"
    if isinstance(real, Images) and real.shape == (1, 28, 28):
        return "mnist-classifier"
    return "inception"


def _draw(images: Images, options: Options) -> Images:
    if options.n is None or images.n <= options.n:
        return images
    draws = torch.Generator().manual_seed(options.seed)
    rows = torch.randperm(images.n, generator=draws)[: options.n].sort().values
    drawn = f"{images.fingerprint} {options.n} by seed {options.seed}"
    return replace(images.take(rows, f"{options.n} of {images.name}"), fingerprint=drawn)


def _samples(
    side: str,
    images: Images,
    eyes: Sequence[Extractor],
    options: Options,
    report: Reporter | None,
) -> Sequence[Sample]:
    spatial = any("spatial" in name for name in options.measures) or not options.measures
    progress = partial(report.images, side) if report else None
    return samples(images, eyes, spatial=spatial, cache=options.cache, progress=progress)
