"""Samples of distributions whose modes are known: rings and grids of Gaussians."""

from ganbench.measures.modes import high_quality, modes_covered
from ganbench.measures.row import Measure

KNOWN = {
    "modes_covered": Measure(
        modes_covered,
        "higher",
        "{0, ..., K}",
        ("permutation", "collapse"),
        "Srivastava et al. 2017",
        title="Modes covered",
        formula="the number of modes with a sample within 3σ",
        use="The ring of 8 and the grid of 25 Gaussians.",
        misleads="One sample covers a mode.",
        cost="nothing",
        borji="Q4",
    ),
    "high_quality": Measure(
        high_quality,
        "higher",
        "[0, 1]",
        ("permutation", "degradation"),
        "Srivastava et al. 2017",
        title="High-quality samples",
        formula="share of samples within 3σ of a mode",
        use="Beside modes_covered.",
        misleads="A perfect sampler has 1 − exp(−9/2) = 0.989 in two dimensions, not 1.",
        cost="nothing",
        borji="Q4",
    ),
}
