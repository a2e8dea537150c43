"""What the pixels themselves say."""

from ganbench.measures.image_quality import nearest_psnr, nearest_sharpness, nearest_ssim
from ganbench.measures.ms_ssim import ms_ssim_diversity, ms_ssim_spread
from ganbench.measures.row import Measure

FEW = "one fake has no standard error"

IMAGES = {
    "ms_ssim_diversity": Measure(
        ms_ssim_diversity,
        "lower",
        "[0, 1]",
        ("collapse",),
        "Odena et al. 2017",
        title="MS-SSIM of pairs of fakes",
        formula="mean MS-SSIM of random pairs of generated images",
        use="Within a class: collapse makes pairs alike. Compare with the value of reals.",
        misleads="Noise is diverse too; below 161 pixels it has fewer scales.",
        cost="a second",
        borji="22",
        spread=ms_ssim_spread,
    ),
    "nearest_ssim": Measure(
        nearest_ssim,
        "higher",
        "[-1, 1]",
        ("identity", "permutation", "degradation"),
        "Wang et al. 2004",
        title="SSIM with the nearest real image",
        formula="mean SSIM of 1,000 fakes with the real each is nearest to in pixels; Gaussian "
        "windows of 11×11, σ 1.5",
        use="Beside its baseline, which is that of held-out reals: below it, fakes lack the "
        "structure of real images.",
        misleads="A copy of the training set scores best, and blur raises it: well above the "
        "baseline is no praise.",
        cost="a second",
        borji="22",
        no_interval=FEW,
        default=False,
    ),
    "nearest_psnr": Measure(
        nearest_psnr,
        "higher",
        "[0, 60]",
        ("permutation", "degradation"),
        "PSNR, in Borji 2018",
        title="PSNR with the nearest real image",
        formula="mean of 10 log₁₀(255² / MSE) of 1,000 fakes with the real each is nearest to in "
        "pixels, 60 dB at most",
        use="Beside its baseline, which is that of held-out reals.",
        misleads="A copy scores best; squared errors of pixels favour smooth and empty images.",
        cost="a second",
        borji="22",
        no_interval=FEW,
        default=False,
    ),
    "nearest_sharpness": Measure(
        nearest_sharpness,
        "higher",
        "[-3.02, 60]",
        ("permutation", "degradation"),
        "Mathieu et al. 2016",
        title="Sharpness difference to the nearest real image",
        formula="mean of 10 log₁₀(1 / mean |(|∂₁x| + |∂₂x|) − (|∂₁g| + |∂₂g|)|) of 1,000 fakes g "
        "and the real x each is nearest to, of pixels in [0, 1], 60 dB at most",
        use="Beside its baseline, which is that of held-out reals: blur lowers it.",
        misleads="A copy scores best; an edge that moved by a pixel counts as two that are "
        "missing.",
        cost="a second",
        borji="22",
        no_interval=FEW,
        default=False,
    ),
}
