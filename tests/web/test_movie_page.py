"""The movie: in a real browser, and what the server makes of it to take away."""

import io
import re
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from ganbench import movies
from ganbench.store import folder
from ganbench.store.journal import Journal
from ganbench.store.media import encode
from ganbench.web.app import build
from tests.web.browser import eventually, frame_step, indexed, needs_chromium


def grid(step, side=24):
    """A picture whose red says which step it is."""
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[..., 0] = step % 250
    return pixels


def write(runs_dir, grids, end=True):
    """A run of grids, {name: steps}; returns its folder."""
    content = {"config": {"recipe": "made"}, "environment": {}, "tags": []}
    run = folder.create(runs_dir, "made", content)
    log = Journal(run.path, step=0)
    log.row(0, 0, {"dis_loss": 1.0, "adv_loss": 1.0})
    for name, steps in grids.items():
        add(run, log, name, steps)
    if end:
        last = max(step for steps in grids.values() for step in steps)
        log.row(last, last, {"dis_loss": 2.0, "adv_loss": 1.0})
        log.write("end", state="finished", step=last, seen=last, reason=None, summary=None)
    indexed(runs_dir)
    return run


def add(run, log, name, steps):
    for step in steps:
        digest = f"{step:064x}"
        (run.media / f"{digest}.webp").write_bytes(encode(grid(step)))
        picture = {"sha256": digest, "width": 24, "height": 24}
        log.write("media", name=name, step=step, seen=step * 8, **picture)


def opened(page, address, run):
    page.goto(f"{address}/runs/{run}")
    eventually(lambda: page.evaluate("document.querySelector('.screen img')?.naturalWidth > 0"))


def red(page, number=0):
    """What the shown picture is: the red of its middle."""
    return page.evaluate(
        """(number) => {
            const image = document.querySelectorAll('.screen')[number].querySelector('img');
            const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0, 1, 1);
            return context.getImageData(0, 0, 1, 1).data[0];
        }""",
        number,
    )


@needs_chromium
def test_it_plays_and_listens_to_the_keyboard(page, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20, 30, 40]})
    opened(page, serve(tmp_path), run.id)
    assert frame_step(page) == "step 40"  # the newest
    page.keyboard.press("Home")
    assert frame_step(page) == "step 0"
    page.keyboard.press("ArrowRight")
    assert frame_step(page) == "step 10"
    eventually(lambda: red(page) == 10)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert frame_step(page) == "step 0"
    page.keyboard.press("End")
    assert frame_step(page) == "step 40"
    page.get_by_label("Grids a second").fill("1")
    page.locator("h2:visible").first.click()
    page.keyboard.press(" ")  # plays from the beginning
    eventually(lambda: frame_step(page) in ("step 10", "step 20"))
    page.keyboard.press(" ")
    stopped = frame_step(page)
    time.sleep(1.4)
    assert frame_step(page) == stopped != "step 40"
    page.get_by_label("Grids a second").fill("16")
    page.get_by_label("Play", exact=True).click()
    eventually(lambda: frame_step(page) == "step 40")
    eventually(lambda: page.get_by_label("Play", exact=True).count() == 1)  # it stops at the end
    page.locator(".scrub").fill("1")
    assert frame_step(page) == "step 10"
    assert page.locator(".screen img").get_attribute("alt") == "samples at step 10"
    assert "80 images" in page.locator(".movie .caption").inner_text()
    assert "grid 2 of 5" in page.locator(".movie .caption").inner_text()


@needs_chromium
def test_in_a_loop_it_goes_on(page, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20]})
    opened(page, serve(tmp_path), run.id)
    page.get_by_label("Grids a second").fill("30")
    page.get_by_label("Loop").click()
    page.locator("h2:visible").first.click()
    page.keyboard.press("End")
    page.keyboard.press(" ")
    for step in ("step 20", "step 0", "step 20"):
        eventually(lambda step=step: frame_step(page) == step)
    page.keyboard.press(" ")


@needs_chromium
def test_keys_in_a_field_are_not_the_movies(page, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20]})
    opened(page, serve(tmp_path), run.id)
    smoothing = page.locator("#balance-toolbar").get_by_label("Smoothing")
    smoothing.press("ArrowRight")
    assert frame_step(page) == "step 20"
    assert smoothing.input_value() == "0.01"
    page.get_by_role("tab", name="Curves").click()
    page.locator("#curves h2").click()
    page.keyboard.press("Home")  # the movie is not on screen
    page.get_by_role("tab", name="Overview").click()
    assert frame_step(page) == "step 20"


@needs_chromium
@pytest.mark.parametrize("n", [1, 7, 2000])
def test_one_tick_a_grid(page, serve, tmp_path, n):
    run = write(tmp_path, {"samples": range(0, n * 5, 5)})
    opened(page, serve(tmp_path), run.id)
    ticks = page.evaluate(
        "[...document.querySelectorAll('.ticks path')]"
        ".flatMap((p) => (p.getAttribute('d') ?? '').match(/M[^ ]+/g) ?? [])"
    )
    places = sorted(float(tick[1:]) for tick in ticks)
    assert places == pytest.approx([i / (n - 1) for i in range(n)] if n > 1 else [0.5], abs=1e-5)
    labels = page.locator(".labels span").all_inner_texts()
    assert {int(label.replace(",", "")) for label in labels} <= set(range(0, n * 5, 5))
    if n > 1:
        box = page.locator(".ticks").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, page.locator(".scrub").bounding_box()["y"] + 9)
        assert page.locator(".tip").inner_text() == f"step {round((n - 1) / 2 + 1e-9) * 5:,}"
        assert page.evaluate("document.querySelectorAll('.screen img').length") == 1


@needs_chromium
def test_a_lost_picture_is_named_and_the_movie_goes_on(browser, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20]})
    (run.media / f"{10:064x}.webp").unlink()
    page = browser.new_context().new_page()  # its console may complain
    opened(page, serve(tmp_path), run.id)
    page.get_by_label("Grids a second").fill("30")
    page.locator("h2:visible").first.click()
    page.keyboard.press(" ")
    eventually(lambda: frame_step(page) == "step 20")
    page.keyboard.press("ArrowLeft")
    lost = page.locator(".screen .lost")
    eventually(lambda: lost.count() == 1)
    assert "samples at step 10 cannot be shown" in lost.inner_text()
    assert f"media/{10:064x}.webp" in lost.inner_text()
    page.context.close()


@needs_chromium
def test_pictures_of_several_names(page, serve, tmp_path):
    run = write(tmp_path, {"few": [1], "many/reconstructions": [10, 20, 30]})
    opened(page, serve(tmp_path), run.id)
    names = page.get_by_label("Which pictures")
    assert names.input_value() == "many/reconstructions"
    assert frame_step(page) == "step 30"
    names.select_option("few")
    assert frame_step(page) == "step 1"
    assert page.get_by_label("Play", exact=True).is_disabled()


@needs_chromium
def test_new_grids_come_by_themselves_and_only_they(page, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10]}, end=False)
    asked = []
    page.on("request", lambda request: "/pictures?" in request.url and asked.append(request.url))
    opened(page, serve(tmp_path), run.id)
    assert [url.split("?")[1] for url in asked] == ["after=0"]
    log = Journal(run.path, step=5)
    add(run, log, "samples", [10, 20])  # it was resumed: 10 is there again
    eventually(lambda: frame_step(page) == "step 20")
    assert {url.split("?")[1] for url in asked[1:]} <= {"after=2", "after=3"}
    assert page.locator(".scrub").get_attribute("max") == "2"
    page.locator("h2:visible").first.click()
    page.keyboard.press("Home")
    add(run, log, "samples", [30])
    eventually(lambda: page.locator(".scrub").get_attribute("max") == "3")
    assert frame_step(page) == "step 0"  # who looks elsewhere stays there


@needs_chromium
def test_the_large_view(page, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20]})
    opened(page, serve(tmp_path), run.id)

    def height():
        box = page.locator(".screen img").bounding_box()
        return box["height"] if box else 0  # the next picture is not there yet

    small = height()
    page.locator(".screen").click()
    assert page.locator("dialog.hall").is_visible()
    page.keyboard.press("ArrowLeft")
    assert frame_step(page) == "step 10"
    large = []
    eventually(lambda: large.append(height()) or large[-1] > small)
    page.keyboard.press("+")
    page.keyboard.press("+")
    eventually(lambda: height() == pytest.approx(4 * large[-1], rel=0.1))
    style = "getComputedStyle(document.querySelector('.screen img')).imageRendering"
    assert page.evaluate(style) == "pixelated"
    page.keyboard.press("Escape")
    assert page.locator("dialog.hall").is_hidden()
    assert height() == pytest.approx(small, 0.01)


@needs_chromium
def test_pictures_ahead_fill_no_more_than_a_bound(page, serve, tmp_path):
    """Ten pictures that would take 64 MiB each: four are kept, the last ones asked for."""
    run = write(tmp_path, {"samples": range(10)})
    opened(page, serve(tmp_path), run.id)
    kept = page.evaluate(
        """async (page) => {
            const base = document.querySelector('script[type=module]').src;
            const { Frames, MOST } = await import(base.replace('run.js', 'frames.js'));
            const frames = new Frames();
            const url = (i) => `${page}/media/${i.toString(16).padStart(64, '0')}.webp`;
            for (const i of [0, 1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 7]) {
                await frames.get(url(i), { width: 4096, height: 4096 }).done;
            }
            if (frames.bytes > MOST) throw new Error(`${frames.bytes} bytes`);
            return [...frames.kept.keys()].map((key) => parseInt(key.slice(-7), 16));
        }""",
        f"/runs/{run.id}",
    )
    assert kept == [6, 8, 9, 7]


@needs_chromium
def test_saving(page, serve, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20]})
    opened(page, serve(tmp_path), run.id)
    page.locator(".saving summary").click()
    page.get_by_label("Grids a second").fill("5")
    with page.expect_download() as waiting:
        page.locator(".saving").get_by_role("link", name="WEBP").click()
    download = waiting.value
    assert download.suggested_filename == f"{run.id}.webp"
    with Image.open(download.path()) as movie:
        assert movie.n_frames == 3
        movie.seek(1)
        movie.load()
        assert movie.info["duration"] == 200
    eventually(lambda: "saved as" in page.locator(".saving").inner_text())
    page.get_by_label("steps below").uncheck()
    link = page.locator(".saving").get_by_role("link", name="GIF").get_attribute("href")
    assert link == f"/runs/{run.id}/movie.gif?name=samples&fps=5&captions=0"


COMPARED = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="STATIC/style.css">
<p id="trouble" hidden></p>
<script src="/plotly.js"></script><div id="side-curves"></div><div id="side-movie"></div>
<script type="module">
import { Cursor } from "STATIC/cursor.js";
import { mountCurves, mountMovies } from "STATIC/side.js";
const cursor = new Cursor(), runs = RUNS;
mountCurves(document.getElementById("side-curves"), runs, cursor);
mountMovies(document.getElementById("side-movie"), runs, cursor);
</script>"""


@pytest.fixture
def side(page, serve, tmp_path):
    """Two runs on one page, mounted as the page that compares does it."""
    runs = [
        write(tmp_path, {"samples": [0, 10, 25, 40]}),
        write(tmp_path, {"samples": [0, 20, 30]}),
    ]
    address = serve(tmp_path)
    source = page.request.get(f"{address}/").text()
    static = re.search(r'href="(/static/\w+)/', source)[1]
    body = COMPARED.replace("STATIC", static).replace("RUNS", str([run.id for run in runs]))
    page.route("**/mounted", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{address}/mounted")
    page.wait_for_function("document.querySelectorAll('.screen img').length === 2")
    return page, [run.id for run in runs]


@needs_chromium
def test_side_by_side_shows_the_nearest_of_each(side):
    page, runs = side
    captions = page.locator("#side-movie .caption")
    assert page.locator("#side-movie h3").all_inner_texts() == runs
    page.locator("#side-movie .scrub").focus()
    page.keyboard.press("Home")
    seen = []
    for _ in range(6):
        seen.append([text.split(" ·")[0] for text in captions.all_inner_texts()])
        page.keyboard.press("ArrowRight")
    assert seen == [
        ["step 0", "step 0"],
        ["step 10", "step 0 (nearest to 10)"],
        ["step 25 (nearest to 20)", "step 20"],
        ["step 25", "step 20 (nearest to 25)"],
        ["step 25 (nearest to 30)", "step 30"],
        ["step 40", "step 30 (nearest to 40)"],
    ]
    assert [red(page, 0), red(page, 1)] == [40, 30]
    page.locator(".saving summary").click()
    with page.expect_download() as waiting:
        page.locator(".saving").get_by_role("link", name="GIF").click()
    with Image.open(waiting.value.path()) as movie:
        assert movie.n_frames == 6


@needs_chromium
def test_curves_side_by_side(side):
    page, runs = side
    page.wait_for_selector("#side-curves .plot .scatterlayer path", state="attached")
    assert page.locator("#side-curves h3").all_inner_texts() == ["adv_loss", "dis_loss"]
    plot = "document.querySelectorAll('#side-curves .plot')[1]"
    eventually(lambda: page.evaluate(f"{plot}.data?.length") == 2)
    lines = page.evaluate(f"{plot}.data.map((t) => [t.name, t.x, t.y, t.line.color])")
    assert [line[:3] for line in lines] == [
        [runs[0], [0, 40], [1, 2]],
        [runs[1], [0, 30], [1, 2]],
    ]
    assert lines[0][3] != lines[1][3]


@pytest.fixture
def client(tmp_path):
    with TestClient(build(tmp_path, ["testserver"])) as made:
        yield made


def test_movies_from_the_server(client, tmp_path):
    run = write(tmp_path, {"samples": [0, 10, 20], "other": [5]})
    webp = client.get(f"/runs/{run.id}/movie.webp?fps=10&side=48")
    assert webp.headers["content-type"] == "image/webp"
    assert webp.headers["content-disposition"] == f'attachment; filename="{run.id}.webp"'
    assert int(webp.headers["content-length"]) == len(webp.content)
    with Image.open(io.BytesIO(webp.content)) as movie:
        assert (movie.n_frames, movie.size) == (3, (48, 76))
    archive = client.get(f"/runs/{run.id}/movie.zip?captions=0&side=24")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as file:
        assert file.namelist() == [f"samples-{step:06}.png" for step in (0, 10, 20)]
        with file.open("samples-000010.png") as entry, Image.open(entry) as picture:
            assert np.array_equal(np.asarray(picture), grid(10))
    av = pytest.importorskip("av", reason="PyAV is in the video extra")
    video = client.get(f"/runs/{run.id}/movie.mp4?fps=4")
    with av.open(io.BytesIO(video.content)) as movie:
        assert len(list(movie.decode(video=0))) == 2 + 2 * 4
    other = client.get(f"/runs/{run.id}/movie.gif?name=other")
    with Image.open(io.BytesIO(other.content)) as movie:
        assert movie.n_frames == 1


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/runs/{run}/movie.avi", 400, ".avi"),
        ("/runs/{run}/movie.gif?fps=0", 400, "fps 0"),
        ("/runs/{run}/movie.gif?fps=fast", 400, "fps=fast"),
        ("/runs/{run}/movie.gif?fps=nan", 400, "fps=nan"),
        ("/runs/{run}/movie.gif?side=100000", 400, "from 16 to 2048"),
        ("/runs/{run}/movie.gif?name=nothing", 404, "no pictures named nothing"),
        ("/runs/nobody/movie.gif", 404, "no run nobody"),
        ("/compare/movie.gif?runs=", 400, "1 to 8"),
        ("/compare/movie.gif?runs={run},nobody", 404, "no run nobody"),
        ("/compare/movie.gif?runs=a,b,c,d,e,f,g,h,i", 400, "1 to 8"),
    ],
)
def test_what_no_movie_can_be_made_of(client, tmp_path, path, status, word):
    run = write(tmp_path, {"samples": [0, 10]})
    answer = client.get(path.format(run=run.id))
    assert answer.status_code == status
    assert word in answer.text


def test_no_video_without_its_encoder(client, tmp_path, monkeypatch):
    run = write(tmp_path, {"samples": [0, 10]})
    monkeypatch.setattr(movies, "has_video", lambda: False)
    answer = client.get(f"/runs/{run.id}/movie.mp4")
    assert answer.status_code == 400
    assert "ganbench[video]" in answer.text


def test_pictures_that_are_all_lost(client, tmp_path):
    run = write(tmp_path, {"samples": [0, 10]})
    for path in run.media.iterdir():
        path.write_bytes(b"broken")
    answer = client.get(f"/runs/{run.id}/movie.gif")
    assert answer.status_code == 404
    assert "none of 2 pictures can be read" in answer.text


def test_side_by_side_from_the_server(client, tmp_path):
    one = write(tmp_path, {"samples": [0, 10]})
    two = write(tmp_path, {"samples": [0, 20]})
    answer = client.get(f"/compare/movie.gif?runs={one.id},{two.id}&side=240&fps=5")
    with Image.open(io.BytesIO(answer.content)) as movie:
        assert movie.n_frames == 3
        assert movie.width >= 480
