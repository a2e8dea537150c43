"""What the pixels themselves say."""

from ganbench.measures.ms_ssim import ms_ssim_diversity, ms_ssim_spread
from ganbench.measures.row import Measure

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
}
