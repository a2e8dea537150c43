"""What the API of studies takes and answers, for its description."""

from __future__ import annotations

from ganbench.judging.trials import ANSWERS, LONGEST, SHORTEST, TASKS
from ganbench.web.openapi import FLAG, NUMBER, TEXT, WHOLE, array, maybe, operation, record

MS = maybe({"type": "integer", "minimum": SHORTEST, "maximum": LONGEST})
INTERVAL = maybe(array(NUMBER))
SHARE = record(k=WHOLE, n=WHOLE, value=maybe(NUMBER), interval=INTERVAL)
STUDY = record(
    id=TEXT,
    created=TEXT,
    runs=array(record(run=TEXT, real=TEXT)),
    pictures=WHOLE,
    votes=WHOLE,
    raters=WHOLE,
)
TRIAL = record(trial=TEXT, pictures=array(TEXT), exposure=MS)
TASK = {"enum": list(TASKS)}
VOTE = {
    **record(
        task=TASK,
        runs=array(TEXT),
        exposures=array(MS),
        n={"type": "integer", "minimum": 1},
        rater={"type": "string", "minLength": 1, "maxLength": 60},
        trial=TEXT,
        answer={"enum": sorted({a for both in ANSWERS.values() for a in both})},
        shown={"type": "number", "minimum": 0},
        reaction={"type": "number", "minimum": 0},
    ),
}
TOLD_APART = record(
    run=TEXT,
    exposure=MS,
    raters=WHOLE,
    n=WHOLE,
    fool_rate=SHARE,
    hit_rate=SHARE,
    error_rate=SHARE,
    d_prime=maybe(NUMBER),
    d_prime_interval=INTERVAL,
    criterion=maybe(NUMBER),
    shown=array(NUMBER),
    reaction=NUMBER,
)
PREFERRED = record(
    runs=array(TEXT),
    wins=array(array(WHOLE)),
    n=WHOLE,
    raters=WHOLE,
    exposures=array(MS),
    left=SHARE,
    reaction=NUMBER,
    strengths=maybe(array(record(run=TEXT, strength=NUMBER, interval=INTERVAL))),
    intervals_by=maybe({"enum": ["raters", "answers"]}),
    smoothed=FLAG,
    problem=maybe(TEXT),
)
AGREED = maybe(
    record(raters=WHOLE, trials=WHOLE, alpha=maybe(NUMBER), by_all=WHOLE, kappa=maybe(NUMBER))
)
RESULTS = {
    "allOf": [
        STUDY,
        record(
            real=array(TOLD_APART),
            better=maybe(PREFERRED),
            agreement=record(real=AGREED, better=AGREED),
            by_rater=array(
                record(rater=TEXT, task=TASK, n=WHOLE, right=maybe(SHARE), reaction=NUMBER)
            ),
        ),
    ]
}
ASKED = {
    "task": TASK,
    "run": array(TEXT),
    "exposure": array({"type": "string", "pattern": "^([0-9]{2,5}|unlimited)$"}),
    "n": {"type": "integer", "minimum": 1},
    "rater": TEXT,
}
DESCRIBED = {
    "/api/judge": {
        "get": operation("All studies", record(studies=array(STUDY), problems=array(TEXT)))
    },
    "/api/judge/{study}/trials": {
        "get": operation(
            "The trials of a rater, in order, and which of them are answered",
            record(rater=TEXT, trials=array(TRIAL), done=array(TEXT)),
            query=ASKED,
            required=list(ASKED),
            errors=[400],
        )
    },
    "/api/judge/{study}/votes": {
        "post": operation(
            "Stores an answer; says then whether it is right",
            record(correct=maybe(FLAG)),
            body=VOTE,
            errors=[409],
        )
    },
    "/api/judge/{study}/results": {"get": operation("What the votes say", RESULTS)},
}
