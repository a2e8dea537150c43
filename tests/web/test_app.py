"""The page's answers, without a browser."""

import pytest
from starlette.testclient import TestClient

from ganbench.store.sqlite import location
from ganbench.web.app import build
from ganbench.web.pages import edition


@pytest.fixture
def client(runs_dir):
    with TestClient(build(runs_dir, ["testserver"])) as made:
        yield made


@pytest.fixture
def ids(client):
    return {run["id"].split("-")[1]: run["id"] for run in client.get("/api/runs").json()}


def test_runs(client):
    runs = client.get("/api/runs").json()
    assert {run["state"] for run in runs} == {"finished", "diverged"}
    assert {"id", "recipe", "state", "step", "scores"} <= runs[0].keys()
    page = client.get("/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


def test_unchanged_answers_are_not_sent_again(client):
    first = client.get("/api/runs")
    again = client.get("/api/runs", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_one_run(client, ids):
    run = client.get(f"/api/runs/{ids['ring8']}").json()
    assert run["config"]["recipe"] == "ring8"
    assert run["history"]
    assert client.get(f"/runs/{ids['ring8']}").status_code == 200


def test_series_from_an_index_on(client, ids):
    url = f"/api/runs/{ids['ring8']}/series"
    whole = client.get(url, params={"name": ["dis_loss", "adv_acc"]}).json()
    assert list(whole) == ["dis_loss", "adv_acc"]
    rest = client.get(url, params={"name": "dis_loss", "after": 4}).json()
    assert rest["dis_loss"]["value"] == whole["dis_loss"]["value"][4:]
    assert rest["dis_loss"]["n"] == whole["dis_loss"]["n"] == 9
    assert client.get(url, params={"name": "nothing"}).json()["nothing"]["n"] == 0
    some = client.get(url, params={"name": "dis_loss", "from": 10, "to": 20}).json()["dis_loss"]
    assert some["step"] == [10, 15, 20]
    names = {"name": ["after", "dis_loss"], "after": [0, 2]}  # a series may be called anything
    assert client.get(url, params=names).json().keys() == {"after", "dis_loss"}


@pytest.mark.parametrize(
    "words",
    [
        "name=dis_loss&after=x",
        "name=dis_loss&after=-1",
        "name=dis_loss&after=1&after=2",
        "name=dis_loss&after=" + "9" * 400,
        "name=dis_loss&from=nan",
        "name=dis_loss&to=soon",
    ],
)
def test_what_a_series_cannot_be_asked(client, ids, words):
    answer = client.get(f"/api/runs/{ids['ring8']}/series?{words}")
    assert answer.status_code == 400
    assert "after" in answer.json()["error"] or "expected a number" in answer.json()["error"]


def test_pictures_by_deltas(client, ids):
    url = f"/api/runs/{ids['ring8']}/pictures"
    whole = client.get(url).json()
    assert [picture["step"] for picture in whole["pictures"]] == [0, 10, 20, 30, 40]
    assert whole["after"] == 5
    rest = client.get(url, params={"after": 3}).json()
    assert rest == {"after": 5, "pictures": whole["pictures"][3:]}
    assert client.get(url, params={"after": "x"}).status_code == 400
    assert client.get("/api/runs/nobody/pictures").status_code == 404
    assert "pictures" not in client.get(f"/api/runs/{ids['ring8']}").json()


def test_nan_and_infinity_arrive(client, ids):
    answer = client.get(f"/api/runs/{ids['odd']}/series", params={"name": "dis_loss"})
    assert "NaN" in answer.text
    assert answer.json()["dis_loss"]["value"] == [1, 2, "NaN", 4, "Infinity", 6, 7]


def test_pictures_never_change(client, ids):
    pictures = client.get(f"/api/runs/{ids['ring8']}/pictures").json()["pictures"]
    picture = pictures[0]["sha256"]
    answer = client.get(f"/runs/{ids['ring8']}/media/{picture}.webp")
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content[:4] == b"RIFF"


@pytest.mark.parametrize(
    "path",
    [
        "/runs/nobody",
        "/api/runs/nobody",
        "/runs/{ring8}/media/{zeros}.webp",
        "/runs/{ring8}/media/..%2f..%2frun.json.webp",
        "/runs/{ring8}/media/%2e%2e%2frun.webp",
        "/runs/..%2f..%2fetc/media/{zeros}.webp",
        "/static/{edition}/../app.py",
        "/static/{edition}/%2e%2e/app.py",
        "/api/runs/latest",
    ],
)
def test_what_is_not_there_is_not_found(client, ids, path):
    path = path.format(**ids, zeros="0" * 64, edition=edition())
    assert client.get(path).status_code == 404


def test_a_run_that_has_not_been_read_yet_is_waited_for(client, monkeypatch):
    assert "http-equiv" not in client.get("/runs/later").text
    monkeypatch.setattr("ganbench.web.reader.Reader.reading", 0.25)
    answer = client.get("/runs/later")
    assert "Indexing, 25 %" in answer.text
    assert 'http-equiv="refresh"' in answer.text


def test_text_is_escaped(client, ids):
    assert "<b>" not in client.get(f"/runs/{ids['odd']}").text
    assert "<script>x" not in client.get("/runs/<script>x").text


def test_static_files_and_plotly(client):
    for name in ("run.js", "style.css", "icon.svg"):
        answer = client.get(f"/static/{edition()}/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert len(client.get("/plotly.js").content) > 1_000_000


def test_security_headers_are_everywhere(client):
    for path in ("/", "/api/runs", "/nowhere", f"/static/{edition()}/run.js"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_foreign_host_is_refused(client):
    assert client.get("/api/runs", headers={"host": "evil.example"}).status_code == 400


def test_a_token_opens_and_nothing_else_does(runs_dir):
    with TestClient(build(runs_dir, ["testserver"], token="secret")) as client:
        assert client.get("/api/runs").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert (
            client.get("/api/runs", headers={"authorization": "Bearer secret"}).status_code == 200
        )
        assert client.get("/api/runs").status_code == 401
        assert client.get("/?token=secret").status_code == 200
        assert client.get("/api/runs").status_code == 200  # by the cookie
        cookie = client.cookies.jar._cookies["testserver.local"]["/"]["ganbench-token"]
        assert cookie.has_nonstandard_attr("HttpOnly")


def test_the_page_only_reads(client, ids):
    for path in ("/", "/api/runs", f"/api/runs/{ids['ring8']}"):
        for method in ("post", "put", "delete", "patch"):
            assert getattr(client, method)(path).status_code == 405


def test_the_index_may_be_deleted_under_the_page(client, runs_dir, monkeypatch):
    monkeypatch.setattr("ganbench.web.reader.FRESH", 0.0)
    before = client.get("/api/runs").json()
    location(runs_dir).unlink()
    assert client.get("/api/runs").json() == before
