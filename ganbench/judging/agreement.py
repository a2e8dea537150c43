"""Whether raters agree, beyond chance, on what they all judged."""

from __future__ import annotations

from collections.abc import Sequence

Counts = Sequence[Sequence[int]]
"""Of each thing that was judged, how many raters chose each category."""


def fleiss_kappa(counts: Counts) -> float | None:
    """Fleiss (1971): 1 all agree, 0 as by chance; all things judged by equally many raters.

    None where it is not defined: without things, with one rater, or with one category alone.
    Raises ValueError if the numbers of raters differ.
    """
    raters = {sum(row) for row in counts}
    if len(raters) > 1:
        raise ValueError(f"between {min(raters)} and {max(raters)} raters; Fleiss' kappa needs one")
    if not counts or (n := raters.pop()) < 2:
        return None
    observed = sum(sum(k * (k - 1) for k in row) / (n * (n - 1)) for row in counts) / len(counts)
    shares = [sum(column) / (n * len(counts)) for column in zip(*counts, strict=True)]
    chance = sum(share * share for share in shares)
    return None if chance == 1 else (observed - chance) / (1 - chance)


def krippendorff_alpha(counts: Counts) -> float | None:
    """Krippendorff's alpha for names (2011): like kappa, but raters may have judged only some.

    What one rater alone judged does not count. None where it is not defined.
    """
    shared = [row for row in counts if sum(row) >= 2]
    n = sum(map(sum, shared))
    same = sum(sum(k * (k - 1) for k in row) / (sum(row) - 1) for row in shared)
    totals = [sum(column) for column in zip(*shared, strict=True)]
    apart = n * (n - 1) - sum(k * (k - 1) for k in totals)
    return 1 - (n - 1) * (n - same) / apart if apart else None
