"""A run is sent while it grows; whatever happens on the way, the folders end equal."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

import ganbench as gb
from ganbench import cli, workbench
from ganbench.cli.sync import sync as command
from ganbench.errors import InputError
from ganbench.store import folder, query
from ganbench.store.index import Index
from ganbench.track import quiet, server, sync
from ganbench.track.link import Link, LinkError

WRITE, READ = "write-token-of-somebody", "read-token-of-somebody"


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.setattr(quiet, "_said", set())
    monkeypatch.setattr(sync, "EVERY", 0.05)
    for name in ("GANBENCH_SERVER", "GANBENCH_TOKEN", "GANBENCH_READ_TOKEN"):
        monkeypatch.delenv(name, raising=False)


class Server:
    """`ganbench serve` as a process of its own, on one port, again and again."""

    def __init__(self, runs_dir):
        self.runs_dir = runs_dir
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.child = None

    def start(self):
        command = [sys.executable, "-m", "ganbench", "serve", "--port", str(self.port)]
        environment = {**os.environ, "GANBENCH_TOKEN": WRITE, "GANBENCH_READ_TOKEN": READ}
        self.child = subprocess.Popen(
            [*command, "--runs-dir", str(self.runs_dir)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        first = self.child.stdout.readline()
        assert first.strip() == f"ganbench is at {self.url}/"

    def kill(self):
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child.stdout.close()
            self.child = None


@pytest.fixture
def remote(tmp_path):
    made = Server(tmp_path / "there")
    yield made
    made.kill()


@pytest.fixture
def away(remote, monkeypatch):
    """A server that is not there yet, and is configured."""
    monkeypatch.setenv("GANBENCH_SERVER", remote.url)
    monkeypatch.setenv("GANBENCH_TOKEN", WRITE)
    return remote


def equal(one, other):
    """As `diff -r` has it, but for the hidden file of a picture that was being written."""
    contents = [
        {
            path.relative_to(run): path.read_bytes() if path.is_file() else None
            for path in run.rglob("*")
            if path.name[0] != "."
        }
        for run in (one, other)
    ]
    return contents[0] == contents[1]


def shown(runs_dir, run):
    index = Index(runs_dir)
    index.refresh()
    found = query.show_run(index, run)
    index.close()
    return found


def wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_run_is_sent_while_it_grows(away, tmp_path, capsys):
    away.start()
    run = gb.Run("x", config={"lr": 1.0}, tags=["a"], runs_dir=tmp_path / "here")
    assert run.url == f"{away.url}/runs/{run.id}"
    there = away.runs_dir / run.id
    wait_for((there / "run.json").exists)
    for step in range(100):
        run.log({"loss": 1 / (step + 1)}, step=step)
    run.log_image("p", np.zeros((8, 8)), 3)
    run.log_file(b"x" * 3_000_000, "deep/large.bin")
    run.flush()
    wait_for(lambda: list(there.glob("media/*.webp")) and list(there.glob("files/deep/*")))
    run.add_tags("b")
    run.note("noted")
    wait_for((there / "annotations.json").exists)
    run.note("noted again")
    print("a line")
    run.finish(summary=False)
    assert equal(run.folder.path, there)
    assert shown(away.runs_dir, run.id)["state"] == "finished"
    assert shown(away.runs_dir, run.id)["notes"] == "noted again"
    printed = capsys.readouterr()
    assert run.url in printed.out
    assert printed.err == ""
    assert WRITE not in "".join(p.read_text() for p in run.folder.path.glob("*.json*"))


def test_the_server_may_go_and_come_back(away, tmp_path, capsys):
    run = gb.Run("x", runs_dir=tmp_path / "here")
    there = away.runs_dir / run.id
    run.log({"x": 1.0})
    for again in range(3):
        away.start()
        wait_for(lambda: equal(run.folder.path, there) if there.exists() else False)
        away.kill()
        for step in range(50):
            run.log({"x": float(step)})
        run.log_image("p", np.full((8, 8), again, np.uint8), again)
    away.start()
    run.finish(summary=False)
    assert equal(run.folder.path, there)
    assert shown(away.runs_dir, run.id)["state"] == "finished"
    assert capsys.readouterr().err.count("does not answer") == 1  # said once


def test_what_is_left_is_said_and_sent_later(away, tmp_path, capsys):
    run = gb.Run("x", runs_dir=tmp_path / "here")
    for step in range(1000):
        run.log({"x": float(step)})
    began = time.monotonic()
    run.finish(summary=False)
    assert time.monotonic() - began < sync.LAST + 5
    said = capsys.readouterr().err
    assert f"ganbench sync {run.id} --runs-dir {tmp_path / 'here'}" in said
    assert "kB of run" in said
    away.start()
    assert cli.main(["sync", run.id, "--runs-dir", str(tmp_path / "here")]) == 0
    assert equal(run.folder.path, away.runs_dir / run.id)
    assert f"{away.url}/runs/{run.id}" in capsys.readouterr().out
    assert cli.main(["sync", "--runs-dir", str(tmp_path / "here")]) == 0
    assert "nothing new" in capsys.readouterr().out


LOOP = """
import numpy as np, ganbench as gb
run = gb.Run("x", runs_dir={here!r})
print(run.id, flush=True)
for i in range(10**9):
    run.log({{"x": float(i)}}, step=i)
    if i % 1000 == 0: run.log_image("p", np.full((16, 16), i // 1000 % 256, np.uint8), i)
    if i % 1000 == 0: print(i, flush=True)
"""


def test_kill_9_and_then_sync(away, tmp_path):
    away.start()
    here = tmp_path / "here"
    child = subprocess.Popen(
        [sys.executable, "-c", LOOP.format(here=str(here))], stdout=subprocess.PIPE, text=True
    )
    said = iter(child.stdout.readline, "")
    run = next(line.strip() for line in said if re.fullmatch(r"\w+-x\n", line))
    wait_for((away.runs_dir / run / "run.json").exists)
    next(line for line in said if line.strip().isdigit() and int(line) > 20_000)
    child.send_signal(signal.SIGKILL)
    told = [int(line) for line in child.stdout.read().splitlines() if line.isdigit()]
    child.wait()
    child.stdout.close()
    local = folder.find(here, run)
    assert cli.main(["sync", "--runs-dir", str(here)]) == 0
    assert equal(local.path, away.runs_dir / run)
    there = shown(away.runs_dir, run)
    assert there["state"] == "killed"
    assert there["points"]["x"] > max(told, default=20_000)


def test_a_recipe_is_sent_too(away, tmp_path, tiny):
    away.start()
    run = workbench.launch(tiny(), tmp_path / "here")
    list(run.events())
    there = away.runs_dir / run.folder.id
    for path in run.folder.path.rglob("*"):
        name = path.relative_to(run.folder.path)
        if path.is_file() and name.parts[0] != "checkpoints":
            assert (there / name).read_bytes() == path.read_bytes()
    assert not list((there / "checkpoints").iterdir())
    assert shown(away.runs_dir, run.folder.id)["state"] == "finished"


def test_forked_processes_do_not_send_but_are_sent(away, tmp_path):
    away.start()
    code = f"""
import ganbench as gb, os, threading
run = gb.Run("x", runs_dir={str(tmp_path / "here")!r})
run.log({{"x": 1.0}})
if os.fork() == 0:
    assert [t.name for t in threading.enumerate()] == ["MainThread"]
    for i in range(100): run.log({{"child": float(i)}}, step=i)
    assert "ganbench-sync" not in [t.name for t in threading.enumerate()]
    os._exit(7)
assert os.wait()[1] == 7 << 8
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    run = folder.find(tmp_path / "here", "latest")
    assert len(list(run.path.glob("events-*"))) == 2
    assert equal(run.path, away.runs_dir / run.id)


def test_watching_ends_with_the_run(away, tmp_path):
    away.start()
    here = tmp_path / "here"
    os.environ.pop("GANBENCH_SERVER")
    run = gb.Run("x", runs_dir=here)
    run.log({"x": 1.0})
    words = ["sync", run.id, "--runs-dir", str(here), "--server", away.url, "--watch"]
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(cli.main(words)))
    thread.start()
    wait_for((away.runs_dir / run.id / "run.json").exists)
    run.log({"x": 2.0})
    run.finish(summary=False)
    thread.join(30)
    assert statuses == [0]
    assert equal(run.folder.path, away.runs_dir / run.id)


@pytest.mark.parametrize(
    ("token", "words"), [(None, "401"), ("wrong", "401"), (READ, "403.*token that writes")]
)
def test_who_may_not_write_is_told_and_trains_on(away, tmp_path, monkeypatch, capsys, token, words):
    away.start()
    if token is None:
        monkeypatch.delenv("GANBENCH_TOKEN")
    else:
        monkeypatch.setenv("GANBENCH_TOKEN", token)
    run = gb.Run("x", runs_dir=tmp_path / "here")
    run.log({"x": 1.0})
    run.finish(summary=False)
    said = capsys.readouterr().err
    assert re.search(words, said)
    assert "wrong" not in said
    assert not list(away.runs_dir.glob("*/run.json"))
    assert shown(tmp_path / "here", run.id)["points"] == {"x": 1}
    monkeypatch.setenv("GANBENCH_TOKEN", token or "")
    assert cli.main(["sync", "--runs-dir", str(tmp_path / "here")]) == 1


class Elsewhere(BaseHTTPRequestHandler):
    """Not ganbench: what it answers depends on the path."""

    heard: list[str] = []  # noqa: RUF012
    status, body, location = 200, b"<html>", ""

    def do_GET(self):
        self.heard.append(self.headers.get("authorization"))
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        if self.location:
            self.send_header("location", self.location)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(self.body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere():
    made = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    Elsewhere.heard = []
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.parametrize(
    ("status", "body", "final"),
    [
        (200, b"<html>", False),
        (200, b"[]", False),
        (200, b'{"files": 3}', False),
        (301, b"", True),
        (400, b'{"error": "so"}', True),
        (401, b"", True),
        (413, b"", True),
        (429, b"", False),
        (500, b"", False),
        (502, b"<html>", False),
        (503, b'{"error": "the disk is full"}', False),
    ],
)
def test_what_answers_but_is_no_server(elsewhere, monkeypatch, status, body, final):
    monkeypatch.setattr(Elsewhere, "status", status)
    monkeypatch.setattr(Elsewhere, "body", body)
    for ask in (lambda: Link(elsewhere).sizes("x"), lambda: Link(elsewhere).send([])):
        with pytest.raises(LinkError) as error:
            ask()
        assert error.value.final == final


def test_the_token_follows_no_redirect(elsewhere, monkeypatch):
    monkeypatch.setattr(Elsewhere, "location", elsewhere.replace("127.0.0.1", "localhost"))
    for status in (301, 302, 303, 307, 308):
        monkeypatch.setattr(Elsewhere, "status", status)
        Elsewhere.heard.clear()
        with pytest.raises(LinkError, match="localhost"):
            Link(elsewhere, "secret").sizes("x")
        assert Elsewhere.heard == ["Bearer secret"]


@pytest.mark.parametrize(
    "url",
    ["gan.example.org", "ftp://x", "http://", "https://u:p@x", "http://x?a", "http://x:99999", "/"],
)
def test_a_server_is_an_address(url, tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("GANBENCH_SERVER", url)
    for make in (
        lambda: gb.Run("x", runs_dir=tmp_path / "runs"),
        lambda: workbench.launch(tiny(), tmp_path / "runs"),
    ):
        with pytest.raises(InputError, match="expected an address"):
            make()
    assert not (tmp_path / "runs").exists()


def test_without_a_server_there_is_none(tmp_path, monkeypatch):
    assert server.configured() is None
    assert server.address("x") == "http://127.0.0.1:8642/runs/x"
    monkeypatch.setenv("GANBENCH_SERVER", "https://gan.example.org/")
    assert server.address("x") == "https://gan.example.org/runs/x"
    assert server.configured().address("x") == "https://gan.example.org/runs/x"
    monkeypatch.delenv("GANBENCH_SERVER")
    with pytest.raises(InputError, match="--server"):
        command(runs_dir=tmp_path)
