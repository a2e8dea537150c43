"""The measures: pure functions of views of the real and of the fake samples, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, get_type_hints

from ganbench.measures.frechet import frechet, frechet_bias, spatial_frechet
from ganbench.measures.frechet_infinity import frechet_infinity
from ganbench.measures.inception_score import classifier_score, inception_score
from ganbench.measures.manifold import (
    coverage,
    density,
    density_spread,
    precision,
    precision_spread,
    rarity,
    rarity_spread,
    recall,
)
from ganbench.measures.memorisation import (
    authenticity,
    authenticity_spread,
    copied_share,
    copying_ratio,
    data_copying,
)
from ganbench.measures.mmd import cmmd, cmmd_spread, kid, kid_spread
from ganbench.measures.modes import (
    class_divergence,
    classes_covered,
    high_quality,
    modes_covered,
)
from ganbench.measures.ms_ssim import ms_ssim_diversity, ms_ssim_spread
from ganbench.measures.neighbours import Neighbours
from ganbench.measures.prd import Prd, prd_f1_8, prd_f8
from ganbench.measures.vendi import vendi
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
    Neighbours: "neighbours",
    Prd: "prd",
}
SIDES = ("real", "fake", "control", "pair")


@dataclass(frozen=True)
class Measure:
    """One row: the function, and what a reader must know of it.

    The parameters of `function` say what it needs: the name whose view (`real`, `fake`, `control`,
    which is other real samples, or `pair`, a view of real and fake together), the annotation which;
    knobs are keyword-only, and a knob `seed` gets the seed of the evaluation. `direction` is where
    better is: "higher", "lower", "to 0" or "to 1"; `bounds` the range in words, `laws` the names of
    the laws in tests/measures/test_laws.py that it obeys, `borji` its number in the table of Borji,
    "Pros and Cons of GAN Evaluation Measures" (2018).

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
        return tuple((side, VIEWS[hints[side]]) for side in sides)

    @property
    def parameters(self) -> dict[str, Any]:
        """The knobs and their defaults."""
        knobs = signature(self.function).parameters.values()
        return {knob.name: knob.default for knob in knobs if knob.kind is knob.KEYWORD_ONLY}


BALLS = "the balls of the fakes change with their number, and no interval is known to be valid"

MEASURES = {
    "inception_score": Measure(
        inception_score,
        "higher",
        "[1, K]",
        ("permutation", "collapse"),
        "Salimans et al. 2016",
        borji="3",
        no_interval="without a block of samples the splits are others; classifier_score has one",
    ),
    "classifier_score": Measure(
        classifier_score,
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
        ("identity", "symmetry", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Heusel et al. 2017",
        borji="7",
        spread="jackknife",
        bias=frechet_bias,
    ),
    "frechet_infinity": Measure(
        frechet_infinity,
        "lower",
        "(-inf, inf)",
        ("rotation", "shift", "degradation", "collapse"),
        "Chong and Forsyth 2020",
        borji="7",
        no_interval="its points share samples; that of frechet is about the same quantity",
    ),
    "spatial_frechet": Measure(
        spatial_frechet,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Nash et al. 2021",
        borji="7",
        spread="jackknife",
        bias=frechet_bias,
    ),
    "kid": Measure(
        kid,
        "lower",
        "(-inf, inf)",
        ("symmetry", "permutation", "rotation", "degradation", "collapse"),
        "Bińkowski et al. 2018",
        borji="8",
        spread=kid_spread,
    ),
    "cmmd": Measure(
        cmmd,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "degradation", "collapse"),
        "Jayasumana et al. 2024",
        borji="8",
        spread=cmmd_spread,
    ),
    "precision": Measure(
        precision,
        "higher",
        "[0, 1]",
        ("identity", "permutation", "rotation", "shift", "degradation"),
        "Kynkäänniemi et al. 2019",
        spread=precision_spread,
    ),
    "recall": Measure(
        recall,
        "higher",
        "[0, 1]",
        ("identity", "permutation", "rotation", "shift", "collapse"),
        "Kynkäänniemi et al. 2019",
        no_interval=BALLS,
    ),
    "density": Measure(
        density,
        "higher",
        "[0, inf)",
        ("identity", "permutation", "rotation", "shift", "degradation"),
        "Naeem et al. 2020",
        spread=density_spread,
    ),
    "coverage": Measure(
        coverage,
        "higher",
        "[0, 1]",
        ("identity", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Naeem et al. 2020",
        no_interval="a real is covered or not by all fakes together; no interval is known to be "
        "valid",
    ),
    "rarity": Measure(
        rarity,
        "higher",
        "[0, inf)",
        ("permutation", "rotation", "shift"),
        "Han et al. 2023",
        spread=rarity_spread,
    ),
    "prd_f8": Measure(
        prd_f8,
        "higher",
        "[0, 1]",
        ("collapse",),
        "Sajjadi et al. 2018",
        no_interval="it depends on a clustering",
    ),
    "prd_f1_8": Measure(
        prd_f1_8,
        "higher",
        "[0, 1]",
        ("degradation",),
        "Sajjadi et al. 2018",
        no_interval="it depends on a clustering",
    ),
    "vendi": Measure(
        vendi,
        "higher",
        "[1, N]",
        ("permutation", "rotation"),
        "Friedman and Dieng 2022",
        no_interval="it grows with the number of samples",
    ),
    "ms_ssim_diversity": Measure(
        ms_ssim_diversity,
        "lower",
        "[0, 1]",
        ("collapse",),
        "Odena et al. 2017",
        borji="22",
        spread=ms_ssim_spread,
    ),
    "authenticity": Measure(
        authenticity,
        "higher",
        "[0, 1]",
        ("permutation", "rotation", "shift"),
        "Alaa et al. 2022",
        spread=authenticity_spread,
    ),
    "copying_ratio": Measure(
        copying_ratio,
        "to 1",
        "[0, inf)",
        ("permutation", "rotation", "shift"),
        "nearest neighbours, in Borji 2018",
        borji="Q1",
        no_interval="it is a ratio of medians over one set of held-out images",
    ),
    "copied_share": Measure(
        copied_share,
        "lower",
        "[0, 1]",
        ("permutation", "rotation", "shift"),
        "nearest neighbours, in Borji 2018",
        borji="Q1",
        no_interval="its threshold is a quantile of one set of held-out images",
    ),
    "data_copying": Measure(
        data_copying,
        "to 0",
        "(-inf, inf)",
        (),
        "Meehan et al. 2020",
        no_interval="it is a z score, of standard deviation about 1",
    ),
    "modes_covered": Measure(
        modes_covered,
        "higher",
        "{0, ..., K}",
        ("permutation", "collapse"),
        "Srivastava et al. 2017",
        borji="Q4",
    ),
    "classes_covered": Measure(
        classes_covered,
        "higher",
        "{0, ..., K}",
        ("permutation", "collapse"),
        "Metz et al. 2017",
        borji="Q4",
        no_interval="it grows with the number of samples",
        default=False,
    ),
    "class_divergence": Measure(
        class_divergence,
        "lower",
        "[0, inf)",
        ("permutation", "identity", "collapse"),
        "Srivastava et al. 2017",
        borji="Q4",
        no_interval="few samples in many classes over-estimate it",
        default=False,
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
