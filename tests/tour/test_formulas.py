"""The formulas on the page, read as MathML and evaluated, are the losses that are trained."""

import math
import xml.etree.ElementTree as ET

import pytest
import torch

from ganbench.classics import CLASSICS, OBJECTIVES
from ganbench.tour.formulas import FORMULAS, besides
from ganbench.train.losses import OBJECTIVES as LOSSES


def linear(node):
    """A formula as text that Python can read."""
    tag, children = node.tag, list(node)
    inner = [linear(child) for child in children]
    if tag == "mrow":
        return "".join(inner)
    if tag == "mfrac":
        return f"({inner[0]}/{inner[1]})*"
    if tag == "msup":
        return f"{inner[0]}**{inner[1]}"
    if tag == "mspace":
        return ""
    if tag == "mover":
        return "x̂"
    return {"−": "-", "\u2061": "", "σ": "sigmoid"}.get(node.text, node.text)


def without_penalty(text):
    """The formula up to its gradient penalty."""
    return text.partition("+λ")[0].partition("+(γ")[0]


def valued(text, real, fake):
    """The value of a formula, each 𝔼 the mean of what follows it up to the next sign outside."""
    terms, depth, current = [], 0, ""
    for sign in text:
        if sign in "+-" and depth == 0 and current:
            terms.append(current)
            current = ""
        depth += {"(": 1, ")": -1}.get(sign, 0)
        current += sign
    terms.append(current)
    total = 0.0
    for term in terms:
        factor, _, mean = term.partition("𝔼")
        scope = {"real": real, "fake": fake, "sigmoid": torch.sigmoid}
        scope |= {"log": lambda t: t.log(), "max": lambda low, t: t.clamp(min=low)}
        if mean.startswith("log"):
            mean = f"log({mean.removeprefix('log')})"
        mean = mean.replace("D(x)", "real").replace("D(G(z))", "fake")
        value = eval(mean, scope).mean().item()
        total += eval(factor.rstrip("*+") + "*1" if factor.strip("+-") else f"{factor}1") * value
    return total


@pytest.mark.parametrize("name", CLASSICS)
@pytest.mark.parametrize("side", ["discriminator", "generator"])
def test_a_formula_is_the_loss(name, side):
    draws = torch.Generator().manual_seed(3)
    real, fake = torch.randn(2, 64, generator=draws, dtype=torch.float64) * 2
    text = linear(ET.fromstring(f"<mrow>{getattr(FORMULAS[name], side)}</mrow>"))
    loss = getattr(LOSSES[OBJECTIVES[name]["loss"].name], side)(real, fake).item()
    assert math.isclose(valued(without_penalty(text), real, fake), loss, rel_tol=1e-9), text


def test_penalties_are_said_where_they_are():
    texts = {
        name: linear(ET.fromstring(f"<mrow>{formulas.discriminator}</mrow>"))
        for name, formulas in FORMULAS.items()
    }
    for name, text in texts.items():
        loss = OBJECTIVES[name]["loss"]
        assert ("λ" in text) == bool(loss.penalty)
        assert text.count("γ") == bool(loss.r1) + bool(loss.r2)
        assert ("x̂" in text) == (bool(loss.penalty) and loss.penalty_at == "between")
        assert ("δ" in text) == (bool(loss.penalty) and loss.penalty_at == "around")


@pytest.mark.parametrize("name", CLASSICS)
def test_what_goes_with_a_loss_has_its_numbers(name):
    config = CLASSICS[name]()
    words = "; ".join(besides(config))
    for value, sign in ((config.loss.penalty, "λ = "), (config.loss.r1, "γ = ")):
        assert (f"{sign}{value:g}" in words) == bool(value)
    assert (f"−{config.loss.clip}" in words) == bool(config.loss.clip)
    assert (f"{config.n_critic} updates" in words) == (config.n_critic > 1)
    assert ("singular" in words) == config.loss.spectral_norm
