"""The measures: pure functions of views of the real and of the fake samples, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, get_type_hints

from ganbench.measures.frechet import frechet
from ganbench.measures.inception_score import inception_score
from ganbench.measures.manifold import precision, recall
from ganbench.measures.mmd import kid
from ganbench.measures.modes import high_quality, modes_covered
from ganbench.types import (
    Features,
    Modes,
    Moments,
    Pixels,
    Probs,
    Spatial,
    SpatialMoments,
    Spread,
)

VIEWS: dict[Any, str] = {
    Pixels: "pixels",
    Features: "features",
    Probs: "probs",
    Moments: "moments",
    Spatial: "spatial",
    SpatialMoments: "spatial_moments",
    Modes: "modes",
}
SIDES = ("real", "fake", "control", "pair")


@dataclass(frozen=True)
class Measure:
    """One row: the function, and what a reader must know of it.

    The parameters of `function` say what it needs: the name whose view (`real`, `fake`, `control`,
    which is other real samples, or `pair`, a view of real and fake together), the annotation which;
    knobs are keyword-only, and a knob `seed` gets the seed of the evaluation. `direction` is
    "higher" or "lower" for better, `bounds` the range in words, `laws` the names of the laws in
    tests/measures/test_laws.py that it obeys, `borji` its number in the table of Borji, "Pros and
    Cons of GAN Evaluation Measures" (2018).

    `spread` makes the 95 % interval: "jackknife", or a function with the parameters of `function`
    that gives a Spread; None where no interval is valid, and then `no_interval` says why. `bias`
    gives from the reals' moments and n fakes by how much a perfect generator is over-estimated.
    Rows that are not `default` are computed when they are named.
    """

    function: Callable[..., float]
    direction: str
    bounds: str
    laws: tuple[str, ...]
    paper: str
    borji: str | None = None
    spread: Callable[..., Spread] | Literal["jackknife"] | None = None
    no_interval: str = ""
    bias: Callable[[Moments, int], float] | None = None
    default: bool = True

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Which view of which side, in the order of the parameters: (("real", "moments"), …)."""
        hints = get_type_hints(self.function)
        sides = [name for name in signature(self.function).parameters if name in SIDES]
        return tuple((side, VIEWS[hints[side]]) for side in sides)

    @property
    def parameters(self) -> dict[str, Any]:
        """The knobs and their defaults."""
        knobs = signature(self.function).parameters.values()
        return {knob.name: knob.default for knob in knobs if knob.kind is knob.KEYWORD_ONLY}


MEASURES = {
    "classifier_score": Measure(
        inception_score,
        "higher",
        "[1, K]",
        ("permutation", "degradation", "collapse"),
        "Salimans et al. 2016",
        borji="3",
        spread="jackknife",
    ),
    "frechet": Measure(
        frechet,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "degradation", "collapse"),
        "Heusel et al. 2017",
        borji="7",
        spread="jackknife",
    ),
    "kid": Measure(
        kid,
        "lower",
        "(-inf, inf)",
        ("symmetry", "permutation", "rotation", "degradation", "collapse"),
        "Bińkowski et al. 2018",
        borji="8",
    ),
    "precision": Measure(
        precision,
        "higher",
        "[0, 1]",
        ("identity", "permutation", "rotation", "degradation"),
        "Kynkäänniemi et al. 2019",
    ),
    "recall": Measure(
        recall,
        "higher",
        "[0, 1]",
        ("identity", "permutation", "rotation", "collapse"),
        "Kynkäänniemi et al. 2019",
    ),
    "modes_covered": Measure(
        modes_covered,
        "higher",
        "{0, ..., K}",
        ("permutation", "collapse"),
        "Srivastava et al. 2017",
        borji="Q4",
    ),
    "high_quality": Measure(
        high_quality,
        "higher",
        "[0, 1]",
        ("permutation", "degradation"),
        "Srivastava et al. 2017",
        borji="Q4",
    ),
}
