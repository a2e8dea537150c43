"""People judge pictures: the studies, their trials, the votes, and what these say.

Where a picture is from stays here until the vote on it is stored: names, order, headers and times
do not tell.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.errors import InputError
from ganbench.judging.results import results
from ganbench.judging.trials import ANSWERS, TASKS, Exposure, Settings, for_rater
from ganbench.store import studies
from ganbench.store.studies import Study
from ganbench.web import respond
from ganbench.web.judge_schemas import DESCRIBED as DESCRIBED
from ganbench.web.pages import page

OFFERED: tuple[Exposure, ...] = (50, 100, 250, 500, 1000, 2000, None)
USUAL = 40  # trials
FIELDS = ("task", "runs", "exposures", "n", "rater", "trial", "answer", "shown", "reaction")
LONGEST = 1e9  # ms
Body = Mapping[str, Any]


def show(request: Request) -> Response:
    """GET /judge: all studies."""
    rows, problems = _listed(request)
    return page("judge/studies.html", studies=rows, problems=problems)


def choose(request: Request) -> Response:
    """GET /judge/{study}: what to judge, how long each picture is shown, and who judges."""
    study = _find(request)
    if study is None:
        return _no_study(request)
    row = studies.summary(study, studies.all_votes(study))
    each = min(len(study.of(run, real=False)) for run in study.runs)
    return page("judge/choose.html", study=row, offered=OFFERED, usual=USUAL, each=each)


def judge(request: Request) -> Response:
    """GET /judge/{study}/trials?task=real&run=…&exposure=100&n=40&rater=…"""
    study = _find(request)
    if study is None:
        return _no_study(request)
    task = request.query_params.get("task", "")
    return page("judge/trials.html", study=study.id, task=task if task in TASKS else "real")


def judged(request: Request) -> Response:
    """GET /judge/{study}/results"""
    study = _find(request)
    if study is None:
        return _no_study(request)
    return page("judge/results.html", found=results(study, studies.all_votes(study)))


def picture(request: Request) -> Response:
    """GET /judge/{study}/pictures/{picture}.webp, without a time of its file."""
    study = _find(request)
    path = study.file(request.path_params["picture"]) if study else None
    if path is None or not path.is_file():
        return respond.missing(request, "such picture")
    headers = {
        "cache-control": "private, max-age=31536000, immutable",
        "content-encoding": "identity",  # GZipMiddleware leaves it as it is
    }
    return Response(path.read_bytes(), headers=headers, media_type="image/webp")


def listing(request: Request) -> Response:
    """GET /api/judge: all studies, the newest first."""
    rows, problems = _listed(request)
    return respond.json(request, {"studies": rows, "problems": problems})


def trials(request: Request) -> Response:
    """GET /api/judge/{study}/trials: as the page's address; and which have been answered."""
    study = _find(request)
    if study is None:
        return respond.missing(request, f"study {request.path_params['study']}")
    asked = request.query_params
    try:
        rater = studies.rater_of(asked.get("rater", ""))
        times = [_exposure(text) for text in asked.getlist("exposure")]
        settings = Settings(
            asked.get("task", ""), tuple(asked.getlist("run")), tuple(times), _n(asked.get("n", ""))
        )
        found = for_rater(study, settings, rater)
    except InputError as error:
        return respond.json(request, {"error": str(error)}, 400)
    answered = {vote["trial"] for vote in studies.votes_of(study, rater)}
    rows = [{"trial": t.id, "pictures": t.pictures, "exposure": t.exposure} for t in found]
    done = [row["trial"] for row in rows if row["trial"] in answered]
    return respond.json(request, {"rater": rater, "trials": rows, "done": done})


async def vote(request: Request) -> Response:
    """POST /api/judge/{study}/votes

    The settings as in the page's address (task, runs, exposures, n, rater), the trial, the answer,
    how long the picture was shown and how long the answer took, in ms; 409 if that trial has been
    answered. The truth is in the answer to it.
    """
    body = await _body(request)
    return await run_in_threadpool(_vote, request, body)


def outcome(request: Request) -> Response:
    """GET /api/judge/{study}/results: what the votes say."""
    study = _find(request)
    if study is None:
        return respond.missing(request, f"study {request.path_params['study']}")
    return respond.json(request, results(study, studies.all_votes(study)))


def _vote(request: Request, body: Body) -> Response:
    study = _find(request)
    if study is None:
        return respond.missing(request, f"study {request.path_params['study']}")
    try:
        rater = studies.rater_of(body["rater"])
        settings = Settings(body["task"], tuple(body["runs"]), tuple(body["exposures"]), body["n"])
        found = {trial.id: trial for trial in for_rater(study, settings, rater)}
    except InputError as error:
        return respond.json(request, {"error": str(error)}, 400)
    trial = found.get(body["trial"])
    if trial is None:
        return respond.json(request, {"error": "there is no such trial for this rater"}, 400)
    answers = ANSWERS[settings.task]
    if body["answer"] not in answers:
        return respond.json(request, {"error": f"answer: {' or '.join(answers)}"}, 400)
    truth = "real" if study.pictures[trial.pictures[0]].real else "fake"
    correct = body["answer"] == truth if settings.task == "real" else None
    stored = studies.add_vote(
        study,
        {
            "rater": rater,
            "task": settings.task,
            "trial": trial.id,
            "pictures": list(trial.pictures),
            "exposure": trial.exposure,
            "shown": round(float(body["shown"]), 1),
            "answer": body["answer"],
            "correct": correct,
            "reaction": round(float(body["reaction"]), 1),
            "feedback": bool(body.get("feedback", False)),
            "time": round(time.time(), 3),
        },
    )
    if not stored:
        return respond.json(request, {"error": "this trial has been answered already"}, 409)
    return respond.json(request, {"correct": correct})


async def _body(request: Request) -> Body:
    """The vote that was sent. Raises HTTPException, naming what is wrong with it."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"expected a JSON object: {error}") from error
    if not isinstance(body, dict):
        raise HTTPException(400, f"expected a JSON object, got {body!r:.40}")
    missing = [name for name in FIELDS if name not in body]
    if missing:
        raise HTTPException(400, f"{missing[0]} is missing")
    _all(body, ("task", "rater", "trial", "answer"), "a text", lambda v: isinstance(v, str))
    _all(body, ("runs",), "a list of texts", lambda v: _list(v, (str,)))
    _all(body, ("exposures",), "a list of whole numbers or null", lambda v: _list(v, (int, None)))
    _all(body, ("n",), "a whole number", lambda v: _is(v, (int,)))
    _all(body, ("shown", "reaction"), "milliseconds", _is_time)
    return body


def _all(body: Body, names: Sequence[str], what: str, sound: Any) -> None:
    for name in names:
        if not sound(body[name]):
            raise HTTPException(400, f"{name}: expected {what}, got {body[name]!r:.60}")


def _is(value: Any, kinds: Sequence[Any]) -> bool:
    return (None in kinds and value is None) or type(value) in kinds  # a bool is no int here


def _list(value: Any, kinds: Sequence[Any]) -> bool:
    return isinstance(value, list) and all(_is(item, kinds) for item in value)


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= LONGEST


def _exposure(text: str) -> Exposure:
    if text == "unlimited":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InputError(f"exposure {text[:20]!r}: expected milliseconds, or unlimited")
    return int(text)


def _n(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InputError(f"n {text[:20]!r}: expected a number of trials")
    return int(text)


def _find(request: Request) -> Study | None:
    return studies.find(request.app.state.reader.runs_dir, request.path_params["study"])


def _listed(request: Request) -> tuple[list[dict[str, Any]], list[str]]:
    found, problems = studies.all_studies(request.app.state.reader.runs_dir)
    return [studies.summary(study, studies.all_votes(study)) for study in found], problems


def _no_study(request: Request) -> Response:
    return page("judge/missing.html", status=404, study=request.path_params["study"])


ROUTES = [
    Route("/judge", show),
    Route("/judge/{study}", choose),
    Route("/judge/{study}/trials", judge),
    Route("/judge/{study}/results", judged),
    Route("/judge/{study}/pictures/{picture}.webp", picture),
    Route("/api/judge", listing),
    Route("/api/judge/{study}/trials", trials),
    Route("/api/judge/{study}/votes", vote, methods=["POST"]),
    Route("/api/judge/{study}/results", outcome),
]
