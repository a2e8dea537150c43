"""Pictures of what is near: samples beside the reals nearest to them, and pairs alike."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.evaluation import pictures
from ganbench.evaluation.sample import Sample
from ganbench.measures.birthday import birthday_paradox
from ganbench.measures.neighbours import nearest

QUERIES, FOUND = 8, 5  # images of a grid, and the reals beside each
ASKED = 256  # images whose pixels are compared with those of all reals
COLUMNS = 10  # pairs side by side

Picture = tuple[str, str]
"""A caption, and the data URI of a PNG."""


def neighbours(real: Sample, fake: Sample, control: Sample | None = None) -> list[Picture]:
    """Fakes and held-out reals, each in a row before the reals nearest to it; the closest first.

    In feature space, and by pixels where all images have one size: two grids of the fakes and, if
    there are held-out reals with pictures, two of these.
    """
    sides = [("fakes", fake)]
    if control is not None and pictures.can_be_shown(control.images):
        sides.append(("held-out real images, for comparison", control))
    made = [
        (f"{name}, by features", _grid(real, side, *by_features(real, side)))
        for name, side in sides
    ]
    shapes = {side.images.shape for side in (real, *(side for _, side in sides))}
    if len(shapes) == 1 and -1 not in real.images.shape:
        made += [
            (f"{name}, by pixels", _grid(real, side, *by_pixels(real, side)))
            for name, side in sides
        ]
    return made


def by_features(real: Sample, other: Sample) -> tuple[Tensor, Tensor]:
    """The 8 of `other` that are nearest to a real, and the rows of the 5 reals nearest to each.

    Euclidean, over all of `other`: int64 8 and 8×5.
    """
    distance, _ = nearest(other.features, real.features)
    queries = distance.argsort()[:QUERIES]
    gaps = torch.cdist(other.features[queries].double(), real.features.double())
    return queries, gaps.topk(min(FOUND, real.n), largest=False).indices


def by_pixels(real: Sample, other: Sample) -> tuple[Tensor, Tensor]:
    """The same by pixels in [0, 1], over 256 of `other`, drawn evenly. Reals come in batches."""
    asked = torch.linspace(0, other.n - 1, min(ASKED, other.n)).long()
    points = _flat(torch.cat(list(other.images.take(asked, "asked").batches(ASKED))))
    distances, first = torch.empty((len(points), 0)), 0
    rows = torch.empty((len(points), 0), dtype=torch.int64)
    for batch in real.images.batches(512):
        gaps = torch.cdist(points, _flat(batch))
        place = torch.arange(first, first + len(batch)).expand(len(points), -1)
        first += len(batch)
        distances, rows = torch.cat((distances, gaps), 1), torch.cat((rows, place), 1)
        distances, kept = distances.topk(min(FOUND, first), largest=False)
        rows = rows.gather(1, kept)
    queries = distances[:, 0].argsort()[:QUERIES]
    return asked[queries], rows[queries]


def pairs(
    real: Sample, fake: Sample, control: Sample | None = None, seed: int = 0
) -> tuple[str, list[Picture]]:
    """What the birthday paradox test says, and the closest pairs of fakes and of held-out reals."""
    found = birthday_paradox(real.features, fake.features, seed=seed)
    told = found.detail
    low, high = told["interval"]
    made = [("fakes, the closest pairs first", _pairs(fake, told["closest_pairs"]))]
    if control is not None and pictures.can_be_shown(control.images) and control.n >= 4:
        same = birthday_paradox(real.features, control.features, seed=seed).detail
        made.append(
            ("held-out real images, for comparison", _pairs(control, same["closest_pairs"]))
        )
    number = f"more than {found.value:,.0f}"
    if told["relation"] == "=":
        above = "no upper bound" if high is None else f"{high:,.0f}"
        number = f"about {found.value:,.0f} (95 % interval: {low:,.0f} to {above})"
    text = (
        f"Each image above the one most like it. {told['share']:.0%} of {told['batches']:,} "
        f"batches of {told['size']:,} fakes hold a pair as near as the closest reals are in 5 % "
        f"of batches: the generator makes {number} different images, as far as features tell."
    )
    return text, made


def _grid(real: Sample, other: Sample, queries: Tensor, found: Tensor) -> str:
    shown = []
    for query, rows in zip(queries.tolist(), found.tolist(), strict=True):
        shown += [*pictures.tiles(other.images, [query]), *pictures.tiles(real.images, rows)]
    return pictures.grid(shown, 1 + found.shape[1])


def _pairs(side: Sample, closest: list[list[float]]) -> str:
    """The first of each pair above the second, in rows."""
    rows: list[int] = []
    for start in range(0, len(closest), COLUMNS):
        part = closest[start : start + COLUMNS]
        rows += [int(pair[which]) for which in (0, 1) for pair in part]
    return pictures.grid(pictures.tiles(side.images, rows), min(COLUMNS, len(closest)))


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).float() / 255
