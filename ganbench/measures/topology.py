"""The Geometry Score: how alike the holes of two sets of points are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.types import Features, Outcome

Floats = NDArray[np.float64]


def geometry_score(
    real: Features,
    fake: Features,
    *,
    samples: int = 2000,
    repeats: int = 60,
    landmarks: int = 64,
    gamma: float = 1 / 128,
    i_max: int = 100,
    seed: int = 0,
) -> Outcome:
    """Σᵢ (MRLTᵢ of the reals − MRLTᵢ of the fakes)², in [0, 2]; lower is better, 0 the same holes.

    Khrulkov and Oseledets, "Geometry Score: A Method For Comparing Generative Adversarial Networks"
    (2018). See `lifetimes` for the MRLT of a side, which `detail` has of both. As many samples are
    taken of both sides, `samples` at most, and γ is that of the paper's 5,000 samples; γ = 0 stands
    for the published rule N/(128·5000), which depends on N. The paper takes all samples, and 10,000
    `repeats`; the value has a noise of order 1/repeats.

    Raises ValueError without gudhi, and below `landmarks` samples.
    """
    n = min(samples, len(real), len(fake))
    if n < landmarks:
        raise ValueError(f"{landmarks} landmarks need as many samples of each side, there are {n}")
    width = gamma or n / (128 * 5000)
    sides = []
    for side in (real, fake):
        rng = np.random.RandomState(seed)
        points = side.double().numpy()[rng.permutation(len(side))[:n]]
        sides.append(lifetimes(points, repeats, landmarks, width, i_max, seed))
    x, y = sides
    detail = {"samples": n, "gamma": width, "real": _told(x), "fake": _told(y)}
    return Outcome(float(np.square(x - y).sum()), detail=detail)


def lifetimes(
    points: Floats, repeats: int, landmarks: int, gamma: float, i_max: int = 100, seed: int = 0
) -> Floats:
    """Mean relative living times of points N×D: MRLT(i), the share of [0, αmax] with i holes.

    Each of the `repeats` draws landmarks (with replacement, as published) and lets a witness
    complex of all points grow to αmax = γ · the largest distance of a point to a landmark; i is the
    first Betti number. Plain distances stand where the complex wants squares, as published. The
    values for i = 0 to i_max − 1; times with i_max holes or more are left out.
    """
    rng = np.random.RandomState(seed)
    total = np.zeros(i_max)
    for _ in range(repeats):
        chosen = points[rng.choice(len(points), landmarks)]
        total += _relative_living_times(_distances(points, chosen), gamma, i_max)
    mean: Floats = total / repeats
    return mean


def _relative_living_times(distances: Floats, gamma: float, i_max: int) -> Floats:
    """The share of [0, αmax] with i holes, for distances N×L of points to landmarks."""
    end = gamma * distances.max()
    shares = np.zeros(i_max)
    if end == 0:  # all points coincide
        shares[0] = 1
        return shares
    order = np.argsort(distances, axis=1, kind="stable")
    near = np.take_along_axis(distances, order, axis=1)
    # a triangle's witness reaches no further than αmax beyond its fourth landmark
    reach = (near <= near[:, 3:4] + end).sum(axis=1).tolist()
    rows = zip(order.tolist(), near.tolist(), reach, strict=True)
    table = [list(zip(index[:k], far[:k], strict=True)) for index, far, k in rows]
    complex_ = _gudhi().WitnessComplex(table)
    tree = complex_.create_simplex_tree(max_alpha_square=end, limit_dimension=2)
    tree.compute_persistence(homology_coeff_field=2, persistence_dim_max=True)
    holes = tree.persistence_intervals_in_dimension(1).reshape(-1, 2).clip(max=end)
    times = np.unique(np.concatenate(([0.0, end], holes.ravel())))
    middles = (times[1:] + times[:-1]) / 2
    alive = ((holes[:, :1] <= middles) & (middles < holes[:, 1:])).sum(axis=0)
    kept = alive < i_max
    np.add.at(shares, alive[kept], np.diff(times)[kept] / end)
    return shares


def _distances(points: Floats, landmarks: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    found: Floats = cdist(points, landmarks)
    return found


def _gudhi() -> Any:
    try:
        import gudhi
    except ImportError as error:
        raise ValueError("it needs gudhi: pip install 'ganbench[topology]'") from error
    return gudhi


def _told(mean: Floats) -> list[float]:
    """Up to the last that is above 0."""
    return [round(value, 6) for value in np.trim_zeros(mean, "b").tolist()]
