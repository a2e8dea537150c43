"""Generators against discriminators that were trained against others."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ganbench.measures.glicko import rate
from ganbench.types import Model, Outcome, Player, Samples, Spread

SIDE = 64  # fakes of a match, and reals
KEEP = "keep more checkpoints of the run (--keep), or name rivals"


def gam(
    fake: Model,
    control: Samples,
    rivals: tuple[Model, ...],
    *,
    n: int = 1000,
    tolerance: float = 0.1,
    rule: str = "paper",
    seed: int = 0,
) -> Outcome:
    """r_samples of the generative adversarial metric, in (0, ∞), lower is better: below 1 it wins.

    The model's newest networks G₁, D₁ swap discriminators with G₂, D₂: those of the newest
    checkpoint of each rival, or of the oldest checkpoint of the run. With ε the share of `n`
    samples that a discriminator takes for the other kind,

        r_samples = ε(D₁(G₂(z))) / ε(D₂(G₁(z))),  r_test = ε(D₁(x)) / ε(D₂(x)),  x in `control`,

    where k errors count as (k + ½)/(n + 1), so that no ratio is 0 or infinite. `rule` is "paper",
    by which r_samples < 1 wins and > 1 loses if |r_test − 1| ≤ `tolerance`, else it is a tie; or
    "code", that of the authors' program, by which (1 − ε(D₁(G₂(z))))/(1 − ε(D₂(G₁(z)))) > 1 wins,
    whatever r_test. The value is the mean of r_samples over the opponents, the `detail` has each
    battle. Im et al., "Generating Images with Recurrent Adversarial Networks" (2016), section 4.
    Raises ValueError without two models that can judge, and for another rule.
    """
    if rule not in ("paper", "code"):
        raise ValueError(f"rule is 'paper' or 'code', not {rule!r}")
    kept = fake.players()
    one, others = kept[-1], [rival.players()[-1] for rival in rivals] or list(kept[:1])
    if others[0] is one:
        raise ValueError(f"there is one checkpoint alone, which has no opponent: {KEEP}")
    for player in (one, *others):
        if player.judge is None:
            raise ValueError(f"{player.why} ({player.name})")
    _same_shape((one, *others))
    x = one.read(control[_rows(len(control), min(n, len(control)), seed)])
    battles = [_battle(one, other, x, n, tolerance, rule, seed) for other in others]
    value = sum(float(battle["r_samples"]) for battle in battles) / len(battles)
    return Outcome(value, detail={"model": one.name, "battles": battles})


def tournament_win_rate(
    fake: Model,
    control: Samples,
    rivals: tuple[Model, ...],
    *,
    rounds: int = 10,
    most: int = 8,
    seed: int = 0,
) -> Outcome:
    """How often the model's newest generator wins against all discriminators, in [0, 1].

    Higher is better, within one pool: all generators and all discriminators of the checkpoints of
    the run, and of each rival's, newest first; of each model `most` at most, the newest, the oldest
    and evenly between. In each of the `rounds` each generator meets each discriminator
    with 64 fakes and 64 of the `control`; the discriminator scores the share that it judges
    rightly, the generator the rest. The spread is over the rounds, for this pool. Olsson et al.,
    "Skill Rating for Generative Models" (2018). Raises ValueError for fewer than two generators,
    or if no discriminator can judge.
    """
    pool = _pool(fake, rivals, most)
    wins = _tournament(pool, control, rounds, seed)
    mine = wins[:, 0].mean(1)
    spread = None
    if rounds > 1:
        spread = Spread(float(mine.mean()), float(mine.std()) / math.sqrt(rounds), rounds - 1)
    return Outcome(float(mine.mean()), spread, _told(pool, wins))


def skill_rating(
    fake: Model,
    control: Samples,
    rivals: tuple[Model, ...],
    *,
    rounds: int = 10,
    most: int = 8,
    seed: int = 0,
) -> Outcome:
    """The Glicko-2 rating of the model's newest generator, about 1500; higher is better.

    Each round of that tournament is a rating period: all start at 1500 with the deviation 350 and
    the volatility 0.06, τ is 0.5, and a match counts with its share as the score. The `detail` has
    all ratings. They say who is better within the pool alone. Olsson et al. (2018); Glickman
    (2013). Raises ValueError like `tournament_win_rate`.
    """
    pool = _pool(fake, rivals, most)
    wins = _tournament(pool, control, rounds, seed)
    judges = _judges(pool)
    many = len(pool)
    periods = [
        [(i, many + j, float(share[i, j])) for i in range(many) for j in range(len(judges))]
        for share in wins
    ]
    ratings = rate(many + len(judges), periods)
    roles = [("generator", p) for p in pool] + [("discriminator", p) for p in judges]
    table = [
        {
            "player": player.name,
            "role": role,
            "rating": round(rating.value, 2),
            "deviation": round(rating.deviation, 2),
        }
        for (role, player), rating in zip(roles, ratings, strict=True)
    ]
    return Outcome(ratings[0].value, detail={**_told(pool, wins), "ratings": table})


def _battle(
    one: Player, other: Player, x: Tensor, n: int, tolerance: float, rule: str, seed: int
) -> dict[str, float | str]:
    """Both ratios, the errors behind them, and the verdict."""
    swapped = (_calls(one, other.make(n, seed), real=True), _calls(other, one.make(n, seed), True))
    tested = (_calls(one, x, real=False), _calls(other, x, real=False))
    r_samples, r_test = (a / b for a, b in (swapped, tested))
    accuracies = (1 - swapped[0]) / (1 - swapped[1])
    if rule == "code":
        won, lost = accuracies > 1, accuracies < 1
    else:
        fair = abs(r_test - 1) <= tolerance
        won, lost = fair and r_samples < 1, fair and r_samples > 1
    return {
        "opponent": other.name,
        "r_samples": r_samples,
        "r_test": r_test,
        "accuracy_ratio": accuracies,
        "verdict": "won" if won else "lost" if lost else "tie",
    }


def _calls(player: Player, samples: Tensor, real: bool) -> float:
    """The share of the samples that a discriminator calls so, never 0 nor 1."""
    assert player.judge is not None
    count = int(((player.judge(samples) > 0) == real).sum())
    return (count + 0.5) / (len(samples) + 1)


def _pool(fake: Model, rivals: tuple[Model, ...], most: int) -> list[Player]:
    """The run's players, then the rivals', each from the newest on."""
    if most < 1:
        raise ValueError(f"most {most} leaves no player")
    pool = [player for model in (fake, *rivals) for player in _some(model.players(), most)]
    if not _judges(pool):
        raise ValueError(pool[0].why)
    if len(pool) < 2:
        raise ValueError(f"one checkpoint makes no tournament: {KEEP}")
    _same_shape(pool)
    return pool


def _some(players: Sequence[Player], most: int) -> list[Player]:
    """At most so many, evenly, the newest first."""
    newest_first = players[::-1]
    if len(players) <= most:
        return list(newest_first)
    apart = (len(players) - 1) / max(1, most - 1)
    return [newest_first[round(i * apart)] for i in range(most)]


def _judges(pool: Sequence[Player]) -> list[Player]:
    return [player for player in pool if player.judge is not None]


def _same_shape(players: Sequence[Player]) -> None:
    shapes = {tuple(player.make(1, 0).shape[1:]) for player in players}
    if len(shapes) > 1:
        words = " and ".join(sorted("x".join(map(str, shape)) for shape in shapes))
        raise ValueError(f"the models make samples of different shapes: {words}")


def _tournament(pool: Sequence[Player], reals: Tensor, rounds: int, seed: int) -> Tensor:
    """The share of each match that the generator wins: float64, rounds×generators×judges."""
    judges, many = _judges(pool), rounds * SIDE
    x = pool[0].read(reals[_rows(len(reals), many, seed)])
    fakes = [player.make(many, seed) for player in pool]
    wins = torch.zeros(rounds, len(pool), len(judges), dtype=torch.float64)
    for j, player in enumerate(judges):
        assert player.judge is not None
        on_real = _shares(player.judge(x) > 0, rounds)
        for i, made in enumerate(fakes):
            wins[:, i, j] = 1 - (on_real + _shares(player.judge(made) <= 0, rounds)) / 2
    return wins


def _shares(right: Tensor, rounds: int) -> Tensor:
    return right.view(rounds, -1).double().mean(1)


def _rows(count: int, n: int, seed: int) -> Tensor:
    """n random rows, each again only after all."""
    draws = torch.Generator().manual_seed(seed)
    orders = [torch.randperm(count, generator=draws) for _ in range(-(-n // count))]
    return torch.cat(orders)[:n]


def _told(pool: Sequence[Player], wins: Tensor) -> dict[str, object]:
    """The pool, by whose id ratings may be compared, and who won how often against whom."""
    names = [player.name for player in pool]
    judges = [player.name for player in _judges(pool)]
    return {
        "pool": hashlib.sha256("\n".join(names).encode()).hexdigest()[:12],
        "generators": names,
        "discriminators": judges,
        "wins": [[round(share, 4) for share in row] for row in wins.mean(0).tolist()],
    }
