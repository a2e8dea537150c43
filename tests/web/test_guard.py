"""Who may come in, who may write, and how much."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ganbench.errors import InputError
from ganbench.web import app as application
from ganbench.web import guard
from ganbench.web.app import build
from ganbench.web.guard import COOKIE, Tokens
from ganbench.web.server import serve

WRITE, READ = "write-token-of-somebody", "read-token-of-somebody"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


async def echo(request: Request):
    return PlainTextResponse(str(len(await request.body())))


class Echo:
    """A module of the page with a route that takes anything."""

    ROUTES = (
        Route("/api/echo", echo, methods=["GET", *UNSAFE]),
        Route("/echo", echo, methods=["GET", *UNSAFE]),
    )


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setattr(application, "MODULES", (*application.MODULES, Echo))

    def make(token=None, read_token=None, host="127.0.0.1:8642"):
        made = build(tmp_path, ["localhost", "127.0.0.1", "::1"], token, read_token)
        return TestClient(made, base_url=f"http://{host}")

    return make


def bearer(token):
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "host", ["localhost:1", "LOCALHOST", "127.0.0.1:8642", "[::1]:8642", "[::1]"]
)
def test_its_own_hosts_are_answered(client, host):
    assert client().get("/api/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8642",
        "",
        "[",
        "[::2]",
        "localhost@evil.example",
        "evil.example#localhost",
        "127.0.0.1%00.evil.example",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_host_is_refused(client, host, method):
    answer = client().request(method, "/api/echo", headers={"host": host})
    assert answer.status_code == 400
    assert "Host" in answer.json()["error"]


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:8643"},
    {"origin": "http://127.0.0.1"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://evil.example?http://127.0.0.1:8642"},
    {"origin": "http://["},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8642"},
]
OURS = [
    {},
    {"origin": "http://127.0.0.1:8642"},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8642"},
]


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_site_does_not_write(client, headers, method):
    answer = client().request(method, "/api/echo", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]
    by_cookie = headers | {"cookie": f"{COOKIE}={WRITE}"}
    assert client(WRITE).request(method, "/api/echo", headers=by_cookie).status_code == 403


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("headers", OURS)
def test_its_own_page_writes(client, headers, method):
    assert client().request(method, "/api/echo", headers=headers).status_code == 200
    assert (
        client(WRITE).request(method, "/api/echo", headers=headers | bearer(WRITE)).status_code
        == 200
    )


@pytest.mark.parametrize("headers", FOREIGN)
def test_reading_changes_nothing_and_asks_no_origin(client, headers):
    assert client().get("/api/runs", headers=headers).status_code == 200


@pytest.mark.parametrize("tokens", [(WRITE, READ), (WRITE, None), (None, READ)])
@pytest.mark.parametrize("given", ["", "wrong", WRITE, READ, WRITE[:-1], WRITE + "x", "Ünicode"])
@pytest.mark.parametrize("way", ["bearer", "query", "cookie"])
@pytest.mark.parametrize("method", ["GET", *UNSAFE])
def test_the_table_of_tokens(client, tokens, given, way, method):
    """Nothing opens but the tokens; reading needs either, writing the one that writes."""
    asked = client(*tokens)
    request = {"method": method, "url": "/api/echo"}
    if way == "bearer":
        request["headers"] = {"authorization": f"Bearer {given}".encode()}
    elif way == "query":
        request["params"] = {"token": given}
    else:
        request["headers"] = {"cookie": f"{COOKIE}={given}".encode()}
    allowed = method == "GET" or given == tokens[0]
    expected = 401 if given not in tokens else 200 if allowed else 403
    answer = asked.request(**request)
    assert answer.status_code == expected
    if expected != 200:
        assert set(answer.json()) == {"error"}
        assert WRITE not in answer.text
        assert READ not in answer.text


def test_every_path_asks_for_the_token(client):
    asked = client(WRITE, READ)
    paths = ["/", "/plotly.js", "/nowhere", "/api/nowhere", "/api/openapi.json", "/runs/x"]
    paths += [route.path for route in asked.app.routes]
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "TRACE", "BREW"):
            assert asked.request(method, path).status_code == 401, (method, path)


def test_with_a_token_the_host_may_be_a_proxys(client):
    headers = bearer(READ) | {"host": "gan.example.org"}
    assert client(None, READ).get("/api/runs", headers=headers).status_code == 200


def test_the_token_leaves_the_address_bar_and_becomes_a_cookie(client):
    asked = client(WRITE)
    answer = asked.get(f"/nowhere?a=1&token={WRITE}&b=%26", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/nowhere?a=1&b=%26"
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert asked.get("/api/runs").status_code == 200  # by the cookie
    assert asked.get("/api/runs?token=wrong").status_code == 401
    answer = asked.get(
        f"http://127.0.0.1:8642//evil.example/?token={WRITE}", follow_redirects=False
    )
    assert answer.headers["location"] == "/evil.example/"
    secure = TestClient(asked.app, base_url="https://gan.example.org")
    assert "Secure" in secure.get(f"/api/runs?token={WRITE}").headers["set-cookie"]


def chunks(size, of=1000):
    for start in range(0, size, of):
        yield b"x" * min(of, size - start)


@pytest.mark.parametrize("path", ["/api/echo", "/echo"])
def test_large_bodies_are_refused_with_and_without_a_length(client, monkeypatch, path):
    monkeypatch.setattr(guard, "BODY", 10_000)
    for size, status in ((10_000, 200), (10_001, 413), (50_000, 413)):
        for content in (b"x" * size, chunks(size)):
            assert client().post(path, content=content).status_code == status
    lying = {"content-length": "100000000000"}
    assert client().post(path, content=b"x", headers=lying).status_code == 413
    assert "10,000" in client().post("/api/echo", content=b"x" * 10_001).json()["error"]


def test_errors_of_the_api_are_json(client):
    for path, status in (("/api/nowhere", 404), ("/api/runs/nobody", 404)):
        answer = client().get(path)
        assert (answer.status_code, set(answer.json())) == (status, {"error"})
    answer = client().post("/api/runs")
    assert (answer.status_code, set(answer.json())) == (405, {"error"})
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("host", "tokens", "words"),
    [
        ("0.0.0.0", Tokens(), "--token"),
        ("::", Tokens(), "--token"),
        ("gan.example.org", Tokens(), "--token"),
        ("0.0.0.0", Tokens("short"), "can be guessed"),
        ("0.0.0.0", Tokens(WRITE, "short"), "--read-token of 5"),
        ("127.0.0.1", Tokens(WRITE, WRITE), "the same"),
        ("127.0.0.1", Tokens("a; Domain=evil"), "only letters"),
    ],
)
def test_what_would_be_open_is_refused(tmp_path, host, tokens, words):
    with pytest.raises(InputError, match=words):
        serve(tmp_path, host, 0, tokens)
