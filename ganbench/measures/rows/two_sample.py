"""What reals and fakes differ in, counted: bins of the feature space, and queries."""

from ganbench.measures.ndb import jensen_shannon, ndb
from ganbench.measures.retrieval import image_retrieval
from ganbench.measures.row import Measure

TWO_SAMPLE = {
    "ndb": Measure(
        ndb,
        "lower",
        "{0, ..., bins}",
        ("identity", "permutation", "collapse"),
        "Richardson and Weiss 2018",
        title="Number of statistically different bins (NDB)",
        formula="the number of k-means bins of the reals whose share of fakes differs, at 5 %",
        use="Mode collapse: which parts of the data are made too seldom or too often.",
        misleads="Equal distributions have about 5 of 100; it grows with the number of samples.",
        cost="a clustering, seconds",
        borji="14",
        no_interval="it is a number of rejected hypotheses, which grows with the samples",
        default=False,
    ),
    "jensen_shannon": Measure(
        jensen_shannon,
        "lower",
        "[0, ln 2]",
        ("identity", "permutation", "degradation", "collapse"),
        "Richardson and Weiss 2018",
        title="Jensen–Shannon divergence of the bins",
        formula="½ KL(p ‖ m) + ½ KL(q ‖ m), p and q the shares in k-means bins, m their mean",
        use="Beside ndb: how much the bins differ, and not only how many.",
        misleads="Few samples over-estimate it.",
        cost="a clustering, seconds",
        borji="14",
        no_interval="few samples in many bins over-estimate it",
        default=False,
    ),
    "image_retrieval": Measure(
        image_retrieval,
        "to 0.5",
        "[0, 1]",
        ("permutation", "rotation", "shift", "degradation", "collapse"),
        "Wang et al. 2016",
        title="Image retrieval: fakes or training images nearer",
        formula="share of held-out queries nearer to the nearest fake than to the nearest real",
        use="With rivals, which model is the better database; without, beside the training set.",
        misleads="It is recall: bad fakes between good ones cost nothing.",
        cost="distances of 2,000 queries, seconds",
        borji="15",
        no_interval="all queries ask one set of fakes and one of reals",
        baseline=None,
        default=False,
    ),
}
