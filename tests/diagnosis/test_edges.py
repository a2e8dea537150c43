"""On which side of its threshold a detector speaks: rows that differ in one number."""

import math

import pytest

from ganbench.diagnosis import Watch
from ganbench.events import Scalars
from tests.diagnosis.trainings import config

HEALTHY = {
    "dis_loss": 1.2,
    "dis_acc": 0.7,
    "adv_loss": 0.9,
    "adv_acc": 0.2,
    "dis_real": 0.3,
    "dis_fake": -0.3,
    "dis_grad": 1.0,
    "adv_grad": 1.0,
    "diversity": 0.9,
}
WON = {"dis_acc": 1.0, "adv_acc": 0.0}


def codes(rows):
    """What a watch says of rows, one each ten steps, that differ from healthy ones as given."""
    watch = Watch(config("non-saturating", 10**6))
    events = (Scalars(10 * i, 10 * i, HEALTHY | row) for i, row in enumerate(rows))
    return {warned.code for event in events for warned in watch.see(event)}


def grow(first, last):
    """A norm that grows exponentially within 60 rows, and stays."""
    return [{"dis_grad": first * (last / first) ** min(i / 60, 1)} for i in range(100)]


def swing(size):
    return [{"adv_loss": 0.9 + size * math.sin(2 * math.pi * i / 12)} for i in range(100)]


def diversity(first, last):
    return [{"diversity": first + (last - first) * i / 100} for i in range(100)]


@pytest.mark.parametrize(
    ("code", "silent", "speaks"),
    [
        # It is right, but not sure of it.
        (
            "discriminator-saturated",
            [WON | {"dis_loss": 0.1}] * 100,
            [WON | {"dis_loss": 0.01}] * 100,
        ),
        # The gradient of a generator that fools nobody; of one that has won, it may vanish.
        (
            "generator-gradients-vanish",
            [{"adv_grad": 10.0 ** (-i / 20), "adv_acc": 0.5} for i in range(100)],
            [{"adv_grad": 10.0 ** (-i / 20), "adv_acc": 0.01} for i in range(100)],
        ),
        # Many times more, but still small; and much more.
        ("exploding-norms", grow(0.01, 20.0), grow(0.01, 50.0)),
        # Large from the start; and large since it exploded within the first rows.
        (
            "exploding-norms",
            [{"adv_grad": 2000.0}] * 100,
            [{"adv_grad": 100.0 if i < 5 else 2000.0} for i in range(100)],
        ),
        ("exploding-norms", grow(10.0, 900.0), grow(10.0, 1500.0)),
        # A ripple; and swings of a tenth of chance's loss.
        ("oscillation", swing(0.001), swing(0.1)),
        # On its way up; and where it has always been.
        ("mode-collapse", diversity(0.1, 0.45), diversity(0.2, 0.2)),
        ("judges-the-batch", [WON] * 100, [{"dis_acc": 1.0, "adv_acc": 1.0}] * 100),
        ("discriminator-not-learning", [{}] * 100, [{"dis_grad": 0.0}] * 100),
    ],
)
def test_a_detector_speaks_on_one_side_only(code, silent, speaks):
    assert code not in codes(silent)
    assert code in codes(speaks)


def test_healthy_rows_are_silent():
    assert codes([{}] * 200) == set()


def test_a_short_calm_is_no_end():
    """18 rows of 31 turn the median of the window for 17 looks; 20 would be the end."""
    watch = Watch(config("non-saturating", 10**6))
    for i in range(300):
        row = {} if 100 <= i < 118 else WON | {"dis_loss": 0.01}
        said = list(watch.see(Scalars(10 * i, 10 * i, HEALTHY | row)))
        assert [warned.over for warned in said] == ([False] if i == 40 else [])
