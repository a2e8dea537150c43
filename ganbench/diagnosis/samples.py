"""What the samples themselves tell: that they are all alike, or copies of the training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganbench.diagnosis.finding import Finding, percent
from ganbench.diagnosis.history import SPAN, WARM_UP, History

ALIKE = 0.5  # diversity, that of reals being 1: the zoo's healthy runs have 0.9 after 200 steps
GRIDS = 4  # in a row at least
RISING = 1.15  # from the first to the last of them: then it is only not yet there
COVERED = 0.75  # share of the modes that reals of the same number cover
MISSING = 0.1  # share of the classes that are missing
LARGEST = ("largest_class", "largest_class_of_reals")
COPIED = 0.2  # share of copies; 0.01 if nothing is copied
IMAGES = 5  # that are copied: one that is near to all is a blank, or a collapse


def collapsed(history: History) -> Finding | None:
    """The samples are alike, or modes or classes are missing: as far as it has been looked at."""
    return _alike(history) or _few_modes(history) or _missing_classes(history)


def _alike(history: History) -> Finding | None:
    values = history.window("diversity", GRIDS)
    if values is None or values.max() >= ALIKE or values[-1] > RISING * values[0]:
        return None
    return Finding(
        f"The generator has collapsed: its samples are {percent(values[-1])} as far from each "
        f"other as real ones, and that has not grown for {len(values)} sample grids.",
        {"diversity": float(values[-1]), "diversity_before": float(values[0])},
    )


def _few_modes(history: History) -> Finding | None:
    found = _lasting(history, "signs/modes_covered")
    real = history.last("signs/modes_covered_by_reals", 1)
    if found is None or real is None or found.max() >= COVERED * real[0]:
        return None
    return Finding(
        f"The generator covers {found[-1]:g} of {real[0]:g} modes, and no more than before.",
        {"modes_covered": float(found[-1]), "modes_covered_by_reals": float(real[0])},
    )


def _missing_classes(history: History) -> Finding | None:
    found = _lasting(history, "signs/classes_missing")
    classes = history.last("signs/classes", 1)
    if found is None or classes is None or found.min() < max(1, MISSING * classes[0]):
        return None
    largest = {n: history.last(f"signs/{n}", 1) for n in LARGEST}
    return Finding(
        f"The generator does not make {found[-1]:g} of {classes[0]:g} classes: each of them has "
        "less than a tenth of its share among reals.",
        {
            "classes": float(classes[0]),
            "classes_missing": float(found[-1]),
            **{name: float(value[0]) for name, value in largest.items() if value is not None},
        },
    )


def memorising(history: History) -> Finding | None:
    """The fakes are nearer to training images than other reals are."""
    found = _lasting(history, "signs/copied_share")
    ratio, images = (history.last(f"signs/{n}", 1) for n in ("copying_ratio", "copied_images"))
    if found is None or ratio is None or images is None:
        return None
    if found.min() < COPIED or images[0] < IMAGES:
        return None
    return Finding(
        f"The generator copies: {percent(found[-1])} of its samples are nearer to a training image "
        "than all but 1 % of reals that it has not seen are.",
        {
            "copied_share": float(found[-1]),
            "copied_images": float(images[0]),
            "copying_ratio": float(ratio[0]),
        },
    )


def _lasting(history: History, name: str) -> NDArray[np.float64] | None:
    """The last two values that a scoring gave, or at the end of the training the last one.

    None in the first steps, as of the curves: nothing can be asked of a generator so early.
    """
    if history.step < WARM_UP + SPAN:
        return None
    return history.last(name, 1 if history.final(name) else 2)
