"""What classifiers say that are trained on labelled samples: of conditional generators."""

from ganbench.measures.gan_train import (
    adversarial_accuracy,
    adversarial_divergence,
    adversarial_floor,
    gan_base,
    gan_test,
    gan_train,
    gqi,
)
from ganbench.measures.linear import boundary_distortion, linear_probe
from ganbench.measures.row import Measure

TRAININGS = (
    "six small networks, once for all measures that ask classifiers trained on each side: about "
    "50 s of a core at 28×28"
)

LABELS = {
    "gan_train": Measure(
        gan_train,
        "higher",
        "[0, 1]",
        ("collapse",),
        "Shmelkov et al. 2018; Ravuri and Vinyals 2019",
        title="GAN-train, which is the classification accuracy score (CAS)",
        formula="accuracy on held-out reals of classifiers trained on labelled fakes",
        use="Of conditional generators: diversity and quality in one number of known units. Its "
        "baseline is GAN-base, classifiers trained on as many reals; top-5 is in the detail.",
        misleads="It falls with quality as with diversity; only the pair with gan_test tells them "
        "apart. Copies of the training set score as reals do.",
        cost=TRAININGS,
        borji="12",
        baseline=gan_base,
        default=False,
    ),
    "gan_test": Measure(
        gan_test,
        "higher",
        "[0, 1]",
        (),
        "Shmelkov et al. 2018",
        title="GAN-test",
        formula="accuracy on labelled fakes of classifiers trained on reals",
        use="Whether the fakes look like what they are labelled as. Its baseline is GAN-base.",
        misleads="Above GAN-base it is no better: prototypes and copies are easier than reals. One "
        "good image a class scores 1.",
        cost=TRAININGS,
        borji="12",
        baseline=gan_base,
        default=False,
    ),
    "gqi": Measure(
        gqi,
        "higher",
        "[0, inf)",
        ("collapse",),
        "Ye et al. 2018",
        title="GAN quality index (GQI)",
        formula="100 · GAN-train / GAN-base",
        use="GAN-train where the data are hard even for reals: 100 is a perfect generator.",
        misleads="As gan_train does.",
        cost=TRAININGS,
        borji="12",
        baseline=None,
        default=False,
    ),
    "linear_probe": Measure(
        linear_probe,
        "higher",
        "[0, 1]",
        ("permutation", "collapse"),
        "after Radford et al. 2016",
        title="Linear probe trained on fakes",
        formula="accuracy on held-out reals' features of logistic regression on fakes' features",
        use="A quick relative of gan_train, in the eyes of the extractor.",
        misleads="Radford's probe is on the features of the discriminator, this one is not. An "
        "extractor that was trained on these very classes makes it easy.",
        cost="a convex fit, a second in 64 dimensions",
        borji="12",
        default=False,
    ),
    "boundary_distortion": Measure(
        boundary_distortion,
        "lower",
        "[-1, 1]",
        ("identity", "permutation", "collapse"),
        "Santurkar et al. 2018",
        title="Boundary distortion",
        formula="accuracy on held-out reals of a linear classifier of reals − of one of fakes",
        use="Its equivalent_factor says how far the reals can be thinned out to be as little use.",
        misleads="A linear classifier of pixels sees little of what a network would; poor images "
        "and few images look alike.",
        cost="20 convex fits of pixels, about 20 s of a core at 28×28",
        borji="13",
        baseline=None,
        default=False,
    ),
    "adversarial_accuracy": Measure(
        adversarial_accuracy,
        "to 0",
        "[-1, 1]",
        ("collapse",),
        "Yang et al. 2017",
        title="Adversarial accuracy: its gap",
        formula="GAN-base − GAN-train: accuracy of P_a, of reals, less that of P_s, of fakes",
        use="To compare with LR-GAN, whose two accuracies are in the detail.",
        misleads="As gan_train does.",
        cost=TRAININGS,
        borji="19",
        baseline=None,
        default=False,
    ),
    "adversarial_divergence": Measure(
        adversarial_divergence,
        "lower",
        "[0, inf)",
        ("collapse",),
        "Yang et al. 2017",
        title="Adversarial divergence",
        formula="mean KL(P_a(y|x) ‖ P_s(y|x)) over held-out reals x, probabilities clipped at 1e-4",
        use="It sees changed doubts where the accuracies agree. Its baseline is the floor: nets of "
        "two seeds, both trained on reals.",
        misleads="Networks are over-confident, and the clip bounds what one mistake costs: compare "
        "values of one clip only.",
        cost=TRAININGS,
        borji="19",
        baseline=adversarial_floor,
        default=False,
    ),
}
