"""A run in a notebook: live where its page can be reached, still where not, framed by no other."""

import http.server
import re
import threading
from html import unescape

import numpy as np
import pytest

import ganbench as gb
from ganbench import notebook, snapshot
from ganbench.track import quiet
from tests.web.browser import eventually, needs_chromium


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(quiet, "_said", set())
    monkeypatch.setattr(notebook, "_servers", {})
    made = gb.Run("x", runs_dir=tmp_path, console=False)
    for step, value in enumerate((1.0, 3.0, float("nan"), 2.0)):
        made.log({"<b>loss": value, "flat": 1.0}, step=step)
    made.log_images("samples", np.zeros((4, 3, 3)), 3)
    made.flush()
    yield made
    made.finish(summary=False)


def page_of(html):
    return unescape(re.search(r'data-page="([^"]*)"', html)[1])


def test_what_is_shown_without_a_server(run):
    html = run._repr_html_()
    assert f"<b>{run.id}</b> running at step 3" in html
    assert "<b>loss" not in html
    assert "&lt;b&gt;loss <b>2</b>" in html
    assert 'src="data:image/webp;base64,' in html
    assert "samples at step 3" in html


def test_a_curve_goes_through_its_points():
    drawn = snapshot.curve("x", [0, 1, 2, 3], [1.0, 3.0, float("nan"), 2.0])
    path = re.search(r' d="([^"]*)"', drawn)[1]
    assert path == "M0.0 68.0L73.3 2.0M220.0 35.0"
    assert 'd=""' in snapshot.curve("x", [], [])
    assert 'd=""' in snapshot.curve("x", [1], [float("inf")])


def test_one_server_of_this_machine_for_all_runs_of_a_folder(run, tmp_path):
    first = page_of(run._repr_html_())
    other = gb.Run("y", runs_dir=tmp_path, console=False)
    second = page_of(other._repr_html_())
    other.finish(summary=False)
    assert first.startswith("http://127.0.0.1:")
    assert first.partition("/runs/")[0] == second.partition("/runs/")[0]
    assert len(notebook._servers) == 1


def test_a_server_that_runs_is_used(run, tmp_path, serve, monkeypatch):
    url = serve(tmp_path)
    monkeypatch.setattr(type(run), "url", f"{url}/runs/{run.id}")
    assert page_of(run._repr_html_()) == f"{url}/runs/{run.id}?embed=1"
    assert not notebook._servers


def test_a_server_elsewhere_is_not_asked(run, monkeypatch):
    monkeypatch.setattr(type(run), "url", f"https://gan.example.org/runs/{run.id}")
    monkeypatch.setattr(notebook, "_answers", lambda *_: pytest.fail("asked"))
    assert page_of(run._repr_html_()).startswith("http://127.0.0.1:")


def test_only_pages_of_this_machine_may_frame_it(run, tmp_path, serve):
    url = serve(tmp_path)
    ancestors = {
        path: policy(f"{url}{path}").partition("frame-ancestors ")[2]
        for path in (f"/runs/{run.id}", f"/runs/{run.id}?embed=1", "/?embed=1")
    }
    assert list(ancestors.values()) == [
        "'self'",
        "'self' http://localhost:* http://127.0.0.1:*",
        "'self'",
    ]


def policy(url):
    from urllib.request import urlopen

    with urlopen(url) as answer:
        return answer.headers["content-security-policy"]


@pytest.fixture
def host():
    """Serves one page on some address of this machine, as a notebook's server does."""
    servers = []

    def start(html, name="127.0.0.1"):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/" else 404)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(html.encode() if self.path == "/" else b"")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer((name, 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://{name}:{server.server_address[1]}/"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@needs_chromium
def test_a_notebook_shows_the_live_page(run, host, browser):
    page = browser.new_page()
    page.goto(host(run._repr_html_()))
    frame = page.frame_locator("iframe")
    eventually(lambda: frame.locator("h1, h2, [role=tab]").count() > 0)
    assert run.id in frame.locator("body").inner_text()
    page.close()


@needs_chromium
def test_what_is_exported_shows_what_was(run, host, browser):
    """No server answers any more: curves and picture stay."""
    html = re.sub(r"http://127.0.0.1:\d+/", "http://127.0.0.1:9/", run._repr_html_())
    page = browser.new_page()
    page.goto(host(html))
    page.wait_for_load_state("networkidle")
    assert page.locator("iframe").count() == 0
    assert page.locator("svg").count() == 2
    assert page.locator("figure img").evaluate("e => e.naturalWidth") > 0
    page.close()


@needs_chromium
def test_another_page_cannot_frame_it(run, host, browser):
    """127.0.0.2 is this machine too, but a stranger to the policy."""
    frame = f'<iframe src="{page_of(run._repr_html_())}"></iframe>'
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(host(frame, "127.0.0.2"))
    eventually(lambda: any("frame-ancestors" in text for text in said))
    page.close()
