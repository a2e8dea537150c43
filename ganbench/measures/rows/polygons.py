"""Samples whose manifold is known: convex polygons."""

from ganbench.measures.polygon_manifold import (
    triangle_f1,
    triangle_precision,
    triangle_recall,
    triangle_recall_samples,
)
from ganbench.measures.row import Measure

PAPER = "Lucic et al. 2018"

POLYGONS = {
    "triangle_precision": Measure(
        triangle_precision,
        "higher",
        "[0, 1]",
        ("permutation",),
        PAPER,
        title="Precision on the triangles",
        formula="share of fakes g with min over polygons m of |g − m| ≤ 0.75, pixels in [0, 1]",
        use="On builtin:triangles and builtin:squares, where the distance to all that is right can "
        "be computed: fidelity without a network.",
        misleads="One good triangle again and again scores 1.",
        cost="4 seconds for 1,000 fakes",
        borji="24",
    ),
    "triangle_recall": Measure(
        triangle_recall,
        "higher",
        "[0, 1]",
        (),
        PAPER,
        title="Recall on the triangles",
        formula="share of real images x with min over z of |x − G(z)| ≤ 0.75",
        use="Beside triangle_precision: what the generator can make of what there is, however "
        "seldom it does.",
        misleads="A search that misses lowers it, above all through deep generators; it says that "
        "an image can be made, not how often it is.",
        cost="20 seconds for 128 images and a small generator",
        borji="24",
        baseline=None,
        default=False,
    ),
    "triangle_recall_samples": Measure(
        triangle_recall_samples,
        "higher",
        "[0, 1]",
        ("permutation",),
        PAPER,
        title="Recall on the triangles, by the nearest sample",
        formula="share of real images x with min over fakes g of |x − g| ≤ 0.75",
        use="Where the samples are all there is: a lower bound of triangle_recall.",
        misleads="It grows with the number of fakes; 10,000 perfect ones have 0.5.",
        cost="a second",
        borji="24",
        default=False,
    ),
    "triangle_f1": Measure(
        triangle_f1,
        "higher",
        "[0, 1]",
        (),
        PAPER,
        title="F1 on the triangles",
        formula="2PR / (P + R) of triangle_precision and triangle_recall",
        use="The one number of the study, with both parts in its detail.",
        misleads="Two models with one F1 can fail in opposite ways.",
        cost="as both together",
        borji="24",
        no_interval="precision and recall have theirs",
        baseline=None,
        default=False,
    ),
}
