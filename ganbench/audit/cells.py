"""One audit: every measure on every degradation, cell by cell, each kept as soon as it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from ganbench.audit.degradations import DEGRADATIONS, Hand
from ganbench.errors import InputError
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.images.fit import Fit
from ganbench.evaluation.images.pictures import Reading
from ganbench.evaluation.protocol import expand, parse
from ganbench.evaluation.sample import Sample
from ganbench.measures import MEASURES
from ganbench.types import Extractor, Images, Points

CLUSTERS = 10  # that stand for the classes where there are no labels
NOTHING = "none"  # the degradation of untouched images


@dataclass(frozen=True)
class Plan:
    """What an audit does.

    `sizes` are the numbers of images of each side; `replicates` how often each cell is drawn again.
    The last of the sizes is the one that verdicts are about.
    """

    measures: tuple[str, ...] = ()
    degradations: tuple[str, ...] = tuple(DEGRADATIONS)
    sizes: tuple[int, ...] = (500, 2000)
    replicates: int = 3
    seed: int = 0

    def cells(self) -> Iterator[tuple[int, str, float, int]]:
        """(size, degradation, level, replicate): first what is untouched, small sizes first."""
        for n in self.sizes:
            yield from ((n, NOTHING, 0.0, r) for r in range(self.replicates))
            for name in self.degradations:
                for level in DEGRADATIONS[name].levels:
                    yield from ((n, name, level, r) for r in range(self.replicates))


@dataclass(frozen=True)
class Cell:
    """What the measures said of one set of images: `values` and `seconds` by measure as it was
    named, with its knobs if any.

    A measure that does not apply has no value, and `refused` says why.
    """

    n: int
    degradation: str
    level: float
    replicate: int
    values: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def measures(self) -> set[str]:
        """Those that it knows of."""
        return {*self.values, *self.refused}

    def __add__(self, other: Cell) -> Cell:
        """What both know of the same images."""
        return replace(
            self,
            values={**self.values, **other.values},
            seconds={**self.seconds, **other.seconds},
            refused={**self.refused, **other.refused},
        )

    @property
    def key(self) -> tuple[int, str, float, int]:
        """What tells it from the others."""
        return self.n, self.degradation, self.level, self.replicate


class Audit:
    """Real images, divided once: those that the generator is said to have seen, held-out ones, and
    a pool that stands for what it makes.

    `control` are held-out images, else they are taken from `images` too. `size` crops and resizes.
    Raises InputError if there are too few images for the largest of the plan's sizes, naming the
    largest that there can be.
    """

    def __init__(
        self,
        images: Images,
        extractor: Extractor,
        plan: Plan,
        *,
        control: Images | None = None,
        size: int | None = None,
        cache: Path | None = None,
    ) -> None:
        self.plan = plan
        self.extractor = extractor
        self.name = images.name
        self.size = size
        self.measures = expand(plan.measures) or tuple(n for n, r in MEASURES.items() if r.default)
        parse(self.measures)
        self._cache = cache
        self.classes = images.classes
        pixels, self.fingerprint = _pixels(images, size), images.fingerprint
        order = torch.randperm(images.n, generator=torch.Generator().manual_seed(plan.seed))
        n, held = max(plan.sizes), 2 if control is None else 0
        most = images.n // (2 + held + 1)
        if n > most:
            raise InputError(
                f"{images.name} has {images.n:,} images, too few for --n {n}: a reference, "
                f"as many generated ones{', held-out ones' if held else ''} and others to stand "
                f"in for them; at most --n {most}"
            )
        self.labels = _labels(images, pixels, extractor, plan.seed)
        self.k = int(self.labels.max()) + 1
        seen, mine, self._pool = order.split([most, held * most, images.n - (1 + held) * most])
        self._seen = seen
        self._pixels = pixels
        self._control: tuple[Tensor, Tensor | None]
        self._control, self.held_out = (pixels[mine], self.labels[mine]), ""
        if control is not None:  # which may be sorted by class
            mine = torch.randperm(control.n, generator=torch.Generator().manual_seed(plan.seed))
            named = None if control.labels is None else control.labels[mine]
            self._control = _pixels(control, size)[mine], named
            self.held_out = control.fingerprint
        self._evaluators: dict[int, Evaluator] = {}

    def run(self, done: Sequence[Cell] = ()) -> Iterator[Cell]:
        """Yields the cells of the plan, each with the measures that `done` has not of it."""
        there = {cell.key: cell.measures for cell in done}
        for key in self.plan.cells():
            missing = [name for name in self.measures if name not in there.get(key, ())]
            if missing:
                yield self._cell(missing, *key)

    def hand(self, n: int, degradation: str, level: float, replicate: int) -> Hand:
        """The images of one cell. Raises ValueError if they cannot be made."""
        about = f"{self.plan.seed} {n} {replicate}"
        order = torch.randperm(len(self._pool), generator=_draws(about))
        mine, spare = self._pool[order[:n]], self._pool[order[n:]]
        seen = self._seen[:n]
        dealt = Hand(
            self._pixels[mine],
            self.labels[mine],
            self._pixels[spare],
            self.labels[spare],
            self._pixels[seen],
            self.labels[seen],
            self.k,
        )
        if degradation == NOTHING:
            return dealt
        return DEGRADATIONS[degradation].make(dealt, level, _draws(f"{about} {degradation}"))

    def _cell(
        self, measures: Sequence[str], n: int, degradation: str, level: float, replicate: int
    ) -> Cell:
        try:
            hand = self.hand(n, degradation, level, replicate)
        except ValueError as reason:
            refused = dict.fromkeys(measures, str(reason))
            return Cell(n, degradation, level, replicate, refused=refused)
        name = f"{degradation} {level:g} #{replicate}"
        fake = self._sample(hand.pixels, hand.labels, name)
        _ = fake.features  # not in the seconds of the first measure
        values, seconds, refused = {}, {}, {}
        scores = self._evaluator(n).score(fake, measures)
        for name, score in zip(measures, scores, strict=True):
            seconds[name] = score.seconds
            if score.value is None:
                refused[name] = score.warnings[-1]
            else:
                values[name] = score.value
        return Cell(n, degradation, level, replicate, values, seconds, refused)

    def _evaluator(self, n: int) -> Evaluator:
        """Of n reals and twice as many held-out ones; without baselines, which are cells too."""
        if n not in self._evaluators:
            seen = self._seen[:n]
            real = self._sample(self._pixels[seen], self.labels[seen], f"{n} of {self.name}")
            pixels, labels = self._control
            part = None if labels is None else labels[: 2 * n]
            control = self._sample(pixels[: 2 * n], part, f"{2 * n} held out of {self.name}")
            self._evaluators[n] = Evaluator(real, control, self.plan.seed, baseline=False)
        return self._evaluators[n]

    def _sample(self, pixels: Tensor, labels: Tensor | None, name: str) -> Sample:
        images = Images(
            name=name,
            n=len(pixels),
            shape=tuple(pixels.shape[1:]),
            batches=lambda size: iter(pixels.split(size)),
            fingerprint=f"{self.fingerprint} {name}",
            labels=labels,
            classes=self.classes,
            read=lambda rows, size: (pixels[part] for part in rows.split(size)),
        )
        return Sample(images, self.extractor, spatial=True, cache=self._cache)


def key_of(audit: Audit) -> str:
    """What all cells of an audit depend on, as 16 hexadecimal digits; not which there are."""
    images = audit.fingerprint, audit.held_out, audit.size
    about = (*images, audit.extractor.digest, audit.plan.seed)
    return hashlib.sha256(orjson.dumps(about)).hexdigest()[:16]


def read(path: Path, key: str) -> list[Cell]:
    """The cells that an earlier audit left in a file of JSON lines; [] if there is none.

    Raises InputError if they are of another audit. A torn line is left out: its cell is made again.
    """
    if not path.exists():
        return []
    cells: dict[tuple[int, str, float, int], Cell] = {}
    for i, line in enumerate(path.read_bytes().splitlines()):
        try:
            held = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if i == 0 and held.get("audit") != key:
            raise InputError(
                f"{path} is of another audit (other images, extractor, size or seed): "
                "name another --out"
            )
        if i:
            cell = Cell(**held)
            cells[cell.key] = cells[cell.key] + cell if cell.key in cells else cell
    return list(cells.values())


def keeper(path: Path, key: str) -> Callable[[Cell], None]:
    """Appends cells to the file, each at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(orjson.dumps({"audit": key}) + b"\n")
    elif not path.read_bytes().endswith(b"\n"):  # torn when it was stopped
        with path.open("ab") as file:
            file.write(b"\n")

    def keep(cell: Cell) -> None:
        with path.open("ab") as file:
            file.write(orjson.dumps(as_json(cell)) + b"\n")

    return keep


def as_json(cell: Cell) -> dict[str, Any]:
    """A cell as JSON has it; NaN and infinities become null."""
    return {name: getattr(cell, name) for name in cell.__dataclass_fields__}


def _pixels(images: Images, size: int | None) -> Tensor:
    if isinstance(images, Points):
        raise InputError(f"{images.name} holds points; an audit degrades images")
    if size is not None:
        return torch.cat(list(Fit(size).all(images, Reading().threads)))
    if -1 in images.shape:
        raise InputError(
            f"the images of {images.name} have more than one size: --size 64 crops and resizes them"
        )
    return images.tensor()


def _labels(images: Images, pixels: Tensor, extractor: Extractor, seed: int) -> Tensor:
    """The classes, or ten clusters of the features."""
    if images.labels is not None:
        classes: Tensor = images.labels.unique(return_inverse=True)[1]
        return classes
    held = Images(
        images.name,
        len(pixels),
        tuple(pixels.shape[1:]),
        lambda size: iter(pixels.split(size)),
        images.fingerprint,
    )
    features = Sample(held, extractor).features.numpy()
    found: Any = KMeans(CLUSTERS, n_init=1, random_state=seed).fit_predict(features)
    return torch.as_tensor(found, dtype=torch.int64)


def _draws(about: str) -> torch.Generator:
    seed = int.from_bytes(hashlib.sha256(about.encode()).digest()[:7], "big")
    return torch.Generator().manual_seed(seed)
