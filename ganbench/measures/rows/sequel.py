"""Measures that came after Borji's table."""

from ganbench.measures.fld import fld
from ganbench.measures.frechet import intra_frechet
from ganbench.measures.mifid import mifid
from ganbench.measures.realism import realism
from ganbench.measures.row import Measure
from ganbench.measures.significant_supports import (
    topological_f1,
    topological_precision,
    topological_recall,
)
from ganbench.measures.supports import (
    alpha_precision,
    beta_recall,
    probabilistic_precision,
    probabilistic_recall,
)

LAWS = ("identity", "permutation", "rotation", "shift")

SEQUEL = {
    "alpha_precision": Measure(
        alpha_precision,
        "higher",
        "[0, 1]",
        (*LAWS, "collapse"),
        "Alaa et al. 2022",
        title="Integrated α-precision",
        formula="1 − 2 ∫ |P_α − α| dα, P_α the share of fakes in the ball with a share α of reals",
        use="To see fakes that are too typical as well as fakes that are off the data.",
        misleads="Only the distance from the mean of the reals counts, for no network of one class "
        "is trained: fakes between the modes pass as typical.",
        cost="the distances to a mean",
        no_interval="the absolute value of a curve's errors over-estimates them",
        default=False,
    ),
    "beta_recall": Measure(
        beta_recall,
        "higher",
        "[0, 1]",
        (*LAWS, "degradation", "collapse"),
        "Alaa et al. 2022",
        title="Integrated β-recall",
        formula="1 − 2 ∫ |R_β − β| dβ, R_β the share of reals whose ball, to their 5th neighbour, "
        "holds their nearest fake, and that is of the central share β of the fakes",
        use="A coverage that also asks whether the central fakes lie at the central reals.",
        misleads="Reals against reals do not reach 1; the authors' k = 1 makes that 1/2.",
        cost="distances between all pairs, seconds",
        no_interval="the balls change with the number of samples",
        default=False,
    ),
    "probabilistic_precision": Measure(
        probabilistic_precision,
        "higher",
        "[0, 1]",
        (*LAWS, "degradation"),
        "Park and Kim 2023",
        title="Probabilistic precision",
        formula="mean over fakes of 1 − Πᵢ (1 − max(0, 1 − d(g, xᵢ)/R)), one R for all reals",
        use="A precision that an outlier among the reals, with its large ball, does not raise.",
        misleads="Reals against reals do not reach 1, nor is one radius right where the density "
        "varies.",
        cost="distances between all pairs, seconds",
        default=False,
    ),
    "probabilistic_recall": Measure(
        probabilistic_recall,
        "higher",
        "[0, 1]",
        (*LAWS, "collapse"),
        "Park and Kim 2023",
        title="Probabilistic recall",
        formula="probabilistic precision with the roles of reals and fakes exchanged",
        use="A recall in which one scattered fake does not count for many reals.",
        misleads="R grows with the distances between the fakes: noise all around scores well.",
        cost="distances between all pairs, seconds",
        default=False,
    ),
    "realism": Measure(
        realism,
        "higher",
        "[0, inf)",
        ("permutation", "rotation", "shift", "degradation"),
        "Kynkäänniemi et al. 2019",
        title="Realism",
        formula="median over fakes of maxᵢ rᵢ / d(g, xᵢ), rᵢ the distance of xᵢ to its 3rd "
        "neighbour, over the half of the reals with the smaller rᵢ",
        use="To sort fakes: the detail names the 16 least and the 16 most realistic.",
        misleads="Copies are the most realistic of all; diversity does not count.",
        cost="distances between all pairs, seconds",
        no_interval="of a median over scores that share the reals none is computed",
        default=False,
    ),
    "mifid": Measure(
        mifid,
        "lower",
        "[0, inf)",
        ("identity", "permutation", "rotation"),
        "Bai et al. 2021",
        title="Memorisation-informed Fréchet distance (MiFID on Inception)",
        formula="Fréchet distance, over s where s = mean of min (1 − |cos(fake, real)|) < 0.1",
        use="To rank generators where copying must not pay; the reals must be the training set.",
        misleads="The limit 0.1 is of Inception: on other features set tau from the memorisation "
        "distance of held-out reals, or everything is penalised, or nothing.",
        cost="cosines between all pairs, seconds",
        no_interval="it jumps where the memorisation distance crosses the limit",
        default=False,
    ),
    "fld": Measure(
        fld,
        "lower",
        "(-inf, inf)",
        ("shift", "degradation", "collapse"),
        "Jiralerspong et al. 2023",
        title="Feature Likelihood Divergence",
        formula="100/D · (−log p of held-out reals under Gaussians on the fakes, less that under "
        "Gaussians on other reals), variances fitted to the training set",
        use="One number that copies, poor quality and missing modes all raise; the reals must be "
        "the training set.",
        misleads="Which of the three it was it does not say, but a gap above 0 in the detail is of "
        "copies. Copies of the reals that stand for the perfect generator pass unseen, and so do "
        "fakes with less variation around each mode, for the kernels are as wide as need be.",
        cost="two mixtures fitted, ten to fifteen seconds",
        no_interval="the fitted variances change with the samples; none is known to be valid",
        baseline=None,
        default=False,
    ),
    "intra_frechet": Measure(
        intra_frechet,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "rotation", "shift", "degradation", "collapse"),
        "Miyato and Koyama 2018",
        title="Fréchet distance within classes (intra FID on Inception)",
        formula="mean over classes of the Fréchet distance between reals and fakes of that class",
        use="For conditional generators: it sees fakes of the wrong class, and classes with less "
        "variation, where the Fréchet distance of all at once does not.",
        misleads="A class has few samples, so it is over-estimated much: only equal numbers of "
        "both compare.",
        cost="an eigendecomposition for each class",
        no_interval="with few samples in a class the bias is no longer of order 1/n",
        default=False,
    ),
    "topological_precision": Measure(
        topological_precision,
        "higher",
        "[0, 1]",
        ("identity", "rotation", "shift"),
        "Kim et al. 2023",
        title="Topological precision (TopP)",
        formula="share of significant fakes where the density of the reals is significant too, by "
        "the confidence band of a kernel density",
        use="A precision that scattered outliers, among the reals or the fakes, do not move.",
        misleads="What is rare is not significant: half of perfect samples may not count. Reals "
        "against reals score 0.9 in many dimensions, 0.7 in three.",
        cost="some densities of 5,000 of each side, seconds",
        no_interval="the supports change with the samples",
        default=False,
    ),
    "topological_recall": Measure(
        topological_recall,
        "higher",
        "[0, 1]",
        ("identity", "rotation", "shift", "collapse"),
        "Kim et al. 2023",
        title="Topological recall (TopR)",
        formula="share of significant reals where the density of the fakes is significant too",
        use="A recall that scattered fakes do not raise.",
        misleads="The bandwidth of scattered fakes is wide, and then their support is too.",
        cost="some densities of 5,000 of each side, seconds",
        no_interval="the supports change with the samples",
        default=False,
    ),
    "topological_f1": Measure(
        topological_f1,
        "higher",
        "[0, 1]",
        ("identity", "symmetry", "rotation", "shift", "collapse"),
        "Kim et al. 2023",
        title="Topological F1 (TopP&R)",
        formula="harmonic mean of topological precision and recall",
        use="Both in one number; the detail has them apart.",
        misleads="As they do.",
        cost="some densities of 5,000 of each side, seconds",
        no_interval="the supports change with the samples",
        default=False,
    ),
}
