"""What a number depends on: the measure with its knobs, and the protocol with its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

import orjson

from ganbench.errors import InputError
from ganbench.evaluation.sample import Sample
from ganbench.measures import MEASURES

RECORDED = ("reference", "fake", "fake_fingerprint", "preset", "versions")
"""Entries of a protocol that are told but do not make scores incomparable."""


KINDS: dict[type, tuple[Callable[[str], Any], str]] = {
    int: (int, "a whole number"),
    float: (float, "a number"),
    bool: ({"true": True, "false": False}.__getitem__, "true or false"),
    str: (str, "a word"),
}
"""How a knob is read from words, and what the words must be."""

GROUPS = {"borji": "all of Borji's table"}
"""Names that stand for several measures, and what they are."""


@dataclass(frozen=True)
class Request:
    """A measure by name, and all its knobs."""

    name: str
    knobs: Mapping[str, Any]


def expand(names: Sequence[str]) -> tuple[str, ...]:
    """The measures that are asked for, with those of a group in the order of their numbers."""
    listed = [name for name, row in MEASURES.items() if row.borji]
    listed.sort(key=lambda name: _place(MEASURES[name].borji or ""))
    return tuple(dict.fromkeys(n for name in names for n in (listed if name in GROUPS else [name])))


def _place(number: str) -> tuple[bool, int]:
    """1 to 24, then Q1 to Q5."""
    return number.startswith("Q"), int(number.removeprefix("Q"))


def parse(names: Sequence[str], seed: int = 0) -> list[Request]:
    """The measures that are asked for: "kid", or "kid:subsets=100,size=1000".

    `seed` is that of the measures that draw, unless it is given. Raises InputError for an unknown
    name, knob or value, naming the nearest.
    """
    return [_parse_one(text, seed) for text in names]


def _parse_one(text: str, seed: int) -> Request:
    name, _, rest = text.partition(":")
    if name not in MEASURES:
        raise InputError(
            f"measure {name!r}: {_near(name, MEASURES)}There are {_list(MEASURES)}, and "
            f"{_list(GROUPS)} for {_list(GROUPS.values())}"
        )
    knobs = MEASURES[name].parameters
    if "seed" in knobs:
        knobs["seed"] = seed
    for part in rest.split(",") if rest else ():
        key, equals, value = part.partition("=")
        if key not in knobs or not equals:
            there = f"It has {_list(knobs)}" if knobs else "It has no knobs"
            raise InputError(f"measure {text!r}: no knob {key!r}. {_near(key, knobs)}{there}")
        read, kind = KINDS[type(knobs[key])]
        try:
            knobs[key] = read(value)
        except (KeyError, ValueError) as error:
            raise InputError(f"measure {text!r}: {key} must be {kind}, not {value!r}") from error
    return Request(name, knobs)


def protocol_of(request: Request, real: Sample, fake: Sample) -> dict[str, Any]:
    """Everything that the score of `request` depends on."""
    return {
        "measure": request.name,
        "parameters": {k: v for k, v in request.knobs.items() if k != "seed"},
        "extractor": fake.extractor.name,
        "extractor_digest": fake.extractor.digest,
        "extractor_protocol": dict(fake.extractor.protocol),
        "reference": real.images.name,
        "reference_fingerprint": real.images.fingerprint,
        "n_real": real.n or None,
        "n_fake": fake.n,
        "fake": fake.images.name,
        "fake_fingerprint": fake.images.fingerprint,
        "versions": {package: version(package) for package in ("ganbench", "torch", "scipy")},
    }


def fingerprint(protocol: Mapping[str, Any]) -> str:
    """12 hexadecimal digits: two scores can be compared only if theirs agree.

    What is scored, what the reference is called and the library versions are recorded, but do not
    make scores incomparable.
    """
    part = {key: value for key, value in protocol.items() if key not in RECORDED}
    return hashlib.sha256(orjson.dumps(part, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def _near(name: str, names: Mapping[str, Any]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
