"""What is logged with every tracker, and what must be there after the import."""

import math

import numpy as np

STEPS = 20
GRIDS = (0, 5, 10, 15)
CONFIG = {"lr": 0.0002, "batch": 128, "arch": "dcgan", "flag": True}


def losses(step):
    dis = math.nan if step == 7 else step / 3
    adv = {3: math.inf, 4: -math.inf}.get(step, 1 / (1 + step))
    return {"dis_loss": dis, "adv_loss": adv}


def curve(name):
    return [losses(step)[name] for step in range(STEPS)]


def grid(step):
    return np.random.default_rng(step).integers(0, 256, (12, 9, 3), dtype=np.uint8)
