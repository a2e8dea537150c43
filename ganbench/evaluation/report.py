"""Scores as plain values, and as Markdown for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ganbench.measures import MEASURES
from ganbench.types import Score

USUAL = {
    ("frechet", "inception"): "FID",
    ("frechet_infinity", "inception"): "FID∞",
    ("spatial_frechet", "inception"): "sFID",
    ("kid", "inception"): "KID",
    ("inception_score", "inception"): "Inception Score",
    ("frechet", "dinov2"): "FD-DINOv2",
    ("kid", "dinov2"): "KD-DINOv2",
    ("cmmd", "clip"): "CMMD",
}

PLAIN = {
    "inception_score": "Inception Score",
    "classifier_score": "classifier score",
    "frechet": "Fréchet distance",
    "frechet_infinity": "Fréchet distance, n → ∞",
    "spatial_frechet": "spatial Fréchet distance",
    "kid": "kernel distance",
    "cmmd": "Gaussian kernel distance",
    "mmd_rbf": "MMD² with a Gaussian kernel",
    "wasserstein_exact": "exact Wasserstein distance",
    "sliced_wasserstein": "sliced Wasserstein distance",
    "average_log_likelihood": "average log-likelihood",
    "coverage_adagan": "coverage of AdaGAN",
    "modified_inception_score": "modified Inception Score",
    "mode_score": "Mode Score",
    "am_score": "AM Score",
    "ndb": "NDB",
    "jensen_shannon": "Jensen–Shannon divergence of bins",
    "prd_f8": "PRD F8",
    "prd_f1_8": "PRD F1/8",
    "vendi": "Vendi score",
    "ms_ssim_diversity": "MS-SSIM of pairs",
}


def arrow(direction: str) -> str:
    """Where better is: ↑, ↓ or → and a number."""
    return {"higher": "↑", "lower": "↓"}.get(direction) or direction.replace("to", "→")


def to_json(score: Score) -> dict[str, Any]:
    """A score as JSON has it: mappings, lists, numbers and strings."""
    row = MEASURES.get(score.measure)
    better = row.direction if row is not None else None
    return {**asdict(score), "better": better, "warnings": list(score.warnings)}


def name_of(score: Score) -> str:
    """What the field calls it: FID only on Inception, else the measure with its extractor."""
    usual = USUAL.get((score.measure, score.extractor))
    if usual:
        return usual
    return f"{PLAIN.get(score.measure, score.measure.replace('_', ' '))} ({score.extractor})"


def number(value: float | None) -> str:
    """Four significant digits; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def baseline_of(score: Score) -> str:
    """Real against real, with the number of samples where that is another."""
    n = score.baseline_n
    other = f" (N {n:,})" if n and n != score.n_fake else ""
    return number(score.baseline) + other


def markdown(scores: Sequence[Score]) -> str:
    """A table of the scores, then how they were made, then their warnings; for a paper."""
    groups = list(dict.fromkeys(score.group for score in scores))
    parts = []
    for group in groups:
        part = [score for score in scores if score.group == group]
        parts.append(("" if group is None else f"### {group}\n\n") + _table(part))
    parts.append("\n".join(f"- {line}" for line in protocols(scores)))
    footnotes = warnings_of(scores)
    if footnotes:
        parts.append(
            "\n".join(f"- {', '.join(names)}: {text}" for text, names in footnotes.items())
        )
    return "\n\n".join(parts)


def warnings_of(scores: Sequence[Score]) -> dict[str, list[str]]:
    """Each warning once, with the names of the scores that it is about."""
    found: dict[str, list[str]] = {}
    for score in scores:
        for warning in score.warnings:
            names = found.setdefault(warning, [])
            if name_of(score) not in names:
                names.append(name_of(score))
    return found


def protocols(scores: Sequence[Score]) -> list[str]:
    """How the scores were made, in words that can stand in an appendix; each sentence once."""
    lines = [_protocol(score.protocol) for score in scores if score.protocol]
    covers = []
    if any(score.interval for score in scores):
        covers.append(
            "Intervals are 95 %, over the samples of one generator and of the reference; they are "
            "about the value that infinitely many samples would have. The training seed, which "
            "moves scores more, is not covered"
        )
    return list(dict.fromkeys([*lines, *covers]))


def _table(scores: Sequence[Score]) -> str:
    rows = ["| | value | 95 % interval | real against real | N |", "|---|---|---|---|---|"]
    for score in scores:
        interval = " to ".join(map(number, score.interval)) if score.interval else ""
        name = f"{name_of(score)} {arrow(MEASURES[score.measure].direction)}"
        rows.append(
            f"| {name} | {number(score.value)} | {interval} "
            f"| {baseline_of(score)} | {score.n_fake:,} |"
        )
    return "\n".join(rows)


def _protocol(protocol: Mapping[str, Any]) -> str:
    how = ", ".join(f"{key} {_short(v)}" for key, v in protocol["extractor_protocol"].items())
    versions = ", ".join(f"{name} {number}" for name, number in protocol["versions"].items())
    real = "an unknown number of" if protocol["n_real"] is None else f"{protocol['n_real']:,}"
    return (
        f"{protocol['n_fake']:,} samples against {real} of {protocol['reference']} "
        f"({protocol['reference_fingerprint']}), features of {protocol['extractor']} "
        f"({protocol['extractor_digest'][:12]}{', ' + how if how else ''}); {versions}"
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else text[:20] + "…"
