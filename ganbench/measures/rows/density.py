"""What a density made of the samples, and matchings of samples, say of the distributions."""

from ganbench.measures.density import average_log_likelihood, coverage_adagan, perfect_coverage
from ganbench.measures.row import Measure
from ganbench.measures.wasserstein import sliced_wasserstein, wasserstein_exact

DENSITY = {
    "average_log_likelihood": Measure(
        average_log_likelihood,
        "higher",
        "(-inf, inf)",
        ("permutation", "rotation", "shift", "degradation", "collapse"),
        "Goodfellow et al. 2014",
        title="Average log-likelihood (Parzen window)",
        formula="mean over held-out x of log 1/M Σ N(x; g, s²I), s by other held-out x",
        use="In a few dimensions, and to compare with papers of 2014 and 2015.",
        misleads="In many dimensions it says little: centroids of the data beat the true "
        "distribution (Theis et al. 2015), as wide kernels make good for a collapse. It depends "
        "on the scale of the features.",
        cost="two seconds; the distances of 6,000 held-out samples to all fakes",
        borji="1",
        default=False,
    ),
    "coverage_adagan": Measure(
        coverage_adagan,
        "higher",
        "[0, 1]",
        ("rotation", "shift", "collapse"),
        "Tolstikhin et al. 2017",
        title="Coverage (AdaGAN)",
        formula="share of reals where the density of the fakes is above its own 5 % quantile",
        use="How much of the data a generator can make at all. (Not `coverage`, of neighbours.)",
        misleads="A perfect generator has 0.95; one that is too broad has more.",
        cost="two seconds; the distances of all reals to half of the fakes",
        borji="2",
        no_interval="its density and its threshold are made of the same fakes",
        baseline=perfect_coverage,
        default=False,
    ),
    "wasserstein_exact": Measure(
        wasserstein_exact,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Arjovsky et al. 2017",
        title="Wasserstein distance of 1,000 samples, exact",
        formula="min over matchings of the mean |x − g|",
        use="To see what a trained critic should find.",
        misleads="Far above 0 for equal distributions in many dimensions: compare with real "
        "against real.",
        cost="a second",
        borji="9",
        no_interval="it is over-estimated by an amount that falls slowly with n",
        default=False,
    ),
    "sliced_wasserstein": Measure(
        sliced_wasserstein,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "shift", "degradation", "collapse"),
        "Bonneel et al. 2015",
        title="Sliced Wasserstein distance",
        formula="mean over directions u of the W₁ of u·x and u·g",
        use="The Wasserstein distance of many samples in many dimensions.",
        misleads="It is of projections, and far smaller than the distance itself.",
        cost="a second",
        borji="9",
        no_interval="it is over-estimated by few samples",
        default=False,
    ),
}
