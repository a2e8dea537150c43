"""The objectives against the papers: their formulas in NumPy, their optimal discriminators, and the
divergences that these measure, on data of five points whose probabilities are known."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats

from ganbench.train.losses import OBJECTIVES

LOGISTIC = ["minimax", "non-saturating"]
SMOOTHED = [name for name, row in OBJECTIVES.items() if row.smoothed]

# How many of 64 samples lie at each point: data, and what a generator makes.
P_COUNTS, Q_COUNTS = np.array([8, 16, 24, 12, 4]), np.array([20, 6, 24, 4, 10])
P, Q = P_COUNTS / 64, Q_COUNTS / 64
MIXTURE = (P + Q) / 2
PLACES = np.array([0.0, 1.0, 2.5, 3.0, 7.0])


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


def cross_entropy(logits, target):
    return -(target * log_sigmoid(logits) + (1 - target) * log_sigmoid(-logits)).mean()


FORMULAS = {  # (discriminator, generator) of real logits r and fake logits f
    "bce": (
        lambda r, f: (cross_entropy(r, 1) + cross_entropy(f, 0)) / 2,
        lambda r, f: cross_entropy(f, 1),
    ),
    "minimax": (
        lambda r, f: -np.log(special.expit(r)).mean() - np.log(1 - special.expit(f)).mean(),
        lambda r, f: np.log(1 - special.expit(f)).mean(),
    ),
    "non-saturating": (
        lambda r, f: -np.log(special.expit(r)).mean() - np.log(1 - special.expit(f)).mean(),
        lambda r, f: -np.log(special.expit(f)).mean(),
    ),
    "lsgan": (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * ((f - 0) ** 2).mean(),
        lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "hinge": (
        lambda r, f: -np.minimum(0, -1 + r).mean() - np.minimum(0, -1 - f).mean(),
        lambda r, f: -f.mean(),
    ),
    "wasserstein": (lambda r, f: -(r.mean() - f.mean()), lambda r, f: -f.mean()),
    "relativistic": (
        lambda r, f: -np.log(special.expit(r - f)).mean(),
        lambda r, f: -np.log(special.expit(f - r)).mean(),
    ),
}

SLOPES = {  # of the discriminator at r and at f, of the generator at f; for one pair of logits
    "bce": (
        lambda r, f: (special.expit(r) - 1) / 2,
        lambda r, f: special.expit(f) / 2,
        lambda r, f: special.expit(f) - 1,
    ),
    "minimax": (
        lambda r, f: special.expit(r) - 1,
        lambda r, f: special.expit(f),
        lambda r, f: -special.expit(f),
    ),
    "non-saturating": (
        lambda r, f: special.expit(r) - 1,
        lambda r, f: special.expit(f),
        lambda r, f: special.expit(f) - 1,
    ),
    "lsgan": (lambda r, f: r - 1, lambda r, f: f, lambda r, f: f - 1),
    "hinge": (lambda r, f: -float(r < 1), lambda r, f: float(f > -1), lambda r, f: -1.0),
    "wasserstein": (lambda r, f: -1.0, lambda r, f: 1.0, lambda r, f: -1.0),
    "relativistic": (
        lambda r, f: -special.expit(f - r),
        lambda r, f: special.expit(f - r),
        lambda r, f: -special.expit(r - f),
    ),
}


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def test_each_objective_has_a_reference():
    assert FORMULAS.keys() == SLOPES.keys() == OBJECTIVES.keys()


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("seed", range(5))
def test_the_losses_are_the_papers_formulas(name, seed):
    real, fake = np.random.default_rng(seed).normal(0, 3, (2, 50))
    row, (of_discriminator, of_generator) = OBJECTIVES[name], FORMULAS[name]
    found = row.discriminator(tensor(real), tensor(fake)).item()
    assert found == pytest.approx(of_discriminator(real, fake), rel=1e-12, abs=1e-12)
    found = row.generator(tensor(real), tensor(fake)).item()
    assert found == pytest.approx(of_generator(real, fake), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize(("r", "f"), [(0.0, 0.0), (2.0, -3.0), (-0.5, 0.25), (1.5, 4.0)])
def test_the_slopes_are_the_stated_ones(name, r, f):
    row, slopes = OBJECTIVES[name], SLOPES[name]
    real, fake = tensor([r]).requires_grad_(), tensor([f]).requires_grad_()
    found = [x.item() for x in torch.autograd.grad(row.discriminator(real, fake), (real, fake))]
    assert found == pytest.approx([slopes[0](r, f), slopes[1](r, f)], rel=1e-12, abs=1e-12)
    (slope,) = torch.autograd.grad(row.generator(real, fake), fake)
    assert slope.item() == pytest.approx(slopes[2](r, f), rel=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_logits_of_any_size_give_finite_losses(name):
    real, fake = tensor([-1e3, 1e3]).float(), tensor([1e3, -1e3]).float().requires_grad_()
    for loss in (OBJECTIVES[name].discriminator, OBJECTIVES[name].generator):
        value = loss(real, fake)
        (slope,) = torch.autograd.grad(value, fake)
        assert value.isfinite()
        assert slope.isfinite().all()


def test_only_the_minimax_generator_gets_nothing_from_a_sure_discriminator():
    """Goodfellow et al. (2014), section 3: where D(G(z)) is near 0, log(1 − D(G(z))) saturates."""
    real, fake = tensor([20.0]), tensor([-20.0]).requires_grad_()
    for name, row in OBJECTIVES.items():
        (slope,) = torch.autograd.grad(row.generator(real, fake), fake)
        if name == "minimax":
            assert -1e-8 < slope.item() < 0
        elif name != "bce":  # which Keras clips
            assert slope.item() < -0.999


def expected(name, logits, smoothing=0.0):
    """The discriminator's loss where the five points have these logits: means over P and Q."""
    row = OBJECTIVES[name]
    real = logits.repeat_interleave(torch.as_tensor(P_COUNTS))
    fake = logits.repeat_interleave(torch.as_tensor(Q_COUNTS))
    if row.paired:  # each real sample with each fake one
        real, fake = real.repeat_interleave(64), fake.repeat(64)
    return row.of_discriminator(real, fake, smoothing)


def best(name, smoothing=0.0):
    """The logits of the best discriminator, found by descent, and its loss."""

    def value(logits):
        logits = tensor(logits).requires_grad_()
        loss = expected(name, logits, smoothing)
        (slope,) = torch.autograd.grad(loss, logits)
        return loss.item(), slope.numpy()

    found = optimize.minimize(value, np.zeros(5), jac=True, method="BFGS", options={"gtol": 1e-9})
    return found.x, found.fun


def kl(a, b):
    return special.rel_entr(a, b).sum()


def js():
    return (kl(P, MIXTURE) + kl(Q, MIXTURE)) / 2


def chi_square():
    """Pearson's, of the data from the mixture; that of the fakes is the same."""
    return ((P - MIXTURE) ** 2 / MIXTURE).sum()


@pytest.mark.parametrize("name", LOGISTIC)
def test_the_logistic_loss_measures_the_jensen_shannon_divergence(name):
    """Goodfellow et al. (2014), proposition 1 and theorem 1: D* = p/(p + q), V* = 2 JSD − log 4."""
    logits, loss = best(name)
    np.testing.assert_allclose(special.expit(logits), P / (P + Q), atol=1e-7)
    assert -loss == pytest.approx(2 * js() - math.log(4), abs=1e-12)


def test_the_tutorials_loss_is_half_of_it():
    logits, loss = best("bce")
    np.testing.assert_allclose(special.expit(logits), P / (P + Q), atol=1e-7)
    assert loss == pytest.approx(math.log(2) - js(), abs=1e-12)


def test_least_squares_measure_pearsons_chi_square():
    """Mao et al. (2017), eq. 5: D* = (b p + a q)/(p + q), here with a = 0, b = c = 1.

    Both sides' (D* − c)², their eq. 6, come to a quarter of 1 + χ² of the data and the fakes from
    their mixture, and the discriminator's own loss to a quarter of 1 − χ².
    """
    logits, loss = best("lsgan")
    np.testing.assert_allclose(logits, P / (P + Q), atol=1e-8)
    assert loss == pytest.approx((1 - chi_square()) / 4, abs=1e-12)
    other_side = ((P + Q) * [one("lsgan", d) for d in logits]).sum()
    assert other_side == pytest.approx((1 + chi_square()) / 4, abs=1e-8)


def test_the_hinge_measures_the_total_variation():
    """Lim and Ye (2017): the best D is the sign of p − q, and its loss 2 − 2 TV."""
    found = optimize.minimize(
        lambda logits: expected("hinge", tensor(logits)).item(), np.zeros(5), method="Powell"
    )
    differ = P != Q
    np.testing.assert_allclose(found.x[differ], np.sign(P - Q)[differ], atol=1e-3)
    distance = np.abs(P - Q).sum() / 2
    assert found.fun == pytest.approx(2 - 2 * distance, abs=1e-4)
    at_sign = expected("hinge", tensor(np.sign(P - Q))).item()
    assert at_sign == pytest.approx(2 - 2 * distance, abs=1e-12)


def steepest(places, p, q):
    """The best 1-Lipschitz discriminator of the Wasserstein loss, and what it gains.

    The loss is linear in the logits, so this is a linear program.
    """
    n = len(places)
    loss = OBJECTIVES["wasserstein"].discriminator
    slope = [loss(tensor([p[k]]), tensor([q[k]])).item() for k in range(n)]
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    rises = np.array([np.eye(n)[i] - np.eye(n)[j] for i, j in pairs])
    gaps = [abs(places[i] - places[j]) for i, j in pairs]
    free = [(0, 0)] + [(None, None)] * (n - 1)
    solved = optimize.linprog(slope, rises, gaps, bounds=free)
    return solved.x, -solved.fun


def test_the_critic_measures_the_earth_movers_distance():
    """Arjovsky, Chintala and Bottou (2017), eq. 2: the supremum over 1-Lipschitz critics."""
    _, distance = steepest(PLACES, P, Q)
    assert distance == pytest.approx(stats.wasserstein_distance(PLACES, PLACES, P, Q), abs=1e-9)


@pytest.mark.parametrize("gap", [0.5, 3.0])
def test_two_points_need_the_share_that_differs_carried_over_the_gap(gap):
    p, q = np.array([0.7, 0.3]), np.array([0.2, 0.8])
    logits, distance = steepest(np.array([0.0, gap]), p, q)
    assert distance == pytest.approx(0.5 * gap, abs=1e-9)
    assert logits[0] - logits[1] == pytest.approx(gap, abs=1e-9)


def test_disjoint_data_give_the_critic_a_slope_and_the_others_a_constant():
    """The example of Arjovsky, Chintala and Bottou (2017), section 2: data at 0, fakes at θ."""
    p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    distances = [steepest(np.array([0.0, gap]), p, q)[1] for gap in (0.1, 1.0, 5.0)]
    assert distances == pytest.approx([0.1, 1.0, 5.0])
    sure = OBJECTIVES["minimax"].discriminator(tensor([40.0]), tensor([-40.0])).item()
    assert -sure == pytest.approx(2 * math.log(2) - math.log(4), abs=1e-12)  # JSD = log 2, always


def test_the_relativistic_loss_looks_at_differences_only():
    logits = tensor([0.3, -1.0, 2.0, 0.0, 1.0])
    for shift in (-5.0, 100.0):
        shifted = expected("relativistic", logits + shift)
        torch.testing.assert_close(shifted, expected("relativistic", logits))


@pytest.mark.parametrize(("a", "b"), [(0.75, 0.25), (0.5, 0.125), (0.25, 0.25)])
def test_the_relativistic_discriminator_of_two_points_is_the_log_odds_ratio(a, b):
    """RpGAN, Jolicoeur-Martineau (2019): data lie at the first point with chance a, fakes with b.

    Of the pairs that differ, a (1 − b) lie one way and (1 − a) b the other; the rest give log 2.
    """
    n = 8
    real, fake = (torch.arange(n) < round(share * n) for share in (a, b))

    def value(gap):
        logits = [torch.where(side, tensor(gap), 0.0) for side in (real, fake)]
        pairs = logits[0].repeat_interleave(n), logits[1].repeat(n)
        return OBJECTIVES["relativistic"].discriminator(*pairs).item()

    right, wrong = a * (1 - b), (1 - a) * b
    found = optimize.minimize_scalar(value, bounds=(-10, 10), method="bounded")
    assert found.x == pytest.approx(math.log(right / wrong), abs=1e-4)
    ordered = special.entr([right, wrong]).sum() - special.entr(right + wrong)
    assert found.fun == pytest.approx(ordered + (1 - right - wrong) * math.log(2), abs=1e-9)


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_smoothing_lowers_the_target_of_the_reals(name, smoothing):
    real, fake = np.random.default_rng(1).normal(0, 2, (2, 40))
    found = OBJECTIVES[name].of_discriminator(tensor(real), tensor(fake), smoothing).item()
    if name == "lsgan":
        stated = 0.5 * ((real - (1 - smoothing)) ** 2).mean() + 0.5 * (fake**2).mean()
    else:
        stated = cross_entropy(real, 1 - smoothing) + cross_entropy(fake, 0)
        stated /= 2 if name == "bce" else 1
    assert found == pytest.approx(stated, rel=1e-12)


@pytest.mark.parametrize("name", SMOOTHED)
def test_a_smoothed_discriminator_is_never_surer_than_its_target(name):
    """Salimans et al. (2016), section 3.4, without a target for the fakes: D* = α p/(p + q)."""
    logits, _ = best(name, 0.2)
    called = logits if name == "lsgan" else special.expit(logits)
    np.testing.assert_allclose(called, 0.8 * P / (P + Q), atol=1e-7)


def one(name, logit):
    """The generator's loss of one sample with that logit."""
    return OBJECTIVES[name].generator(tensor([0.0]), tensor([logit])).item()


def descent(name, logits):
    """The slope of the generator's loss in the parameters of a softmax that makes Q, D held."""
    losses = np.array([one(name, logit) for logit in logits])
    return Q * (losses - Q @ losses)


def slope_of(divergence):
    """The slope of a divergence of Q in the same parameters, by differences."""

    def value(step):
        return divergence(special.softmax(np.log(Q) + step))

    return np.array([(value(1e-5 * e) - value(-1e-5 * e)) / 2e-5 for e in np.eye(5)])


def js_from(q):
    return (kl(P, (P + q) / 2) + kl(q, (P + q) / 2)) / 2


GOALS = {
    "minimax": lambda q: 2 * js_from(q),
    "non-saturating": lambda q: kl(q, P) - 2 * js_from(q),
    "hinge": lambda q: np.abs(P - q).sum(),
    "wasserstein": lambda q: stats.wasserstein_distance(PLACES, PLACES, P, q),
}


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "wasserstein"])
def test_what_the_generator_descends_before_the_best_discriminator(name):
    """Minimax: 2 JSD. Wasserstein: the distance. Non-saturating: KL(q‖p) − 2 JSD.

    The last is theorem 2.5 of Arjovsky and Bottou (2017): implausible samples cost more than modes
    that are missing.
    """
    logits = steepest(PLACES, P, Q)[0] if name == "wasserstein" else best(name)[0]
    np.testing.assert_allclose(descent(name, logits), slope_of(GOALS[name]), atol=1e-6)


def test_the_generator_of_the_hinge_descends_twice_the_total_variation():
    """Where p = q any logit between −1 and 1 is best; there the slope is not unique."""
    logits = np.sign(P - Q)
    np.testing.assert_allclose(descent("hinge", logits), slope_of(GOALS["hinge"]), atol=1e-6)
