"""Distances between the features of real and of generated samples."""

from ganbench.measures.frechet import frechet, frechet_bias, spatial_frechet
from ganbench.measures.frechet_infinity import frechet_infinity
from ganbench.measures.mmd import cmmd, cmmd_spread, kid, kid_spread
from ganbench.measures.row import Measure

DISTANCES = {
    "frechet": Measure(
        frechet,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Heusel et al. 2017",
        title="Fréchet distance (FID on Inception features)",
        formula="|μ_r − μ_f|² + tr(Σ_r + Σ_f − 2 (Σ_r Σ_f)^½), of the features' moments",
        use="The number that papers compare, at the usual 50,000 samples and the usual protocol.",
        misleads="Few samples over-estimate it, by an amount that depends on the model; it sees "
        "means and covariances only, and of a memory of the training set nothing.",
        cost="the extraction, then a second in 2,048 dimensions",
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
        title="Fréchet distance extrapolated to infinitely many samples",
        formula="the intercept of a line through the Fréchet distance at 15 sizes n, over 1/n",
        use="To compare scores that were made at different numbers of samples.",
        misleads="It is noisier than the distance itself and may fall below zero.",
        cost="15 Fréchet distances",
        borji="7",
        no_interval="its points share samples; that of frechet is about the same quantity",
    ),
    "spatial_frechet": Measure(
        spatial_frechet,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "shift", "degradation", "collapse"),
        "Nash et al. 2021",
        title="Fréchet distance of spatial features (sFID)",
        formula="the Fréchet distance of an early layer's features, which keep the place",
        use="When the layout of the image matters, which pooled features average away.",
        misleads="As the Fréchet distance does; it has its own scale.",
        cost="as the Fréchet distance",
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
        title="Kernel distance (KID on Inception features)",
        formula="unbiased MMD² with the kernel (x·y / d + 1)³",
        use="With few samples: it is unbiased at any number of them, and has a valid interval.",
        misleads="It can be negative; near zero only its interval says something.",
        cost="seconds",
        borji="8",
        spread=kid_spread,
    ),
    "cmmd": Measure(
        cmmd,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation", "rotation", "degradation", "collapse"),
        "Jayasumana et al. 2024",
        title="CMMD: a Gaussian kernel's distance of unit features",
        formula="1000 · biased MMD² of features of length 1, with the kernel exp(−|x − y|² / 200)",
        use="With CLIP features, as published.",
        misleads="So wide a kernel is almost linear: it compares means, and a collapse that keeps "
        "the mean goes unseen.",
        cost="seconds",
        borji="8",
        spread=cmmd_spread,
    ),
}
