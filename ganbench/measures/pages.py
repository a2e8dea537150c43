"""The documents of the measures, made of their rows, and of an audit if there is one."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any

from ganbench.measures import MEASURES, Measure
from ganbench.measures.borji import BORJI, ELSEWHERE

OF = {
    "real": "the reals",
    "fake": "the fakes",
    "control": "held-out reals",
    "rivals": "other models, if any",
    "pair": "both sides together",
}
REACTIONS = ("notices", "is blind", "is fooled")


def pages(audit: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The text of each file, by name: README.md, and NAME.md of each measure.

    `audit` is what `ganbench audit` writes as audit.json; beside the pages stand its pictures.
    """
    made = {f"{name}.md": page(name, row, audit) for name, row in MEASURES.items()}
    return {"README.md": index(audit), **made}


def page(name: str, row: Measure, audit: Mapping[str, Any] | None = None) -> str:
    """What to know of one measure, in Markdown."""
    number = f"{row.borji}, {BORJI[row.borji]}" if row.borji else "not in it"
    needs = ", ".join(f"{view} of {OF[side]}" for side, view in row.needs)
    knobs = ", ".join(f"`{key}={value}`" for key, value in row.parameters.items())
    lines = [
        f"# {row.title}",
        "",
        f"`{name}`: {row.formula}.",
        "",
        f"- **Better**: {_better(row)}, in {row.bounds}.",
        f"- **Use**: {row.use}",
        f"- **Misleads**: {row.misleads}",
        f"- **Source**: {row.paper}. In Borji's table: {number}.",
        f"- **Needs**: {needs}. **Cost** of 10,000 images: {row.cost}.",
        f"- **Knobs**: {knobs or 'none'}.",
        f"- **Interval**: {_interval(row)}",
        "",
        inspect.cleandoc(row.function.__doc__ or ""),
    ]
    if audit is not None:
        lines += ["", *_audited(name, audit)]
    return "\n".join(lines) + "\n"


def index(audit: Mapping[str, Any] | None = None) -> str:
    """Borji's table, then what is not in it."""
    lines = [
        "# Measures",
        "",
        "Made by `ganbench measures --pages docs/measures`. Borji's table:",
        "",
    ]
    lines += ["| | measure | rows |", "|---|---|---|"]
    for number, title in BORJI.items():
        links = [_link(name) for name, row in MEASURES.items() if row.borji == number]
        if number in ELSEWHERE:
            links.append(ELSEWHERE[number])
        lines.append(f"| {number} | {title} | {', '.join(links)} |")
    others = [_link(name) for name, row in MEASURES.items() if not row.borji]
    lines += ["", f"Besides: {', '.join(others)}.", ""]
    if audit is not None:
        lines += _reactions(audit)
    return "\n".join(lines).rstrip() + "\n"


def _reactions(audit: Mapping[str, Any]) -> Iterator[str]:
    """What each measure noticed."""
    found = {n: v for n, v in audit["measures"].items() if not v["refused"]}
    kinds = list(dict.fromkeys(kind for v in found.values() for kind in v["reactions"]))
    yield f"## What notices what, on {audit['images']}"
    yield ""
    yield (
        f"`ganbench audit`: real images made worse on purpose, {max(audit['n']):,} of each side, "
        f"{audit['replicates']} draws. ✓: worse than all untouched ones in all draws, at the "
        "highest level; ·: it cannot tell; ✗: it says that they are better. Of verdicts on what a "
        f"measure cannot see, {_chance(audit['replicates']):.0%} are ✓ or ✗ by chance."
    )
    yield ""
    yield f"| | {' | '.join(kinds)} |"
    yield "|---" * (len(kinds) + 1) + "|"
    marks = dict(zip(REACTIONS, "✓·✗", strict=True))
    for name, verdict in found.items():
        cells = (verdict["reactions"].get(kind) for kind in kinds)
        yield f"| {_link(name)} | {' | '.join(marks[c['verdict']] if c else '' for c in cells)} |"


def _audited(name: str, audit: Mapping[str, Any]) -> Iterator[str]:
    """What the audit found of one measure, with a picture of what misled it."""
    found = {asked.partition(":")[0]: asked for asked in audit["measures"]}
    asked = found.get(name, name)
    verdict = audit["measures"].get(asked)
    yield "## In an audit"
    yield ""
    if verdict is None or verdict["refused"]:
        yield f"Not measured: {verdict['refused'] if verdict else 'it was not asked for'}."
        return
    knobs = "" if asked == name else f", as `{asked}`"
    yield f"On {audit['images']}, {max(audit['n']):,} images of each side{knobs}:"
    yield ""
    by_verdict = {
        kind: [d for d, r in verdict["reactions"].items() if r["verdict"] == kind]
        for kind in REACTIONS
    }
    for kind, degradations in by_verdict.items():
        if degradations:
            to = {"notices": "notices", "is blind": "is blind to", "is fooled": "is fooled by"}
            yield f"- It {to[kind]} {', '.join(degradations)}."
    wrong = [*by_verdict["is fooled"], *by_verdict["is blind"]]
    if wrong:
        yield ""
        yield f"![{wrong[0]} at its levels, the untouched images first]({wrong[0]}.png)"


def _chance(draws: int) -> float:
    """How often `draws` values are all above, or all below, as many others by chance."""
    return 2 / math.comb(2 * draws, draws)


def _link(name: str) -> str:
    return f"[`{name}`]({name.partition(':')[0]}.md)"


def _better(row: Measure) -> str:
    return row.direction if row.direction in ("higher", "lower") else f"nearer {row.direction}"


def _interval(row: Measure) -> str:
    if row.no_interval:
        return f"none: {row.no_interval}."
    if row.spread == "jackknife":
        return "by a block jackknife over the samples of both sides."
    return "95 %, where there is one." if row.spread is None else "95 %, in closed form."
