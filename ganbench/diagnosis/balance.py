"""Whether one network has left the other behind: detectors of the two networks' balance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganbench.diagnosis.finding import Finding, percent
from ganbench.diagnosis.history import ROWS, SPAN, History

RIGHT = 0.99  # accuracy from which a discriminator makes no mistakes
SATURATED = 0.02  # share of the loss of chance: its slope at the fakes is then about as small
VANISHED = 0.01  # of the generator's usual gradient; a cosine of rates leaves about 0.05 of it
LEARNED = 0.99  # share of the loss of chance below which something has been learned
ROWS_LEARNED = 3  # so many rows below it are no accident
STUCK = 0.998  # share of the loss of chance above which nothing is known: a batch's noise is less
FOOLED = 0.95  # accuracy of both sides at once, which only a look at the batch can give


def saturated(history: History) -> Finding | None:
    """The discriminator makes no mistakes, and is sure of it; the generator fools it with none."""
    loss, right, fooled = (history.window(n) for n in ("dis_loss", "dis_acc", "adv_acc"))
    if history.chance is None or loss is None or right is None or fooled is None:
        return None
    share = float(np.median(loss)) / history.chance
    if np.median(right) < RIGHT or np.median(fooled) > 1 - RIGHT or share > SATURATED:
        return None
    return Finding(
        f"The discriminator has won: for {SPAN} steps it has called {_percent(right)} of the "
        f"images right, and its loss is {percent(share, 2)} of what guessing would cost.",
        {
            "dis_acc": float(np.median(right)),
            "adv_acc": float(np.median(fooled)),
            "dis_loss": float(np.median(loss)),
            "dis_loss_of_chance": history.chance,
            **_middle(history, "dis_real", "dis_fake", "adv_grad"),
        },
    )


def vanishing(history: History) -> Finding | None:
    """The generator's gradient is next to nothing of what it was, and it has not won."""
    gradient, fooled = history.window("adv_grad"), history.window("adv_acc")
    if gradient is None or fooled is None:
        return None
    known = history.all("adv_grad")
    now, usual = float(np.median(gradient)), max(_large(known), _large(known[:ROWS]))
    losing = history.chance is None or np.median(fooled) <= 1 - FOOLED
    if now > VANISHED * usual or not losing or gradient[-1] > gradient[0]:
        return None
    words = f"{now / usual:.1e} of what it was" if usual else "zero"
    return Finding(
        f"The generator gets no gradient: its norm is {words}, while the discriminator calls "
        f"{_percent(1 - fooled)} of the fakes right.",
        {"adv_grad": now, "adv_grad_usual": usual, **_middle(history, "adv_acc", "dis_fake")},
    )


def not_learning(history: History) -> Finding | None:
    """The discriminator has done no better than chance since the start, or has no gradient."""
    loss, gradient = history.window("dis_loss"), history.window("dis_grad")
    if history.chance is None or loss is None or gradient is None:
        return None
    share = loss / history.chance
    learned = int((history.all("dis_loss") < LEARNED * history.chance).sum())
    dead = not gradient.any() and np.median(share) > SATURATED
    if not dead and (share.min() < STUCK or learned >= ROWS_LEARNED):
        return None
    words = "its gradient is zero" if dead else f"its loss has been that of chance for {SPAN} steps"
    return Finding(
        f"The discriminator does not learn: {words}, so the generator has nobody to learn from.",
        {
            "dis_loss": float(np.median(loss)),
            "dis_loss_of_chance": history.chance,
            "dis_grad": float(np.median(gradient)),
            **_middle(history, "dis_acc", "dis_real", "dis_fake"),
        },
    )


def by_the_batch(history: History) -> Finding | None:
    """The discriminator is right on the mixed batch, yet believes a batch of fakes alone."""
    right, fooled = history.window("dis_acc"), history.window("adv_acc")
    if history.chance is None or right is None or fooled is None:
        return None
    if np.median(right) < FOOLED or np.median(fooled) < FOOLED:
        return None
    return Finding(
        f"The discriminator judges the batch and not the image: it calls {_percent(right)} right "
        f"when it is trained, and {_percent(fooled)} of the fakes real when the generator is.",
        {
            "dis_acc": float(np.median(right)),
            "adv_acc": float(np.median(fooled)),
            **_middle(history, "dis_loss", "adv_loss", "dis_real", "dis_fake"),
        },
    )


def _large(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.9))


def _percent(shares: NDArray[np.float64]) -> str:
    return percent(float(np.median(shares)), 1)


def _middle(history: History, *names: str) -> dict[str, float]:
    """The medians of some windows, as far as they are logged."""
    found = {name: history.window(name) for name in names}
    return {name: float(np.median(v)) for name, v in found.items() if v is not None and len(v)}
