"""What one row of the table of measures says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, get_args, get_type_hints

from ganbench.measures.classified import Classified
from ganbench.measures.neighbours import Neighbours
from ganbench.measures.prd import Prd
from ganbench.moments import Moments, SpatialMoments
from ganbench.types import (
    Features,
    Labelled,
    LabelledFeatures,
    Model,
    Modes,
    Outcome,
    Pixels,
    Polygons,
    Probs,
    Samples,
    Spatial,
    Spread,
)

VIEWS: dict[Any, str] = {
    Pixels: "pixels",
    Samples: "samples",
    Features: "features",
    Probs: "probs",
    Moments: "moments",
    Spatial: "spatial",
    SpatialMoments: "spatial_moments",
    Modes: "modes",
    Polygons: "polygons",
    Labelled: "labelled",
    LabelledFeatures: "labelled_features",
    Model: "model",
    Neighbours: "neighbours",
    Prd: "prd",
    Classified: "classified",
}
SIDES = ("real", "fake", "control", "rivals", "pair")


@dataclass(frozen=True)
class Measure:
    """One row: the function, and what a reader must know of it.

    The parameters of `function` say what it needs: the name whose view (`real`, `fake`; `control`,
    which is other real samples; `rivals`, a tuple of the samples of other models, maybe empty; or
    `pair`, a view of all of them together), the annotation which; knobs are keyword-only, and a
    knob `seed` gets the seed of the evaluation. It returns the value, or an Outcome. `direction` is
    where better is: "higher", "lower", or "to" a number; `bounds` the range in words, `laws` the
    names of the laws in tests/measures/test_laws.py that it obeys, `borji` its number in the table
    of Borji, "Pros and Cons of GAN Evaluation Measures" (2018).

    For its page in docs/measures: `title`, `formula` in words and symbols, `use` (when it is the
    right one), `misleads` (when it is not), and `cost`, in words, of 10,000 samples.

    `spread` makes the 95 % interval: "jackknife", or a function with the parameters of `function`
    that gives a Spread; None where no interval is valid (then `no_interval` says why) or where the
    Outcome has it. `bias` gives from the reals' moments and n fakes by how much a perfect generator
    is over-estimated. `baseline` is what a perfect generator would score: "real against real", or a
    function with the parameters of `function`, or None where it is known or means nothing.
    Rows that are not `default` are computed when they are named.
    """

    function: Callable[..., float | Outcome]
    direction: str
    bounds: str
    laws: tuple[str, ...]
    paper: str
    title: str
    formula: str
    use: str
    misleads: str
    cost: str
    borji: str | None = None
    spread: Callable[..., Spread] | Literal["jackknife"] | None = None
    no_interval: str = ""
    bias: Callable[[Moments, int], float] | None = None
    baseline: Callable[..., float] | Literal["real against real"] | None = "real against real"
    default: bool = True

    def loss(self, value: float) -> float:
        """How far from the best a value is, for comparisons: lower is better, whatever the row."""
        match self.direction:
            case "higher":
                return -value
            case "lower":
                return value
        return abs(value - float(self.direction.removeprefix("to ")))

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Which view of which side, in the order of the parameters: (("real", "moments"), …)."""
        hints = get_type_hints(self.function)
        sides = [name for name in signature(self.function).parameters if name in SIDES]
        return tuple((side, _view(hints[side])) for side in sides)

    @property
    def parameters(self) -> dict[str, Any]:
        """The knobs and their defaults."""
        knobs = signature(self.function).parameters.values()
        return {knob.name: knob.default for knob in knobs if knob.kind is knob.KEYWORD_ONLY}


def _view(hint: Any) -> str:
    """The view that an annotation names; of rivals, tuple[View, ...]."""
    return VIEWS[hint] if hint in VIEWS else VIEWS[get_args(hint)[0]]
