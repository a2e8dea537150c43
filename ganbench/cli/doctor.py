"""`ganbench doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ganbench.cli.options import call, console, print_json


def main(arguments: Sequence[str]) -> int:
    """Checks the installation."""
    return call(doctor, "doctor", arguments)


def doctor(
    extractor: str = "auto",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    json: bool = False,
) -> int:
    """Check that the numbers are right on this machine, and say how fast it is.

    The status is 1 if a check fails; what is not installed is told, not failed.

    Args:
        extractor: whose speed to measure; by default the best that is installed
        device: where to compute
        json: as JSON
    """
    from ganbench.evaluation.doctor import checks  # torch comes with it

    found = []
    for check in checks(extractor, device):
        found.append(check)
        if not json:
            colour, word = {True: ("green", "ok"), False: ("red", "WRONG"), None: ("dim", "–")}[
                check.right
            ]
            console.print(f"[{colour}]{word:>5}[/]  {check.name}: {check.words}", soft_wrap=True)
    if json:
        print_json([{"name": c.name, "right": c.right, "words": c.words} for c in found])
    return int(any(check.right is False for check in found))
