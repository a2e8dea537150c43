"""Statistics of pixels: spectra, gradients, contrast, filters, patches."""

from ganbench.measures.low_level import (
    checkerboard,
    contrast_distance,
    filter_kurtosis_distance,
    gradient_distance,
    spectrum_slope_distance,
)
from ganbench.measures.patch_wasserstein import swd
from ganbench.measures.row import Measure

FLOOR = "near zero its distribution is not normal; compare it with its baseline"

LOW_LEVEL = {
    "spectrum_slope_distance": Measure(
        spectrum_slope_distance,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation"),
        "Zeng et al. 2017",
        title="Slope of the power spectrum",
        formula="|slope of log P over log f of the reals − of the fakes|, P the mean power of a "
        "ring of frequencies f",
        use="To see blur (a steeper slope) and noise (a flatter one).",
        misleads="Images with one spectrum and other phases look nothing alike, and score 0.",
        cost="a second",
        borji="23",
        no_interval=FLOOR,
        default=False,
    ),
    "gradient_distance": Measure(
        gradient_distance,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation"),
        "Zeng et al. 2017",
        title="Wasserstein distance of the gradients",
        formula="∫|F − G| of the distributions of √(∂₁² + ∂₂²) over all pixels, in grey levels",
        use="To see blur and ringing that features overlook.",
        misleads="It does not know where in the image the edges are.",
        cost="a second",
        borji="23",
        no_interval=FLOOR,
        default=False,
    ),
    "contrast_distance": Measure(
        contrast_distance,
        "lower",
        "[0, 128]",
        ("identity", "symmetry", "permutation"),
        "Zeng et al. 2017",
        title="Wasserstein distance of the contrasts",
        formula="∫|F − G| of the distributions of the standard deviation of an image's pixels",
        use="To see images that are washed out or too hard.",
        misleads="One number an image: any images of the same contrasts score 0.",
        cost="a second",
        borji="23",
        no_interval=FLOOR,
        default=False,
    ),
    "filter_kurtosis_distance": Measure(
        filter_kurtosis_distance,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "permutation"),
        "Zeng et al. 2017",
        title="Kurtosis of the responses of random filters",
        formula="mean over 32 random 8×8 filters of mean 0 of |kurtosis of r on the reals − on the "
        "fakes|",
        use="Natural images answer sparsely (a kurtosis above 3), noise does not.",
        misleads="It depends on the filters drawn, and on the few strongest edges.",
        cost="seconds",
        borji="23",
        no_interval=FLOOR,
        default=False,
    ),
    "swd": Measure(
        swd,
        "lower",
        "[0, inf)",
        ("identity", "symmetry", "degradation"),
        "Karras et al. 2018",
        title="Sliced Wasserstein distance of patches",
        formula="1,000 · mean over random directions of the 1-D Wasserstein distance of 7×7 "
        "patches, by level of a Laplacian pyramid",
        use="Whether texture is right, level by level (in its detail), without a network.",
        misleads="It falls with the number of images, 1,024 here and 16,384 in the paper, and does "
        "not know how patches make an image.",
        cost="5 seconds",
        borji="23",
        no_interval=FLOOR,
        default=False,
    ),
    "checkerboard": Measure(
        checkerboard,
        "to 1",
        "[0, inf)",
        ("identity", "permutation"),
        "Odena et al. 2016, Deconvolution and Checkerboard Artifacts",
        title="Checkerboard: power at the Nyquist frequency",
        formula="the fakes' share of power that alternates from pixel to pixel, over the reals' "
        "share",
        use="Above 1: layers that double the size leave a pattern. Below: blur.",
        misleads="Noise raises it as well; patterns of 4 or 8 pixels go unseen.",
        cost="a second",
        borji="23",
        no_interval="a ratio of two small shares; compare it with its baseline",
        default=False,
    ),
}
