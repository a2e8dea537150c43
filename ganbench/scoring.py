"""Scores of whatever a spec names: images, statistics, or the generator of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ganbench import datasets, loading, training_data
from ganbench.config import Config
from ganbench.downloads import cache_dir
from ganbench.errors import InputError
from ganbench.evaluation import statistics as stats
from ganbench.evaluation.evaluation import Evaluation, Options, Reporter, eye_of, suitable
from ganbench.evaluation.images import Progress, Reading, load
from ganbench.evaluation.images.callables import from_source
from ganbench.evaluation.presets import PRESETS, Preset, preset_of, with_resize
from ganbench.evaluation.protocol import expand
from ganbench.evaluation.sample import samples
from ganbench.store import folder
from ganbench.train import loop
from ganbench.types import Images, Score
from ganbench.workbench import past_scores

DRAWN = 10_000  # samples of a run, if nobody says how many
RUNS = Path("runs")


def evaluate(
    real: Any,
    fake: Any,
    measures: Sequence[str] = (),
    *,
    control: Any = None,
    rivals: Sequence[Any] = (),
    extractor: str | Sequence[str] = (),
    preset: str | None = None,
    every_preset: bool = False,
    by_class: bool = False,
    n: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    alpha: Literal["white", "black", "drop"] = "white",
    baseline: bool = True,
    cache: bool = True,
    precision: str = "fp32",
    device: str = "auto",
    runs_dir: Path = RUNS,
    report: Reporter | None = None,
    made: Evaluation | None = None,
) -> Iterator[Score]:
    """Yields the scores of `fake` against `real`, by default of all measures that apply.

    `real`, `fake` and `control` (other real images, which the model did not see) are specs as the
    command line has them ("folder", "samples.npz", "builtin:mnist:test", "run:latest"), Images, or
    arrays and iterables of arrays, uint8 N×C×H×W or N×H×W×C; `real` may also be a file of
    statistics. None is what the run `fake` was to be scored against; with measures="borji" what it
    was trained on, and that is the control. `rivals` are the samples of other models, for the
    measures that compare models. Measures are named "kid" or, with knobs, "kid:subsets=100", and
    "borji" stands for all of Borji's table. `extractor` names one or several; by default the one
    that suits `real`. `preset` gives a peer's numbers, and `every_preset` those of all peers.
    `made` collects the scores and samples for a report.

    Raises InputError for what cannot be used, naming it and what would be right.
    """
    made = made or Evaluation()
    reading = Reading(skip_bad=skip_bad, alpha="drop" if preset or every_preset else alpha)
    names = (extractor,) if isinstance(extractor, str) else tuple(extractor)
    on = str(loop.choose_device(device))
    kept = cache_dir() if cache else None
    options = Options(
        names, expand(measures), n, seed, on, precision, baseline, by_class, cache=kept
    )
    chosen = {preset: preset_of(preset)} if preset else PRESETS if every_preset else {None: None}
    for peer in filter(None, chosen.values()):
        for eye in names:
            with_resize(eye, peer.resize)  # refused before the images are read
    if real is None:
        real, control = _suitable(fake, control, "borji" in measures, runs_dir)
        options = replace(options, n=n or (DRAWN if "borji" in measures else None))
    read = _Sets(options.n, seed, reading, runs_dir, report)
    reference, fakes = read.real(real), read.of("fake", fake)
    held_out = _sibling(reference) if control is None else read.of("held-out", control)
    others = [read.of("rival", rival) for rival in rivals]
    made.notes += _seen_before(fake, held_out, runs_dir)
    for name, row in chosen.items():
        taken = options if row is None else _as_peer(row, options, reference)
        for score in made.run(reference, fakes, held_out, taken, report, others):
            yield replace(score, protocol={**(score.protocol or {}), "preset": name})


def statistics(
    images: Any,
    *,
    extractor: str | None = None,
    features: bool = False,
    n: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    alpha: Literal["white", "black", "drop"] = "white",
    cache: bool = True,
    precision: str = "fp32",
    device: str = "auto",
    runs_dir: Path = RUNS,
    report: Reporter | None = None,
) -> stats.Statistics:
    """The moments of a set of images (and the features, if they are to be kept).

    Raises InputError like `evaluate`.
    """
    reading = Reading(skip_bad=skip_bad, alpha=alpha)
    scan = partial(report.files, "all") if report else None
    made = images_of(images, n, seed, reading, runs_dir, scan)
    chosen = str(loop.choose_device(device))
    eye = eye_of(extractor or suitable(made), chosen, precision, report)
    progress = partial(report.images, "all") if report else None
    (sample,) = samples(
        made, [eye], spatial=True, cache=cache_dir() if cache else None, progress=progress
    )
    return stats.of(sample, features)


def images_of(
    source: Any,
    n: int | None,
    seed: int,
    reading: Reading | None = None,
    runs_dir: Path = RUNS,
    progress: Progress | None = None,
) -> Images:
    """The images that a spec names, or that `source` holds; n samples of a run, or of an export.

    `progress` is told of the files that are looked at, if they are files.
    """
    if isinstance(source, Images):
        return source
    if not isinstance(source, (str, Path)):
        return from_source(source, "images")
    spec = str(source)
    if not spec.startswith("run:"):
        return load(spec, options=reading or Reading(), progress=progress)
    name, _, step = spec.removeprefix("run:").partition("@")
    if step and not step.isdecimal():
        raise InputError(f"{spec!r}: the step after @ must be a number, not {step!r}")
    generator = loading.load(name, step=int(step) if step else None, runs_dir=runs_dir)
    return generator.images(n or DRAWN, seed)


def newest_scores(run: str, runs_dir: Path = RUNS) -> list[dict[str, Any]]:
    """The newest scores of a run, as JSON has them. Raises StoreError if there is no such run."""
    found = folder.find(runs_dir, run)
    scores = [rows for _, _, rows in past_scores(found)]
    if not scores:
        raise InputError(f"run {found.id} has no scores yet")
    return scores[-1]


@dataclass(frozen=True)
class _Sets:
    """Reads the sets of one evaluation; each draws with a seed of its own."""

    n: int | None
    seed: int
    reading: Reading
    runs_dir: Path
    report: Reporter | None

    def real(self, source: Any) -> Images | Path:
        return _known(source) or self.of("real", source)

    def of(self, side: str, source: Any) -> Images:
        seed = self.seed + {"real": 1, "held-out": 2}.get(side, 0)
        told = partial(self.report.files, side) if self.report else None
        return images_of(source, self.n, seed, self.reading, self.runs_dir, told)


def _as_peer(row: Preset, options: Options, reference: Images | Path) -> Options:
    """The options with the resize, the measures and the seed of a peer."""
    eyes = [with_resize(eye, row.resize) for eye in options.extractors or (suitable(reference),)]
    return replace(options, extractors=tuple(eyes), measures=row.measures, seed=row.seed)


def _suitable(fake: Any, control: Any, trained_on: bool, runs_dir: Path) -> tuple[Any, Any]:
    """The reals, and the held-out ones, that suit the run that `fake` names; else MNIST."""
    if not (isinstance(fake, str) and fake.startswith("run:")):
        return "builtin:mnist:test", control
    config = _config_of(fake, runs_dir)
    real, other = training_data.load_reference(config)
    if trained_on and config.scoring.real not in (None, config.data):
        real, other = training_data.images_of(training_data.load(config)), real
    return real, other if control is None else control


def _seen_before(fake: Any, held_out: Images | None, runs_dir: Path) -> list[str]:
    """That the held-out images are what the run was trained on, if they are: one note, or none."""
    if held_out is None or not (isinstance(fake, str) and fake.startswith("run:")):
        return []
    data = _config_of(fake, runs_dir).data.partition("[")[0]
    if data not in held_out.name:
        return []
    return [
        f"the held-out images are of {data}, on which the run was trained: good for real against "
        "real, but measures of memorisation say nothing then; they need what it was trained on as "
        "--real and others as --control, as --measures borji has them"
    ]


def _config_of(fake: str, runs_dir: Path) -> Config:
    """The config of the run, or of the exported folder, that a spec names."""
    name = fake.removeprefix("run:").partition("@")[0]
    return loading.load(name, device="cpu", runs_dir=runs_dir).config


def _known(source: Any) -> Path | None:
    """The file of statistics that a spec names, if it names one."""
    if isinstance(source, (str, Path)) and stats.is_statistics(Path(source)):
        return Path(source)
    return None


def _sibling(real: Images | Path) -> Images | None:
    """Of a whole built-in data set its other split: held-out reals, if nobody names any."""
    if isinstance(real, Images) and real.name.startswith("builtin:"):
        return datasets.load(datasets.sibling(real.name))
    return None
