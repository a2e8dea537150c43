"""What a classifier says of generated samples."""

from ganbench.measures.inception_score import classifier_score, inception_score
from ganbench.measures.modes import class_divergence, classes_covered
from ganbench.measures.row import Measure

CLASSES = {
    "inception_score": Measure(
        inception_score,
        "higher",
        "[1, K]",
        ("permutation", "collapse"),
        "Salimans et al. 2016",
        title="Inception Score, mean of ten splits",
        formula="exp(E KL(p(y|g) ‖ p(y))) of each tenth of the samples, averaged",
        use="To compare with papers that report it, on Inception's probabilities.",
        misleads="It knows nothing of the real data, of diversity within a class, nor of copies; "
        "ten splits of 5,000 score lower than 50,000 at once.",
        cost="the extraction",
        borji="3",
        no_interval="without a block of samples the splits are others; classifier_score has one",
    ),
    "classifier_score": Measure(
        classifier_score,
        "higher",
        "[1, K]",
        ("permutation", "degradation", "collapse"),
        "Salimans et al. 2016",
        title="Classifier score: the Inception Score of all samples at once",
        formula="exp(H(E p(y|g)) − E H(p(y|g)))",
        use="On the classifier of the data at hand: K says how many classes are clear and equally "
        "frequent.",
        misleads="As the Inception Score does; a sure classifier is easily fooled.",
        cost="the extraction",
        borji="3",
        spread="jackknife",
    ),
    "classes_covered": Measure(
        classes_covered,
        "higher",
        "{0, ..., K}",
        ("permutation", "collapse"),
        "Metz et al. 2017",
        title="Classes covered",
        formula="the number of classes that at least one sample is judged to be of",
        use="Stacked MNIST and its 1,000 modes.",
        misleads="One sample covers a class, a bad one too.",
        cost="the extraction",
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
        title="Divergence of the classes",
        formula="KL(classes of the fakes ‖ classes of the reals), of likeliest classes",
        use="Beside classes_covered: how unevenly the modes are filled.",
        misleads="A perfect generator of K classes has about (K − 1) / 2n.",
        cost="the extraction",
        borji="Q4",
        no_interval="few samples in many classes over-estimate it",
        default=False,
    ),
}
