"""Two runs for the page's tests (one that trained, one with what goes wrong), and a browser."""

import math
import socket
import threading

import pytest

from ganbench import workbench
from ganbench.store import folder
from ganbench.store.journal import Journal
from ganbench.track.run import Run
from ganbench.web.app import build
from ganbench.web.server import make_server
from tests.web.browser import CHROMIUM, FLAGS


@pytest.fixture
def runs_dir(tmp_path, tiny):
    return make_runs(tmp_path, tiny())


def make_runs(where, config):
    run = workbench.launch(config, where)
    list(run.events())
    odd = folder.create(
        where,
        "odd",
        {"config": {"recipe": "<b>odd</b>", "steps": 9}, "environment": {}, "tags": []},
    )
    log = Journal(odd.path, step=0)
    for step in range(1, 8):
        value = {3: math.nan, 5: math.inf}.get(step, float(step))
        log.row(step, step, {"dis_loss": value, "adv_loss": 1.0})
    log.write("end", state="diverged", step=7, seen=7, reason="<i>dis_loss</i> is not finite")
    return where


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is in the dev extra")
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def page(browser, serve):
    """A page; whatever the console or a script complains about fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    made = context.new_page()
    complaints = []
    made.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    context.close()
    assert not complaints


@pytest.fixture
def serve():
    """Serves a runs dir on a free port; returns the address."""
    servers = []

    def start(runs_dir):
        listener = socket.create_server(("127.0.0.1", 0))
        server = make_server(build(runs_dir, ["127.0.0.1"]))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()


@pytest.fixture
def ring(runs_dir):
    return next(path.name for path in runs_dir.iterdir() if path.name.endswith("ring8"))


@pytest.fixture
def run(tmp_path):
    """The folder of a run with some of everything that the panels show."""
    made = Run("panels", runs_dir=tmp_path / "runs", tags=["first"], notes="# As it began")
    print("\x1b[32mhello\x1b[0m\nstep 1\rstep 2", end="")
    made.log({"loss": 1.0}, step=0)
    made.log_text("one", step=1)
    made.log_text("two", step=2, name="<b>")
    made.log_file(b"a,b\n1,2\n", "table.csv")
    made.log_file(b'{"data": [{"y": [1, 2]}], "layout": {}}', "figures/f-1.plotly.json")
    made.log_file(b"<script>alert(1)</script>", "evil.html")
    made.log_file(b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "evil.svg")
    made.log_file(b"\x89PNG\r\n", "a.png")
    made.log_file(b"\0\1\2", "weights.bin")
    made.finish(summary=False)
    return made.folder
