"""GAN-train and GAN-test, and what else follows from classifiers trained on each side."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganbench.measures.classified import Classified
from ganbench.types import Outcome


def gan_base(pair: Classified) -> float:
    """Accuracy on the control of classifiers trained on reals, 0 to 1: the mean of the seeds."""
    return _mean(_accuracies(pair.real_on_control, pair.control))


def gan_train(pair: Classified) -> Outcome:
    """Accuracy on the control of classifiers trained on fakes, 0 to 1, higher is better.

    Shmelkov, Schmid and Alahari, "How good is my GAN?" (2018). The same number is the
    classification accuracy score of Ravuri and Vinyals, "Classification Accuracy Score for
    Conditional Generative Models" (2019), whose top-5 accuracy is in the detail.
    """
    return Outcome.of_seeds(
        _accuracies(pair.fake_on_control, pair.control),
        base=gan_base(pair),
        top5=_mean(_accuracies(pair.fake_on_control, pair.control, 5)),
        base_top5=_mean(_accuracies(pair.real_on_control, pair.control, 5)),
        on_reals=_mean(_accuracies(pair.fake_on_real, pair.real)),
        by_class=_by_class(pair.fake_on_control, pair.control),
        trained_on=pair.n,
    )


def gan_test(pair: Classified) -> Outcome:
    """Accuracy on the fakes of classifiers trained on reals, 0 to 1; GAN-base is best.

    Shmelkov et al. (2018). Above GAN-base the fakes are easier than reals are: prototypes, or
    copies of what the classifiers were trained on; below, they are poor or of the wrong class.
    """
    return Outcome.of_seeds(
        _accuracies(pair.real_on_fake, pair.fake),
        base=gan_base(pair),
        by_class=_by_class(pair.real_on_fake, pair.fake),
        trained_on=pair.n,
    )


def gqi(pair: Classified) -> Outcome:
    """GAN quality index: 100 · accuracy(C_g) / accuracy(C_r), both on the control.

    Ye et al., "GAN Quality Index (GQI) by GAN-induced Classifier" (2018). At least 0, of a perfect
    generator 100, higher is better. Raises ValueError if no real net is ever right.
    """
    fakes = _accuracies(pair.fake_on_control, pair.control)
    reals = _accuracies(pair.real_on_control, pair.control)
    if min(reals) == 0:
        raise ValueError("a classifier trained on reals is never right on the held-out images")
    ratios = [100 * fake / real for fake, real in zip(fakes, reals, strict=True)]
    return Outcome.of_seeds(ratios, fake=_mean(fakes), real=_mean(reals))


def adversarial_accuracy(pair: Classified) -> Outcome:
    """Accuracy of P_a, trained on reals, less that of P_s, trained on fakes, both on the control.

    Yang et al., "LR-GAN: Layered Recursive Generative Adversarial Networks for Image Generation"
    (2017), who report both: they are in the detail. In [−1, 1], 0 is best.
    """
    real = _accuracies(pair.real_on_control, pair.control)
    fake = _accuracies(pair.fake_on_control, pair.control)
    gaps = [a - s for a, s in zip(real, fake, strict=True)]
    return Outcome.of_seeds(gaps, real=_mean(real), fake=_mean(fake))


def adversarial_divergence(pair: Classified, *, clip: float = 1e-4) -> Outcome:
    """Mean KL(P_a(y|x) ‖ P_s(y|x)) over the control x, in nats: at least 0, lower is better.

    Yang et al. (2017). P_a is trained on reals, P_s on fakes. Probabilities below `clip` count as
    `clip` (and rows sum to 1 again), or one over-confident mistake would be the whole mean. The
    detail has the floor: the same between nets of two seeds that are both trained on reals.
    Raises ValueError if `clip` is not in (0, 1).
    """
    values = [
        divergence(a, s, clip)
        for a, s in zip(pair.real_on_control, pair.fake_on_control, strict=True)
    ]
    floor = adversarial_floor(pair, clip=clip) if len(values) > 1 else None
    return Outcome.of_seeds(values, floor=floor, clip=clip)


def adversarial_floor(pair: Classified, *, clip: float = 1e-4) -> float:
    """The adversarial divergence between nets of two seeds, both trained on the same reals.

    Raises ValueError if there is one seed only.
    """
    nets = list(pair.real_on_control)
    if len(nets) < 2:
        raise ValueError("the floor is between the nets of two seeds, and there is one")
    return _mean([divergence(a, b, clip) for a, b in zip(nets, nets[1:] + nets[:1], strict=True)])


def divergence(p: Tensor, q: Tensor, clip: float) -> float:
    """Mean KL of the rows of two tables of log-probabilities, N×K, in nats; at least 0."""
    if not 0 < clip < 1:
        raise ValueError(f"clip = {clip} is not between 0 and 1")
    p, q = (_clipped(table.double(), clip) for table in (p, q))
    return max(0.0, (p.exp() * (p - q)).sum(1).mean().item())


def _clipped(table: Tensor, clip: float) -> Tensor:
    return table.clamp(min=math.log(clip)).log_softmax(1)


def _accuracies(log_probs: Tensor, labels: Tensor, top: int = 1) -> list[float]:
    """Per seed, of S×N×K: how often the class is among the `top` likeliest."""
    best = log_probs.topk(min(top, log_probs.shape[2]), dim=2).indices
    right = (best == labels[None, :, None]).any(2)
    return [share.item() for share in right.double().mean(1)]


def _by_class(log_probs: Tensor, labels: Tensor) -> list[float | None]:
    """Mean accuracy of the seeds on the samples of each class; None of a class without any."""
    right = (log_probs.argmax(2) == labels).double().mean(0)
    classes = log_probs.shape[2]
    counts = torch.bincount(labels, minlength=classes).tolist()
    sums = torch.bincount(labels, right, minlength=classes).tolist()
    return [total / count if count else None for total, count in zip(sums, counts, strict=True)]


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
