"""The Fréchet distance of fakes that are copies is made larger."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.measures.frechet import frechet
from ganbench.measures.neighbours import BLOCK
from ganbench.moments import Moments
from ganbench.types import Features, Outcome

EPS = 1e-14  # what keeps the penalty of pure copies finite
ZERO = 1e-8  # Fréchet distances below are rounding, which the penalty must not magnify


def mifid(real: Features, fake: Features, *, tau: float = 0.1) -> Outcome:
    """Fréchet distance · m, m = 1/(s + 10⁻¹⁴) where s < `tau` and 1 elsewhere: MiFID on Inception.

    Bai et al., "On Training Sample Memorization: Lessons from Benchmarking Generative Modeling with
    a Large-scale Competition" (2021). s = 1/M Σⱼ minᵢ (1 − |cos(gⱼ, xᵢ)|), the
    memorisation distance of the fakes g from the reals x, which must be what the generator was
    trained on. In squared feature units, [0, ∞), lower is better. Fréchet distances below 10⁻⁸
    count as 0, samples whose features are all 0 as at cosine 0.

    `tau` is a matter of the features: 0.1 is the competition's, on Inception. Nothing is penalised
    unfairly if it is below the `memorisation_distance` of held-out reals. `detail`: `frechet`,
    `memorisation_distance`, `penalty` (m), `tau`. Some other code averages over the reals instead.

    Raises ValueError below 2 samples on a side.
    """
    distance = frechet(Moments.of(real), Moments.of(fake))
    near = memorisation_distance(real, fake)
    penalty = 1 / (near + EPS) if near < tau else 1.0
    value = distance * penalty if distance > ZERO else 0.0
    told = {"frechet": distance, "memorisation_distance": near, "penalty": penalty, "tau": tau}
    return Outcome(value, detail=told)


def memorisation_distance(real: Features, fake: Features) -> float:
    """Mean over fakes of 1 − |cos| to the real where that is least: in [0, 1], 0 for copies."""
    reals = F.normalize(real.double(), dim=1)
    near = [
        _nearest(F.normalize(fake[i : i + BLOCK].double(), dim=1), reals)
        for i in range(0, len(fake), BLOCK)
    ]
    return torch.cat(near).mean().item()


def _nearest(fakes: Tensor, reals: Tensor) -> Tensor:
    return (1 - (fakes @ reals.T).abs().amax(1)).clamp(min=0)
