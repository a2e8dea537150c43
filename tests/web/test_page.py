"""The page in a real browser: headless Chromium, driven by Playwright."""

import socket
import subprocess
import sys

import psutil
import pytest

from tests.web.browser import drawn, needs_chromium

pytestmark = needs_chromium


def test_the_list_of_runs(page, serve, runs_dir, ring):
    page.goto(serve(runs_dir))
    page.wait_for_selector("#runs tr[data-run]")
    rows = page.locator("#runs tr[data-run]")
    assert rows.count() == 2
    text = page.locator("#runs").inner_text()
    assert "finished" in text
    assert "diverged" in text
    assert "frechet" in text
    page.get_by_role("link", name=ring).click()
    page.wait_for_url(f"**/runs/{ring}")


def test_curves_scores_and_config(page, serve, runs_dir, ring):
    page.goto(f"{serve(runs_dir)}/runs/{ring}")
    drawn(page)
    titles = page.locator("#balance h3").all_text_contents()
    assert titles == ["loss", "accuracy"]
    lines = page.evaluate("document.querySelector('#balance .plot').data.map((t) => [t.name, t.x])")
    assert [name for name, _ in lines] == ["dis_loss", "adv_loss"]
    assert all(x == [1, 5, 10, 15, 20, 25, 30, 35, 40] for _, x in lines)
    page.get_by_role("tab", name="Scores").click()
    page.wait_for_selector("#scores-table tbody tr")
    assert page.locator("#scores-table tbody tr:not(.more)").count() == 8
    assert "modes covered" in page.locator("#scores").inner_text()
    page.get_by_role("tab", name="Config").click()
    page.wait_for_selector("#config-groups tr")
    assert "optimizer_d.lr" in page.locator("#config").inner_text()
    assert page.locator("#state").inner_text() == "finished"


@pytest.mark.parametrize("width", [360, 860, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows(browser, serve, runs_dir, ring, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    address = serve(runs_dir)
    for path in ("/", f"/runs/{ring}"):
        page.goto(address + path)
        page.wait_for_selector("#runs tr[data-run]") if path == "/" else drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_server_starts_within_a_second_of_processor_time(tmp_path):
    """Its address is the first line it prints; a taken port leads to the next."""
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    command = [sys.executable, "-m", "ganbench", "serve", "--port", str(port)]
    command += ["--runs-dir", str(tmp_path)]
    with taken, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        first = child.stdout.readline()
        seconds = psutil.Process(child.pid).cpu_times().user
        child.terminate()
    assert first.startswith("ganbench is at http://127.0.0.1:")
    assert int(first.rstrip("/\n").rsplit(":", 1)[1]) > port
    assert seconds < 1.0


def test_beyond_this_machine_only_with_a_token(tmp_path):
    command = [sys.executable, "-m", "ganbench", "serve", "--runs-dir", str(tmp_path)]
    done = subprocess.run([*command, "--host", "0.0.0.0"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "--token" in done.stderr
