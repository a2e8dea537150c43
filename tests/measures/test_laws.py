"""Every measure obeys every law that its row declares."""

import itertools
import math
from typing import get_type_hints

import pytest
import torch

from ganbench.measures import MEASURES
from ganbench.measures.classified import classified
from ganbench.measures.neighbours import neighbours
from ganbench.measures.prd import prd_curve
from ganbench.moments import Moments
from ganbench.types import Labelled, LabelledFeatures, Modes, Outcome, Polygons
from tests.measures import toys

N, D, K = 400, 6, 5
BUDGETS = {
    "wasserstein_critic": {"steps": 40, "seeds": 1},
    "nrds": {"n": 200, "epochs": 2, "seeds": 1},
}
ROWS = [(name, law) for name, row in MEASURES.items() for law in row.laws]
TRAINED = {}


def draws(seed):
    return torch.Generator().manual_seed(seed)


MODES = Modes(torch.randn((K, D), generator=draws(9)) * 4, 0.3)


def points(seed, n=N, modes=K, noise=0.0):
    """Samples of a mixture of the first `modes` of the modes, blurred by `noise`."""
    generator = draws(seed)
    label = torch.randint(modes, (n,), generator=generator)
    spread = math.hypot(MODES.sigma, noise)
    return MODES.centres[label] + spread * torch.randn((n, D), generator=generator)


def probs(features):
    """The soft classification of samples by the modes: what a good classifier would say."""
    squares = torch.cdist(features.double(), MODES.centres.double()).square()
    return (-squares / 2).softmax(1)


def pixels(features):
    """A picture of each sample: a sum of fixed patterns, 16×16."""
    patterns = torch.randn((D, 256), generator=draws(8), dtype=torch.float64)
    grey = (features.double() @ patterns / 8).sigmoid() * 255
    return grey.round().to(torch.uint8).view(-1, 1, 16, 16)


def labelled(features):
    return Labelled(pixels(features), probs(features).argmax(1), K)


def classes_of(name, features):
    """The modes as classes; of the mean over classes others, which all sides have."""
    if name == "intra_frechet":
        return torch.arange(len(features)) % K
    return probs(features).argmax(1)


def trained(*sides):
    """The classifiers of both sides, of few steps, and once for all the measures that ask them."""
    key = tuple(side.numpy().tobytes() for side in sides)
    if key not in TRAINED:
        TRAINED[key] = classified(*map(labelled, sides), seeds=(0, 1), steps=15)
    return TRAINED[key]


def value(name, real, fake, held_out=None):
    if name == "geometry_score":
        pytest.importorskip("gudhi", reason="gudhi is not installed: ganbench[topology]")
    views = {
        "features": lambda side: side,
        "spatial": lambda side: side,
        "probs": probs,
        "pixels": pixels,
        "samples": pixels,
        "moments": Moments.of,
        "spatial_moments": Moments.of,
        "modes": lambda side: MODES,
        "polygons": lambda side: Polygons(pixels(side), 3, True),
        "model": lambda side: toys.of(pixels(side)),
        "labelled": labelled,
        "labelled_features": lambda side: LabelledFeatures(side, classes_of(name, side), K),
        "classified": lambda pair: trained(*pair, control),
        "neighbours": lambda pair: neighbours(*pair),
        "prd": lambda pair: prd_curve(*pair, runs=3),
    }
    control = points(7).to(real.dtype) if held_out is None else held_out
    sides = {"real": real, "fake": fake, "control": control, "pair": (real, fake)}
    taken = [
        (views[view](points(11)),) if side == "rivals" else views[view](sides[side])
        for side, view in MEASURES[name].needs
    ]
    found = MEASURES[name].function(*taken, **BUDGETS.get(name, {}))
    return found.value if isinstance(found, Outcome) else found


def worse(name, better, worse):
    """Whether `worse` is worse than `better` in the direction that the row states."""
    return MEASURES[name].loss(worse) > MEASURES[name].loss(better)


def identity(name):
    """A set against itself scores the best value."""
    best = 0.0 if MEASURES[name].direction == "lower" else 1.0
    assert value(name, points(1), points(1)) == pytest.approx(best, abs=1e-9)


def symmetry(name):
    """Real and fake can be exchanged."""
    a, b = points(1), points(2, modes=3)
    assert value(name, a, b) == pytest.approx(value(name, b, a), rel=1e-9)


def permutation(name):
    """The order of the samples does not matter."""
    real, fake = points(1), points(2, modes=3, noise=0.5)
    shuffled = fake[torch.randperm(N, generator=draws(3))]
    assert value(name, real, shuffled) == pytest.approx(value(name, real, fake), rel=1e-9)


def rotation(name):
    """Rotating the features of both sides changes nothing."""
    turn, _ = torch.linalg.qr(torch.randn((D, D), generator=draws(4), dtype=torch.float64))
    sides = [points(1).double(), points(2, modes=3, noise=0.5).double(), points(7).double()]
    turned = value(name, *(side @ turn for side in sides))
    assert turned == pytest.approx(value(name, *sides), rel=1e-6)


def shift(name):
    """A large common offset of the features costs no digits."""
    sides = [points(1).double(), points(2, modes=3, noise=0.5).double(), points(7).double()]
    moved = value(name, *(side + 1e3 for side in sides))
    assert moved == pytest.approx(value(name, *sides), rel=1e-9)


def degradation(name):
    """More noise on the fakes is worse, level by level."""
    levels = [value(name, points(1), points(2, noise=noise)) for noise in (0.0, 0.5, 1.0, 2.0)]
    assert all(worse(name, a, b) for a, b in itertools.pairwise(levels)), levels


def collapse(name):
    """Fewer modes are worse, mode by mode."""
    levels = [value(name, points(1), points(2, modes=modes)) for modes in (5, 3, 1)]
    assert all(worse(name, a, b) for a, b in itertools.pairwise(levels)), levels


LAWS = {
    law.__name__: law
    for law in (identity, symmetry, permutation, rotation, shift, degradation, collapse)
}


@pytest.mark.parametrize(("name", "law"), ROWS)
def test_law(name, law):
    LAWS[law](name)


@pytest.mark.parametrize("name", MEASURES)
def test_range(name):
    """The value stays inside the stated bounds, for good fakes and for absurd ones."""
    low, high = {
        "[1, K]": (1, K),
        "[0, inf)": (0, math.inf),
        "(-inf, inf)": (-math.inf, math.inf),
        "[0, 1]": (0, 1),
        "{0, ..., K}": (0, K),
        "[1, N]": (1, N),
        "[0, K]": (0, K),
        "[0, 2]": (0, 2),
        "[-1, 1]": (-1, 1),
        "[0, 60]": (0, 60),
        "[-3.02, 60]": (-3.02, 60),
        "[0, 128]": (0, 128),
        "[0, ln 2]": (0, math.log(2)),
        "{0, ..., bins}": (0, 100),
        "[1, inf)": (1, math.inf),
    }[MEASURES[name].bounds]
    absurd = (points(2, noise=100), points(2) * 0 + 50) if name != "rarity" else ()
    for fake in (points(2), points(2, modes=1), *absurd):
        assert low - 1e-9 <= value(name, points(1), fake) <= high + 1e-9


@pytest.mark.parametrize("name", MEASURES)
def test_rows_are_complete(name):
    row = MEASURES[name]
    assert row.direction in ("higher", "lower") or float(row.direction.removeprefix("to ")) >= 0
    finds = get_type_hints(row.function)["return"]  # an Outcome has its own spread, or none
    assert row.spread or row.no_interval or finds is Outcome or "modes" in dict(row.needs).values()
    assert all((row.paper, row.title, row.formula, row.use, row.misleads, row.cost))
    assert set(row.laws) <= set(LAWS)
    sides = [side for side, _ in row.needs]
    order = ["real", "fake", "control", "rivals", "pair"]  # real before fake, everywhere
    assert sides == [side for side in order if side in sides]
    assert "fake" in sides or sides == ["pair"]


def test_collapse_is_high_precision_and_low_recall():
    """The asymmetric case: it fails if real and fake are exchanged anywhere."""
    real, fake = points(1), points(2, modes=1)
    assert value("precision", real, fake) > 0.8
    assert value("recall", real, fake) < 0.4


def test_noise_is_low_precision_and_high_recall():
    real, fake = points(1, modes=1), points(2, modes=5)
    assert value("precision", real, fake) < 0.4
    assert value("recall", real, fake) > 0.8
