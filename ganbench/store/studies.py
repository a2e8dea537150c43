"""Studies, pictures that people judge, and what they answered: `<runs dir>/studies/<id>/`.

study.json            which runs, which pictures, and where each picture is from
media/<sha256>.webp   the pictures, lossless, by the hash of their content
votes/<rater>.jsonl   what a rater answered, a line each; it only grows
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ganbench.errors import InputError, StoreError, explain
from ganbench.store.folder import ALPHABET, IDENTIFIER, alone, dumps, replace_file
from ganbench.store.media import Picture as Pixels
from ganbench.store.media import encode

FOLDER = "studies"
FORMAT = 1
LONGEST = 60  # characters of a rater's name
Vote = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """One picture: its random name, its file, the run it is for, and whether it is a real one."""

    id: str
    sha256: str
    run: str
    real: bool


@dataclass(frozen=True)
class Study:
    """A study on disk. `runs` are named as in "run:ID@STEP"; `reals` say what each is held against.

    `seed` is what the trials are drawn with; whoever knows it could tell what comes next.
    """

    path: Path
    created: str
    seed: str
    runs: tuple[str, ...]
    reals: Mapping[str, str]
    pictures: Mapping[str, Picture]

    @property
    def id(self) -> str:
        """The study's identifier."""
        return self.path.name

    def of(self, run: str, *, real: bool) -> list[str]:
        """The names of a run's samples, or of the real pictures that they are held against."""
        return [p.id for p in self.pictures.values() if (p.run, p.real) == (run, real)]

    def file(self, picture: str) -> Path | None:
        """Where a picture is, if the study has one of that name."""
        found = self.pictures.get(picture)
        return self.path / "media" / f"{found.sha256}.webp" if found else None


def create(
    runs_dir: Path,
    stem: str,
    reals: Mapping[str, str],
    pictures: Iterable[tuple[str, bool, Pixels]],
    draws: random.Random | None = None,
) -> Study:
    """A new study of the runs that `reals` names, with what each is held against.

    `pictures` are (run, whether it is real, uint8 H×W×3). The order in which they are written, and
    their names, do not tell where they are from; of each kind they keep their order. study.json
    comes last, so that half a study is none. `draws` make the names, by default out of what nobody
    can guess. Raises StoreError if the disk refuses.
    """
    draws = draws or random.SystemRandom()
    if (runs_dir / FOLDER / "run.json").exists():
        raise StoreError(f"{runs_dir} has a run called {FOLDER}, where studies would be")
    path = _new(runs_dir / FOLDER, stem)
    made, held = [], list(pictures)
    rows = [(run, real) for run, real, _ in held]
    digests = {i: _write(path, held[i][2]) for i in draws.sample(range(len(held)), len(held))}
    for i, (run, real) in enumerate(rows):
        id = f"{draws.getrandbits(64):016x}"
        made.append({"id": id, "sha256": digests[i], "run": run, "real": real})
    content = {
        "format": FORMAT,
        "id": path.name,
        "created": datetime.now(UTC).isoformat(),
        "seed": f"{draws.getrandbits(128):032x}",
        "runs": [{"run": run, "real": real} for run, real in reals.items()],
        "pictures": made,
    }
    replace_file(path / "study.json", dumps(content))
    return read(path)


def read(path: Path) -> Study:
    """The study in a folder. Raises StoreError if it is missing, damaged or newer than us."""
    file = path / "study.json"
    try:
        content = orjson.loads(file.read_bytes())
    except OSError as error:
        raise StoreError(explain(error, file)) from error
    except orjson.JSONDecodeError as error:
        raise StoreError(f"{file} is damaged: {error}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise StoreError(f"{file}: format {found}, this ganbench reads format {FORMAT}")
    try:
        return Study(
            path=path,
            created=content["created"],
            seed=content["seed"],
            runs=tuple(row["run"] for row in content["runs"]),
            reals={row["run"]: row["real"] for row in content["runs"]},
            pictures={row["id"]: Picture(**row) for row in content["pictures"]},
        )
    except (KeyError, TypeError) as error:
        raise StoreError(f"{file} is damaged: {error!r}") from error


def find(runs_dir: Path, id: str) -> Study | None:
    """The study with exactly this id; None if there is none. Raises StoreError if it is damaged."""
    path = runs_dir / FOLDER / id
    if not IDENTIFIER.fullmatch(id) or not (path / "study.json").is_file():
        return None
    return read(path)


def all_studies(runs_dir: Path) -> tuple[list[Study], list[str]]:
    """All studies, the newest first; and in words those that cannot be read."""
    made, problems = [], []
    for file in sorted((runs_dir / FOLDER).glob("*/study.json")):
        try:
            made.append(read(file.parent))
        except StoreError as error:
            problems.append(str(error))
    return sorted(made, key=lambda study: study.created, reverse=True), problems


def rater_of(name: str) -> str:
    """A rater's name as it is kept. Raises InputError if it is empty or long."""
    kept = " ".join(unicodedata.normalize("NFC", name).split())
    if not kept or len(kept) > LONGEST or not kept.isprintable():
        raise InputError(f"rater {name[:80]!r}: expected 1 to {LONGEST} letters")
    return kept


def add_vote(study: Study, vote: Vote) -> bool:
    """Appends a vote to its rater's file, in one write; False if the trial is answered already.

    Raises StoreError if the disk refuses.
    """
    path = _votes(study, vote["rater"])
    try:
        path.parent.mkdir(exist_ok=True)
        with alone(path.parent):
            if vote["trial"] in {known["trial"] for known in votes_of(study, vote["rater"])}:
                return False
            torn = path.exists() and path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n"
            line = b"\n" * torn + orjson.dumps(vote) + b"\n"
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                whole = os.write(file, line) == len(line)
            finally:
                os.close(file)
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    if not whole:
        raise StoreError(f"{path}: the disk is full; the last vote was cut")
    return True


def votes_of(study: Study, rater: str) -> list[Vote]:
    """What a rater answered, in order."""
    return _read_votes(_votes(study, rater))


def all_votes(study: Study) -> list[Vote]:
    """What all raters answered; damaged lines are left out."""
    files = sorted((study.path / "votes").glob("*.jsonl"))
    return [vote for file in files for vote in _read_votes(file)]


def _read_votes(path: Path) -> list[Vote]:
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # a last line without its end is no vote yet
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    votes = []
    for line in lines:
        try:
            vote = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(vote, dict) and vote.keys() >= NEEDED:
            votes.append(vote)
    return votes


NEEDED = {"rater", "task", "trial", "pictures", "exposure", "shown", "answer", "reaction", "time"}


def _votes(study: Study, rater: str) -> Path:
    """A file name that says who it is, and is another one for every other name."""
    slug = re.sub(r"[^a-z0-9]+", "-", rater.lower()).strip("-")[:40]
    code = hashlib.sha256(rater.encode(errors="replace")).hexdigest()[:10]
    return study.path / "votes" / f"{slug}-{code}.jsonl".lstrip("-")


def _new(parent: Path, stem: str) -> Path:
    stem = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:40] or "study"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            path = parent / f"{''.join(secrets.choice(ALPHABET) for _ in range(6))}-{stem}"
            try:
                path.mkdir()
                break
            except FileExistsError:
                continue
        (path / "media").mkdir()
    except OSError as error:
        raise StoreError(explain(error, parent)) from error
    return path


def _write(study: Path, pixels: Pixels) -> str:
    content = encode(pixels)
    digest = hashlib.sha256(content).hexdigest()
    path = study / "media" / f"{digest}.webp"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    return digest


def summary(study: Study, votes: Sequence[Vote]) -> dict[str, Any]:
    """What a list of studies says of one."""
    return {
        "id": study.id,
        "created": study.created,
        "runs": [{"run": run, "real": study.reals[run]} for run in study.runs],
        "pictures": len(study.pictures),
        "votes": len(votes),
        "raters": len({vote["rater"] for vote in votes}),
    }
