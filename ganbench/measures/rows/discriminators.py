"""What networks and neighbours that are trained to tell fakes from reals make of them."""

from ganbench.measures.row import Measure
from ganbench.measures.two_sample import c2st, c2st_knn, one_nn

DISCRIMINATORS = {
    "c2st": Measure(
        c2st,
        "to 0.5",
        "[0, 1]",
        ("collapse",),
        "Lopez-Paz and Oquab 2017",
        title="Classifier two-sample test, by a small network",
        formula="accuracy on held-out samples of 20 ReLU trained to tell real from fake",
        use="To ask whether any difference is left, with a p-value and the power to have found it.",
        misleads="1/2 says that this network finds nothing, not that there is nothing. Copies of "
        "reals, on both sides of the split, bring it below 1/2.",
        cost="seconds of training",
        borji="11",
        no_interval="it has one for the classifier at hand",
        baseline=None,
        default=False,
    ),
    "c2st_knn": Measure(
        c2st_knn,
        "to 0.5",
        "[0, 1]",
        ("rotation", "shift", "collapse"),
        "Lopez-Paz and Oquab 2017",
        title="Classifier two-sample test, by a vote of neighbours",
        formula="accuracy on held-out samples of the vote of the ⌊√n⌋ nearest training samples",
        use="As c2st, with nothing to train.",
        misleads="Weaker than the network in many dimensions.",
        cost="distances between two halves, seconds",
        borji="11",
        no_interval="it has one for the classifier at hand",
        baseline=None,
        default=False,
    ),
    "one_nn": Measure(
        one_nn,
        "to 0.5",
        "[0, 1]",
        ("symmetry", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Xu et al. 2018",
        title="Nearest-neighbour accuracy, leaving one out",
        formula="share of reals and fakes, of equal number, whose nearest other is of their side",
        use="One number that sees copies (0), distance (1), and by side collapse and invention.",
        misleads="Some copies and some distance cancel out to 1/2: read both sides.",
        cost="all distances between reals and fakes, seconds",
        borji="11",
        no_interval="leave-one-out hits are not independent; the detail has a p of permutations",
        baseline=None,
        default=False,
    ),
}
