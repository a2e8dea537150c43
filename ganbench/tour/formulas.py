"""What both networks minimise under each objective, as MathML, with the papers' numbers.

D(x) is the discriminator's output before any sigmoid, σ the sigmoid, x a real, z noise, G(z) a
fake. The same formulas are those of `ganbench.train.losses`, where softplus(t) = −log σ(−t).
"""

from __future__ import annotations

from dataclasses import dataclass

from ganbench.config import Config


@dataclass(frozen=True)
class Formulas:
    """Both networks' losses as the content of a `math` element, and where they are from."""

    discriminator: str
    generator: str
    paper: str


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _i(name: str) -> str:
    return f"<mi>{name}</mi>"


def _n(value: object) -> str:
    return f"<mn>{value}</mn>"


def _o(sign: str, form: str = "infix") -> str:
    return f"<mo form='{form}' stretchy='false'>{sign}</mo>"


def _of(function: str, inner: str) -> str:
    return _row(_i(function), _in("(", inner, ")"))


def _in(left: str, inner: str, right: str) -> str:
    return _row(_o(left, "prefix"), inner, _o(right, "postfix"))


def _squared(inner: str) -> str:
    return f"<msup>{inner}{_n(2)}</msup>"


def _log(inner: str) -> str:
    return _row(_i("log"), "<mspace width='.17em'/>", inner)


def _mean(inner: str) -> str:
    return _row(_i("𝔼"), "<mspace width='.15em'/>", inner)


def _slope(point: str) -> str:
    return _in("‖", _row(_o("∇", "prefix"), _of("D", point)), "‖")


_X, _FAKE = _i("x"), _of("G", _i("z"))
_REAL_LOGIT, _FAKE_LOGIT = _of("D", _X), _of("D", _FAKE)
_HALF = f"<mfrac>{_n(1)}{_n(2)}</mfrac>"
_MINUS, _PLUS, _NEGATIVE = _o("−"), _o("+"), _o("−", "prefix")
_BETWEEN = f"<mover accent='true'>{_X}{_o('^')}</mover>"


def _one_minus(inner: str) -> str:
    return _in("(", _row(_n(1), _MINUS, inner), ")")


def _less_one(logit: str) -> str:
    return _squared(_in("(", _row(logit, _MINUS, _n(1)), ")"))


def _hinge(sign: str, logit: str) -> str:
    inner = _row(_n(0), _o(","), _n(1), sign, logit)
    return _mean(_of("max", inner))


def _unit_slope(point: str) -> str:
    return _row(_PLUS, _i("λ"), _mean(_less_one(_slope(point))))


def _zero_slope(point: str) -> str:
    gamma = f"<mfrac>{_i('γ')}{_n(2)}</mfrac>"
    return _row(_PLUS, gamma, _mean(_squared(_slope(point))))


_LOG_REAL = _row(_NEGATIVE, _mean(_log(_of("σ", _REAL_LOGIT))))
_LOG_REJECTED = _mean(_log(_one_minus(_of("σ", _FAKE_LOGIT))))
_LOGISTIC = _row(_LOG_REAL, _MINUS, _LOG_REJECTED)
_NON_SATURATING = _row(_NEGATIVE, _mean(_log(_of("σ", _FAKE_LOGIT))))
_CRITIC = _row(_mean(_FAKE_LOGIT), _MINUS, _mean(_REAL_LOGIT))
_LIKED = _row(_NEGATIVE, _mean(_FAKE_LOGIT))
_PAIR = _row(_NEGATIVE, _mean(_log(_of("σ", _row(_REAL_LOGIT, _MINUS, _FAKE_LOGIT)))))
_PAIR_OF_GENERATOR = _row(_NEGATIVE, _mean(_log(_of("σ", _row(_FAKE_LOGIT, _MINUS, _REAL_LOGIT)))))

FORMULAS = {
    "minimax": Formulas(_LOGISTIC, _LOG_REJECTED, "Goodfellow et al. (2014), eq. 1"),
    "non-saturating": Formulas(_LOGISTIC, _NON_SATURATING, "Goodfellow et al. (2014), section 3"),
    "lsgan": Formulas(
        _row(
            *(_HALF, _mean(_less_one(_REAL_LOGIT))),
            *(_PLUS, _HALF, _mean(_squared(_FAKE_LOGIT))),
        ),
        _row(_HALF, _mean(_less_one(_FAKE_LOGIT))),
        "Mao et al. (2017), eq. 9",
    ),
    "hinge": Formulas(
        _row(_hinge(_MINUS, _REAL_LOGIT), _PLUS, _hinge(_PLUS, _FAKE_LOGIT)),
        _LIKED,
        "Lim and Ye (2017); Miyato et al. (2018), eq. 16 and 17",
    ),
    "wgan": Formulas(_CRITIC, _LIKED, "Arjovsky, Chintala and Bottou (2017), eq. 2 and 3"),
    "wgan-gp": Formulas(
        _row(_CRITIC, _unit_slope(_BETWEEN)), _LIKED, "Gulrajani et al. (2017), eq. 3"
    ),
    "dragan": Formulas(
        _row(_LOGISTIC, _unit_slope(_row(_X, _PLUS, _i("δ")))),
        _NON_SATURATING,
        "Kodali et al. (2017)",
    ),
    "rpgan": Formulas(
        _row(_PAIR, _zero_slope(_X), _zero_slope(_FAKE)),
        _PAIR_OF_GENERATOR,
        "Jolicoeur-Martineau (2019); Huang et al. (2024)",
    ),
}


def besides(config: Config) -> list[str]:
    """What goes with the loss, in words: weights of penalties, bounds, more updates of one side."""
    loss = config.loss
    where = {
        "between": "at x̂, on the line from a real to a fake",
        "around": "at reals that a little noise δ has moved",
    }[loss.penalty_at]
    every = f", at each {loss.every}th step {loss.every} times as much" if loss.every > 1 else ""
    words = [
        (loss.clip, f"each weight of D between −{loss.clip} and {loss.clip}"),
        (loss.penalty, f"λ = {loss.penalty:g}, {where}{every}"),
        (loss.r1 or loss.r2, f"γ = {_gammas(loss.r1, loss.r2)}{every}"),
        (loss.spectral_norm, "each weight matrix of D divided by its largest singular value"),
        (config.n_critic > 1, f"{config.n_critic} updates of D for one of G"),
    ]
    return [said for is_so, said in words if is_so]


def _gammas(real: float, fake: float) -> str:
    return f"{real:g}" if real == fake else f"{real:g} at reals, {fake:g} at fakes"
