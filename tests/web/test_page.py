"""The page in a real browser: headless Chromium, driven by Playwright."""

import socket
import subprocess
import sys
import time

import psutil
import pytest

from ganbench import workbench
from ganbench.events import Stepped
from tests.web.browser import eventually, needs_chromium

pytestmark = needs_chromium


def drawn(page):
    """Waits for the first curve."""
    page.wait_for_selector("#balance .plot .scatterlayer path", state="attached")


def frame_step(page):
    return page.locator("#caption").inner_text().split(" ·")[0]


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
    titles = page.locator("#balance .plot .gtitle").all_text_contents()
    assert titles == ["loss", "accuracy"]
    lines = page.evaluate("document.querySelector('#balance .plot').data.map((t) => [t.name, t.x])")
    assert sorted(name for name, _ in lines) == ["adv_loss", "dis_loss"]
    assert all(x == [1, 5, 10, 15, 20, 25, 30, 35, 40] for _, x in lines)
    page.get_by_role("tab", name="Scores").click()
    page.wait_for_selector("#scores-table tbody tr")
    assert page.locator("#scores-table tbody tr").count() == 8
    assert "modes_covered" in page.locator("#scores").inner_text()
    page.get_by_role("tab", name="Config").click()
    page.wait_for_selector("#config-table tbody tr")
    assert "optimizer_d.lr" in page.locator("#config").inner_text()
    assert page.locator("#state").inner_text() == "finished"


def test_nan_and_infinity_are_drawn_as_marks(page, serve, runs_dir):
    odd = next(path.name for path in runs_dir.iterdir() if path.name.endswith("odd"))
    page.goto(f"{serve(runs_dir)}/runs/{odd}")
    drawn(page)
    marks = page.evaluate(
        "document.querySelector('#balance .plot').data"
        ".filter((t) => t.name.includes('not finite')).map((t) => t.x)"
    )
    assert marks == [[3, 5]]
    assert page.locator("#state").inner_text() == "diverged"
    assert page.locator("#facts b, #facts i").count() == 0  # text stays text
    assert "<i>dis_loss</i>" in page.locator("#facts").inner_text()


def test_the_movie_plays_and_listens_to_the_keyboard(page, serve, runs_dir, ring):
    page.goto(f"{serve(runs_dir)}/runs/{ring}")
    eventually(lambda: page.evaluate("document.getElementById('frame').naturalWidth > 0"))
    assert frame_step(page) == "step 40"  # the newest
    page.keyboard.press("Home")
    assert frame_step(page) == "step 0"
    page.keyboard.press("ArrowRight")
    assert frame_step(page) == "step 10"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert frame_step(page) == "step 0"
    page.keyboard.press("End")
    assert frame_step(page) == "step 40"
    page.locator("#speed").select_option("16")
    page.locator("h2").first.click()
    page.keyboard.press(" ")  # plays from the beginning
    eventually(lambda: frame_step(page) == "step 20")
    page.keyboard.press(" ")
    stopped = frame_step(page)
    time.sleep(0.4)
    assert frame_step(page) == stopped
    page.get_by_label("Play", exact=True).click()
    eventually(lambda: frame_step(page) == "step 40")
    page.locator("#scrub").fill("1")
    assert frame_step(page) == "step 10"
    assert page.locator("#frame").get_attribute("alt") == "Samples at step 10"


def test_a_running_training_is_followed(page, serve, tiny, tmp_path):
    run = workbench.launch(tiny(steps=30), tmp_path)
    events = run.events()

    def until(step):
        for event in events:
            if isinstance(event, Stepped) and event.step == step:
                return

    until(10)
    page.goto(f"{serve(tmp_path)}/runs/{run.folder.id}")
    drawn(page)
    assert page.locator("#state").inner_text() == "running"
    points = "document.querySelector('#balance .plot').data[0].x.length"
    assert page.evaluate(points) == 3
    until(20)
    eventually(lambda: page.evaluate(points) == 5)
    eventually(lambda: frame_step(page) == "step 20")
    list(events)
    eventually(lambda: page.locator("#state").inner_text() == "finished")
    page.get_by_role("tab", name="Scores").click()
    page.wait_for_selector("#scores-table tbody tr")


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
