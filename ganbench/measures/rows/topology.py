"""The shape of the set of samples: its holes."""

from ganbench.measures.row import Measure
from ganbench.measures.topology import geometry_score

TOPOLOGY = {
    "geometry_score": Measure(
        geometry_score,
        "lower",
        "[0, 2]",
        ("identity", "symmetry"),
        "Khrulkov and Oseledets 2018",
        title="Geometry Score",
        formula="Σᵢ (MRLTᵢ of the reals − MRLTᵢ of the fakes)²; MRLTᵢ is the mean share of scales "
        "at which a witness complex of 64 landmarks has i holes",
        use="On data of a known shape, or to see that a collapse changed the shape of the data.",
        misleads="It knows nothing of place, size and colour: inverted images score 0. A fixed γ "
        "sees holes of one scale only; compare with the baseline.",
        cost="4 seconds, by 2,000 samples a side and 60 repeats; needs gudhi",
        borji="20",
        no_interval="it is a sum of squares, which noise alone lifts above 0",
        default=False,
    ),
}
