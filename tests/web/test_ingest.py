"""What is sent over HTTP: taken, answered, refused."""

import hashlib

import orjson
import pytest
from starlette.testclient import TestClient

from ganbench.store import folder
from ganbench.store.frames import BATCH, Frame
from ganbench.web.app import build

WRITE, READ = "write-token-of-somebody", "read-token-of-somebody"
RUN = "k3f9x2-mnist"
HEAD = orjson.dumps(
    {"format": 1, "id": RUN, "created": "2026-11-24T00:00:00+00:00", "config": {}, "tags": []}
)
INGEST = "/api/v1/ingest"
OFFSETS = f"/api/v1/runs/{RUN}/offsets"


@pytest.fixture
def client(tmp_path):
    with TestClient(build(tmp_path, ["testserver"], WRITE, READ)) as made:
        made.headers["authorization"] = f"Bearer {WRITE}"
        yield made


def whole(file, content):
    digest = hashlib.sha256(content).hexdigest()
    return Frame(RUN, file, 0, len(content), len(content), digest).encode() + content


def grown(file, content, offset=0):
    return Frame(RUN, file, offset, len(content)).encode() + content


def states(answer):
    return [(taken["file"], taken["state"], taken["end"]) for taken in answer.json()["frames"]]


def test_a_run_is_sent_and_shown(client, tmp_path):
    journal = (
        b'{"kind":"open","time":1.0,"format":1,"host":"elsewhere","pid":1,"started":1.0,"step":0}\n'
        b'{"kind":"columns","id":0,"names":["step","seen","elapsed","loss"]}\n[0,7,0,1.0,0.5]\n'
    )
    body = whole("run.json", HEAD) + grown("events-a-1.jsonl", journal)
    answer = client.post(INGEST, content=body)
    assert answer.status_code == 200
    assert states(answer) == [
        ("run.json", "taken", len(HEAD)),
        ("events-a-1.jsonl", "taken", len(journal)),
    ]
    assert client.post(INGEST, content=body).json() == answer.json()
    sizes = {"run.json": len(HEAD), "events-a-1.jsonl": len(journal)}
    assert client.get(OFFSETS).json() == {"run": RUN, "files": sizes}
    shown = client.get(f"/api/runs/{RUN}").json()
    assert (shown["state"], shown["step"], shown["points"]) == ("running", 7, {"loss": 1})
    assert (tmp_path / RUN / "events-a-1.jsonl").read_bytes() == journal


@pytest.mark.parametrize(("age", "state"), [(0.0, "running"), (3600.0, "killed")])
def test_a_run_that_is_sent_late_is_as_old_as_it_is(client, age, state):
    """Nobody says that it ended; its last word is an hour old where it was written."""
    line = b'{"kind":"open","time":1.0,"host":"elsewhere","pid":1,"started":1.0,"step":0}\n'
    frame = Frame(RUN, "events-a-1.jsonl", 0, len(line), age=age)
    assert client.post(INGEST, content=whole("run.json", HEAD) + frame.encode() + line).is_success
    assert client.get(f"/api/runs/{RUN}").json()["state"] == state


def test_answers_say_what_is_missing_and_what_differs(client):
    assert client.get(OFFSETS).status_code == 404
    answer = client.post(INGEST, content=grown("console.log", b"x"))
    assert (answer.status_code, states(answer)) == (200, [("console.log", "unknown", 0)])
    client.post(INGEST, content=whole("run.json", HEAD) + grown("console.log", b"abc"))
    answer = client.post(INGEST, content=grown("console.log", b"x", 9))
    assert (answer.status_code, states(answer)) == (200, [("console.log", "gap", 3)])
    body = grown("console.log", b"abx") + grown("console.log", b"d", 3)
    answer = client.post(INGEST, content=body)
    assert answer.status_code == 409
    assert "other bytes" in answer.json()["error"]
    assert states(answer) == [("console.log", "conflict", 3), ("console.log", "taken", 4)]
    other = HEAD.replace(b"[]", b'["x"]')
    answer = client.post(INGEST, content=whole("run.json", other))
    assert answer.status_code == 409
    assert "another run" in answer.json()["error"]


@pytest.mark.parametrize(
    "file", ["../x", "/etc/passwd", "files/../../x", "files/.ssh", "checkpoints/1/x", "a\\b"]
)
def test_what_has_no_place_is_refused_and_what_came_before_stays(client, tmp_path, file):
    before = sorted(tmp_path.rglob("*"))
    answer = client.post(INGEST, content=whole(file, b"x"))
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sorted(tmp_path.rglob("*")) == before
    body = whole("run.json", HEAD) + whole(file, b"x") + grown("console.log", b"x")
    answer = client.post(INGEST, content=body)
    assert (answer.status_code, states(answer)) == (400, [("run.json", "taken", len(HEAD))])


@pytest.mark.parametrize("body", [b"", b"x", b"{}\n", b"\n", b"\xff\n" * 9, b"x" * 10_000])
def test_what_is_no_request(client, body):
    answer = client.post(INGEST, content=body)
    assert answer.status_code == (400 if body else 200)


def test_a_torn_request_leaves_a_beginning(client, tmp_path):
    body = whole("run.json", HEAD)
    body += grown("events-a-1.jsonl", b"one\n") + grown("events-a-1.jsonl", b"two\n", 4)
    for cut in range(1, len(body)):
        answer = client.post(INGEST, content=body[:cut])
        path = tmp_path / RUN / "events-a-1.jsonl"
        assert b"one\ntwo\n".startswith(path.read_bytes() if path.exists() else b"")
        assert answer.status_code in (200, 400)
    assert client.post(INGEST, content=body).status_code == 200
    assert path.read_bytes() == b"one\ntwo\n"


def test_only_who_may_write_sends(client):
    body = whole("run.json", HEAD)
    for headers, status in (
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Bearer {READ}"}, 403),
        ({"authorization": f"Bearer {WRITE}", "origin": "http://evil.example"}, 403),
    ):
        assert client.post(INGEST, content=body, headers=headers).status_code == status
        assert client.get(OFFSETS).status_code == 404
    assert client.post(INGEST, content=body).status_code == 200
    reads = {"authorization": f"Bearer {READ}"}
    assert client.get(OFFSETS, headers=reads).status_code == 200


def test_too_much_at_once_is_refused(client, tmp_path):
    def chunks():
        for _ in range(BATCH // 2**20 + 1):
            yield b" " * 2**20

    for content in (chunks(), b"x"):
        length = {} if content != b"x" else {"content-length": str(BATCH + 1)}
        assert client.post(INGEST, content=content, headers=length).status_code in (400, 413)
    size = Frame(RUN, "console.log", 0, 2**23 + 1).encode()
    assert client.post(INGEST, content=size).status_code == 400


NAMES = [
    "..", "../..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..\\..", "%5c..%5c", "%00", "a%00b",
    "%2fetc%2fpasswd", "//etc/passwd", ".", "~", "latest", "x" * 5000, "%ff", "..%2frun.json",
    "%2e%2e%2frun.json", "..%2f..%2frun.json", "..%2f..%2f..%2frun.json", "%252e%252e%252frun.json",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_paths_lead_nowhere_else(client, tmp_path, name):
    """In every parameter of every route: nothing of outside the run's folder comes back."""
    secret = tmp_path.parent / "run.json"
    secret.write_text('{"format": 1, "secret": "SECRET"}')
    run = folder.create(tmp_path, "x", {"config": {}})
    (run.path / "console.log").write_text("fine")
    for route in client.app.routes:
        path = getattr(route, "path_format", "")
        if "{" not in path:
            continue
        for real in (False, True):
            asked = path.replace("{run}", run.id) if real else path
            for parameter in ("run", "sha256", "path", "name", "step", "file", "kind"):
                asked = asked.replace(f"{{{parameter}}}", name)
            if name not in asked or asked.endswith("/live"):
                continue
            answer = client.get(asked)
            assert answer.status_code < 500, asked[:200]
            assert "SECRET" not in answer.text
            assert "root:" not in answer.text


def test_links_out_of_a_run_are_not_served(client, tmp_path):
    run = folder.create(tmp_path / "runs" / "deep", "x", {"config": {}})
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    digest = "0" * 64
    (run.media / f"{digest}.webp").symlink_to(secret)
    (run.path / "events-a-1.jsonl").write_bytes(b"")
    run.files.mkdir()
    (run.files / "link.txt").symlink_to(secret)
    (run.files / "deep").symlink_to(tmp_path)
    for path in (
        f"/runs/{run.id}/media/{digest}.webp",
        f"/runs/{run.id}/files/files/link.txt",
        f"/runs/{run.id}/files/files/deep/secret",
        f"/api/runs/{run.id}/preview/files/link.txt",
        f"/api/runs/{run.id}/preview/files/deep/secret",
    ):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "SECRET" not in answer.text
    assert client.get(OFFSETS.replace(RUN, run.id)).json()["files"].keys() == {
        "run.json",
        "events-a-1.jsonl",
    }


EVIL = "<script>alert(1)</script>"


def test_html_that_was_sent_is_no_page_of_ours(client):
    """In files of any name, in names and captions: never text/html without a sandbox."""
    names = ("x.html", "x.svg", "x.webp", "x", "x.xhtml", "x.HTML", f"{EVIL.replace('/', '')}.htm")
    for name in names:
        head = whole("run.json", HEAD)
        assert client.post(INGEST, content=head + whole(f"files/{name}", EVIL.encode())).is_success
        for query in ({}, {"show": ""}):
            answer = client.get(f"/runs/{RUN}/files/files/{name}", params=query)
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"].startswith("sandbox;")
            if "html" in answer.headers["content-type"] or "svg" in answer.headers["content-type"]:
                assert query
    journal = (
        b'{"kind":"open","time":1.0,"format":1,"host":"h","pid":1,"started":1.0,"step":0}\n'
        b'{"kind":"media","time":2.0,"name":"NAME","step":0,"seen":0,"caption":"NAME",'
        b'"sha256":"NAME","width":1,"height":1}\n'
        b'{"kind":"text","time":2.0,"name":"NAME","step":0,"seen":0,"text":"NAME"}\n'
        b'{"kind":"name","time":2.0,"name":"NAME"}\n'
    ).replace(b"NAME", EVIL.encode())
    assert client.post(INGEST, content=grown("events-a-1.jsonl", journal)).is_success
    for path in ("/", "/compare", f"/runs/{RUN}", f"/runs/{EVIL}", f"/api/runs/{RUN}", "/api/runs"):
        answer = client.get(path)
        if "html" in answer.headers["content-type"]:
            assert EVIL not in answer.text
