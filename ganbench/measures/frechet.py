"""The Fréchet distance between two Gaussians: FID, whatever the features."""

from __future__ import annotations

import torch
from scipy import linalg
from scipy.linalg import lapack
from torch import Tensor

from ganbench.moments import Moments, SpatialMoments
from ganbench.types import LabelledFeatures, Outcome


def frechet(real: Moments, fake: Moments, *, ddof: int = 1) -> float:
    """|μr − μf|² + tr(Σr + Σf − 2(ΣrΣf)^½), squared feature units, in [0, ∞), 0 is best.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017), eq. 6. For any roots with
    RᵀR = Σ the trace of the last term is the nuclear norm of Rr Rfᵀ, so nothing becomes complex, no
    offset is added to a singular covariance, and fewer samples than dimensions make it cheaper and
    more exact. Over-estimated at small n: the bias falls as 1/n. The covariances are divided by
    n − ddof.

    Raises ValueError below 2 samples on either side, and if the dimensions differ.
    """
    if real.mean.shape != fake.mean.shape:
        raise ValueError(
            f"the reference has {real.mean.numel()} dimensions, the fakes {fake.mean.numel()}"
        )
    r, f = ((m.n - 1) / (m.n - ddof) for m in (real, fake))
    cross = (r * f) ** 0.5 * _cross(real, fake)
    offset = (real.mean - fake.mean).square().sum().item()
    trace = r * real.root.square().sum().item() + f * fake.covariance.trace().item()
    return max(float(offset + trace - 2 * cross), 0.0)


def spatial_frechet(real: SpatialMoments, fake: SpatialMoments) -> float:
    """The same distance between features that keep the place in the image: sFID on Inception.

    Nash et al., "Generating Images with Sparse Representations" (2021), section 4. In [0, ∞).
    """
    return frechet(real, fake)


def intra_frechet(real: LabelledFeatures, fake: LabelledFeatures) -> Outcome:
    """The mean over the reals' classes of the Fréchet distance of that class: intra FID.

    Miyato and Koyama, "cGANs with Projection Discriminator" (2018). In squared feature
    units, [0, ∞), 0 is best; every class counts alike. The bias of few samples is that of the
    samples of a class, so values of different numbers of classes or samples do not compare.
    `detail`: `by_class`, the distance of each class by its number, and `least`, the fewest samples
    that a class had on a side.

    Raises ValueError where a class of the reals has fewer than 2 samples on either side.
    """
    found, least = {}, []
    for label in real.labels.unique().tolist():
        sides = [side.features[side.labels == label] for side in (real, fake)]
        least.append(min(map(len, sides)))
        if least[-1] < 2:
            raise ValueError(f"class {label} has fewer than 2 samples on a side")
        found[str(label)] = frechet(*map(Moments.of, sides))
    value = sum(found.values()) / len(found)
    return Outcome(value, detail={"by_class": found, "least": min(least)})


def frechet_bias(real: Moments, n: int) -> float:
    """By how much n samples of the reals' own Gaussian are over-estimated, to first order in 1/n.

    E = (1/n + 1/m)(1.25 Σ λᵢ + 0.5 Σᵢⱼ λᵢλⱼ/(λᵢ + λⱼ)) with the eigenvalues λ of the covariance of
    the m reals. Good for n well above the number of dimensions, an order of magnitude below.
    """
    if real.factor is not None:
        values = torch.linalg.svdvals(real.root).square()
    else:
        values = _eigenvalues(real.covariance)
    values = values[values > values.max() * 1e-12]
    pairs = values[:, None] * values / (values[:, None] + values)
    return (1 / n + 1 / real.n) * float(1.25 * values.sum() + 0.5 * pairs.sum())


def _cross(real: Moments, fake: Moments) -> float:
    """tr((ΣrΣf)^½): singular values of a small product, or eigenvalues of RrΣfRrᵀ."""
    if real.factor is not None or fake.factor is not None:
        return float(torch.linalg.svdvals(real.root @ fake.root.T).sum())
    return float(_eigenvalues(_congruence(real.root, fake.covariance)).sqrt().sum())


def _congruence(root: Tensor, covariance: Tensor) -> Tensor:
    """RΣRᵀ, of which the lower triangle holds; a quarter of the operations if R is triangular."""
    if covariance.is_cuda or not torch.equal(root, root.triu()):
        return root @ covariance @ root.T
    made, _ = lapack.dsygst(covariance.numpy().T, root.T.numpy(), itype=2, lower=1)
    return torch.from_numpy(made)


def _eigenvalues(matrix: Tensor) -> Tensor:
    """Of a symmetric positive semidefinite matrix by its lower triangle; below 0 they become 0."""
    if matrix.is_cuda:
        values: Tensor = torch.linalg.eigvalsh(matrix)
    else:  # LAPACK's relatively robust representations, which torch does not offer, are faster
        values = torch.from_numpy(linalg.eigvalsh(matrix.numpy(), driver="evr"))
    return values.clamp(min=0)
