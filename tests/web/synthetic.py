"""Small runs that nobody trained, for the table of runs and for the page that compares."""

import hashlib
import itertools
import math

import numpy as np

from ganbench.store import folder
from ganbench.store.journal import Journal
from ganbench.store.media import encode

HOSTILE = "<img src=x onerror=alert(1)>"
NUMBERS = itertools.count()


def score(measure, value, better, *, interval=None, n_fake=500):
    """A score as the evaluation writes it."""
    protocol = {"measure": measure, "n_fake": n_fake, "versions": {"torch": "2"}}
    return {
        "measure": measure,
        "extractor": "coordinates",
        "n_fake": n_fake,
        "n_real": 1000,
        "value": value,
        "interval": interval,
        "better": better,
        "protocol": protocol,
        "fingerprint": f"{measure}-{n_fake}",
    }


def add_run(
    where,
    *,
    config=None,
    tags=(),
    state="finished",
    losses=(0.7, 0.6, 0.5),
    scores=(),
    picture=None,
    created=None,
    environment=None,
    **more,
):
    """A run folder whose journal is open if `state` is None; returns its id and the journal."""
    config = {"recipe": "ring8", "steps": len(losses), **(config or {})}
    if created is None:
        created = f"2026-11-02T10:{next(NUMBERS) % 60:02}:00+00:00"
    content = {"config": config, "environment": environment or {}, "tags": list(tags)}
    run = folder.create(
        where, more.get("project") or config["recipe"], content | more, more.get("id")
    )
    content = {**run.read(), "created": created}
    folder.replace_file(run.path / "run.json", folder.dumps(content))
    log = Journal(run.path, step=0)
    for step, loss in enumerate(losses, 1):
        log.row(step, step * 64, {"dis_loss": loss, "adv_loss": 1.0})
    if picture is not None:
        data = encode(np.full((8, 8, 3), picture, np.uint8))
        digest = hashlib.sha256(data).hexdigest()
        (run.media / f"{digest}.webp").write_bytes(data)
        fields = {"name": "samples", "step": len(losses), "seen": 64, "sha256": digest}
        log.write("media", **fields, width=8, height=8)
    if scores:
        log.write("scores", step=len(losses), seen=64, scores=list(scores))
    if state is not None:
        reason = None if state == "finished" else f"{HOSTILE} is not finite"
        end = {"state": state, "step": len(losses), "seen": 64 * len(losses)}
        log.write("end", **end, reason=reason, summary=None)
        log.close()
    return run.path.name, log


def twelve(where):
    """Runs in which `lr` drives the Fréchet distance; ids by their number, the oldest first.

    Number 3 has another protocol, 5 diverged, 7 was never scored, 9 has hostile names.
    """
    made = []
    for i in range(12):
        lr = round(10 ** (-5 + i / 4), 12)
        value = 0.1 + abs(math.log10(lr) + 3)
        scores = [
            score("frechet", value, "lower", interval=[value - 0.05, value + 0.05]),
            score("recall", 1 - value / 4, "higher"),
        ]
        if i == 3:
            scores = [score("frechet", 0.001, "lower", n_fake=500) | {"fingerprint": "other"}]
            scores[0]["protocol"] = {"measure": "frechet", "n_fake": 500, "reference": "x", "k": 5}
        hostile = {"name": HOSTILE, "project": "<b>p</b>"} if i == 9 else {}
        run, _ = add_run(
            where,
            id=f"run{i:02}",
            config={
                "recipe": ["ring8", "mnist"][i % 2],
                "optimizer_d": {"lr": lr},
                "seed": i,
                "loss": {"name": HOSTILE if i == 9 else ["hinge", "wasserstein"][i % 3 == 0]},
                "clip": None if i % 4 else 0.1,
            },
            tags=[HOSTILE, "odd tag, with a comma"]
            if i == 9
            else [["baseline"], ["sweep", "lr"], []][i % 3],
            state="diverged" if i == 5 else "finished",
            losses=[1.0, math.nan, 0.5] if i == 5 else [1.0, 0.8, 0.1 * i],
            scores=[] if i == 7 else scores,
            picture=20 * i,
            created=f"2026-11-{10 + i}T10:00:00+00:00",
            environment={"host": ["alpha", "beta"][i % 2], "git": {"commit": "abc"}},
            **hostile,
        )
        made.append(run)
    return made
