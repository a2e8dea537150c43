"""The relatives of the Inception Score, on whatever classifier gave the probabilities."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganbench.types import Outcome, Probs, Spread


def modified_inception_score(
    fake: Probs, *, within_class: bool = True, eps: float = 1e-12
) -> Outcome:
    """The mean over classes of exp(E KL(p(y|gᵢ) ‖ p(y|gⱼ))), over pairs of fakes of one class.

    Gurumurthy et al., "DeLiGAN" (2017). In [1, ∞), higher is more diverse within classes; fake N×K.
    A fake's class is its likeliest, and classes without fakes do not count. Without `within_class`
    over all pairs, as Kong et al., "DiffWave" (2021), have it. The pairs i = j are in the mean, so
    E KL = Σ E[p log p] − E[p] E[log p], in O(NK). Probabilities below `eps` count as `eps` in a
    logarithm: for a sure classifier the value without `within_class` is made by it.
    """
    p = fake.double()
    log = p.clamp(min=eps).log()
    place = p.argmax(1) if within_class else torch.zeros_like(p.argmax(1))
    classes, place, n = place.unique(return_inverse=True, return_counts=True)

    def mean(x: Tensor) -> Tensor:
        sums: Tensor = x.new_zeros((len(classes), x.shape[1])).index_add_(0, place, x)
        return sums.div_(n[:, None])

    divergence = (mean(p * log) - mean(p) * mean(log)).sum(1).clamp(min=0)
    return Outcome(divergence.exp().mean().item(), detail={"classes": len(classes), "eps": eps})


def mode_score(real: Probs, fake: Probs, *, variant: str = "c") -> float:
    """The Inception Score that knows the reals' classes p_t, of which there are three formulas.

    Che et al., "Mode Regularized Generative Adversarial Networks" (2017). Higher is better, real
    N×K, fake M×K, p_g and p_t their mean predictions. `variant`:
    "c": exp(E KL(p(y|g) ‖ p_g) − KL(p_g ‖ p_t)), the Inception Score times exp(−KL): in (0, K];
    "b": exp(E KL(p(y|g) ‖ p_t) − KL(p_t ‖ p_g)), as Che et al. print it: in [0, ∞);
    "a": exp(E KL(p(y|g) ‖ p_t) − KL(p_g ‖ p_t)), as surveys print it. This is the Inception Score,
    whatever p_t is, in [1, K].
    Nothing is clipped: 0 log 0 is 0, and a divergence may be infinite.

    Raises ValueError for another variant, and where two divergences are infinite.
    """
    if variant not in ("a", "b", "c"):
        raise ValueError(f"the Mode Score has the variants a, b and c, not {variant!r}")
    p, target = fake.double(), real.double().mean(0)
    marginal = p.mean(0)
    sure = _divergence(p, marginal if variant == "c" else target).mean().item()
    first, second = (target, marginal) if variant == "b" else (marginal, target)
    balance = _divergence(first, second).item()
    if sure == balance == math.inf:
        raise ValueError("fakes are taken for classes that no real has any probability of")
    return math.exp(sure - balance)


def am_score(real: Probs, fake: Probs, *, eps: float = 1e-18) -> float:
    """KL(p_t ‖ p_g) + E H(p(y|g)), in nats: in [0, ∞), lower is better.

    Zhou et al., "Activation Maximization Generative Adversarial Nets" (2018), section 6; real N×K,
    fake M×K, p_t and p_g their mean predictions, H the entropy. Made for a classifier that was
    trained on the data set in question. p_g counts as `eps` where it is less.
    """
    target, marginal = real.double().mean(0), fake.double().mean(0).clamp(min=eps)
    entropy = torch.special.entr(fake.double()).sum(1).mean()
    return float(_divergence(target, marginal) + entropy)


def am_score_spread(real: Probs, fake: Probs, *, eps: float = 1e-18) -> Spread:
    """95 % interval of the AM Score between the distributions, by its expansion to second order.

    The KL is Σ p_t log(p_t / p_g), so a fake counts by H(p) − Σ p p_t / p_g and a real by
    Σ q log(p_t / p_g); the bias is ½ Σ (Var q / N p_t + Var p · p_t / M p_g²).
    """
    q, p = real.double(), fake.double()
    target, marginal = q.mean(0), p.mean(0).clamp(min=eps)
    ratio = target / marginal
    fakes = torch.special.entr(p).sum(1) - p @ ratio
    reals = q @ ratio.clamp(min=eps).log()
    bias = q.var(0) / (len(q) * target.clamp(min=eps)) + p.var(0) * ratio / (len(p) * marginal)
    error = (fakes.var() / len(p) + reals.var() / len(q)).sqrt().item()
    return Spread(am_score(real, fake, eps=eps) - bias.sum().item() / 2, error)


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p ‖ q) over the last dimension; 0 where p is 0, ∞ where only q is."""
    return torch.where(p > 0, p * (p / q).log(), torch.zeros_like(p)).sum(-1)
