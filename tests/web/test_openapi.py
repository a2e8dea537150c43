"""The API is what its description says: each route, each answer."""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient

from ganbench.judging.trials import Settings
from ganbench.store import studies
from ganbench.web.app import MODULES, build
from tests.judging.people import judge, study
from tests.web.conftest import make_runs

HOST = "testserver"
LENIENT = [  # a number that is out of range is taken for the nearest; a run's name may be any
    schemathesis.checks.negative_data_rejection,
    schemathesis.checks.positive_data_acceptance,
]


def routes():
    return [r for module in MODULES for r in module.ROUTES if r.path.startswith("/api/")]


def operations():
    described = {
        (path, method): made
        for module in MODULES
        for path, methods in getattr(module, "DESCRIBED", {}).items()
        for method, made in methods.items()
    }
    return sorted(described)


def test_every_route_of_the_api_is_described_and_nothing_else():
    there = {(r.path, method.lower()) for r in routes() for method in r.methods - {"HEAD"}}
    assert set(operations()) == there


@pytest.fixture(scope="module")
def app(tmp_path_factory, tiny):
    """The application of the two runs; its streams end at once."""
    runs_dir = make_runs(tmp_path_factory.mktemp("runs"), tiny())
    judged = study(runs_dir)
    for vote in judge(
        judged, Settings("real", judged.runs, (100, None), 20), "Ann", lambda _: "real"
    ):
        studies.add_vote(judged, vote)
    made = build(runs_dir, [HOST])
    made.state.stopping = lambda: True
    with TestClient(made):
        yield made


@pytest.mark.parametrize(("path", "method"), operations())
def test_answers_are_what_the_description_says(app, path, method):
    """Schemathesis makes requests, right ones and wrong ones; every other one names a real run."""
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    operation = schema[re.sub(r":\w+}", "}", path)][method.upper()]
    runs = [run["id"] for run in TestClient(app).get("/api/runs").json()]
    judged = [row["id"] for row in TestClient(app).get("/api/judge").json()["studies"]]
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @given(case=cases, run=st.sampled_from([*runs, None]))
    @settings(
        max_examples=30,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case, run):
        if run is not None and "run" in case.path_parameters:
            case.path_parameters["run"] = run
        if run is not None and "study" in case.path_parameters:
            case.path_parameters["study"] = judged[0]
        case.call_and_validate(excluded_checks=LENIENT)

    check()
