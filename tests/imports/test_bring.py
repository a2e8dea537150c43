"""What any tracker's events become: the writer, and what is left of an import that failed."""

import fcntl
import io
import json
import os

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import StoreError
from ganbench.imports import writer
from ganbench.imports.bring import Failed, Imported, bring
from ganbench.imports.foreign import (
    About,
    Config,
    Ended,
    Environment,
    File,
    Foreign,
    Line,
    Lost,
    Picture,
    Printed,
    Scalars,
    Text,
)

BEGAN = 1.6e9


def foreign(*events, key="1", read=None):
    return Foreign(
        tool="test",
        key=key,
        where="nowhere",
        fingerprint="x",
        name="a run",
        project="p",
        began=BEGAN,
        size=1,
        read=read or (lambda: iter(events)),
    )


def encoded(pixels, kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_times_and_state_are_those_of_the_source(brought):
    events = [Scalars(step, BEGAN + 100 * step, {"loss": step}) for step in range(4)]
    all_ = brought([foreign(*events, Ended("failed", BEGAN + 500, "because"))])
    run = all_.only()
    assert run["created"].startswith("2020-09-13T12:26:40")
    assert (run["state"], run["reason"], run["seconds"]) == ("failed", "because", 500)
    assert all_.series(run, "loss")["time"] == [BEGAN + 100 * step for step in range(4)]
    assert run["summary"]["scalars"]["loss"] == {"last": 3, "min": 0, "max": 3}


def test_points_of_one_step_share_a_row(brought):
    """If they were logged within 10 ms; a second value of a name never takes the first's place."""
    events = [
        Scalars(1, BEGAN + 1.000, {"a": 1}),
        Scalars(1, BEGAN + 1.004, {"b": 2}),
        Scalars(1, BEGAN + 1.005, {"a": 3}),
        Scalars(1, BEGAN + 2.000, {"b": 4}),
        Scalars(2, BEGAN + 2.001, {"c": 5}),
    ]
    all_ = brought([foreign(*events)])
    (journal,) = all_.path(all_.only()).glob("events-*.jsonl")
    rows = [json.loads(line) for line in journal.read_text().splitlines() if line[0] == "["]
    assert [row[1:2] + row[3:] for row in rows] == [
        [1, 1.0, 1, 2],
        [1, 1.005, 3],
        [1, 2.0, 4],
        [2, 2.001, 5],
    ]
    assert all_.only()["points"] == {"a": 2, "b": 2, "c": 1}


def test_all_pictures_of_a_step_are_kept(brought):
    shown = [pixels(5, 4 + i, 3) for i in range(3)]
    all_ = brought([foreign(*(Picture("grid", 7, BEGAN, encoded(p), "<b>x</b>") for p in shown))])
    run = all_.only()
    assert [p["name"] for p in run["pictures"]] == ["grid", "grid (2)", "grid (3)"]
    for name, expected in zip(("grid", "grid (2)", "grid (3)"), shown, strict=True):
        np.testing.assert_array_equal(all_.pictures(run, name)[7], expected)
    assert run["pictures"][0]["caption"] == "<b>x</b>"


def test_pictures_of_every_kind(brought):
    """The pixels are exact; what a picture cannot hold is kept as a file beside it."""
    colour, grey, deep = pixels(6, 5, 3), pixels(6, 5), np.arange(30, dtype=np.uint16) * 2000
    jpeg = encoded(colour, "JPEG")
    opaque = np.dstack([colour, np.full((6, 5), 255, np.uint8)])
    clear = np.dstack([colour, pixels(6, 5)])
    movie = io.BytesIO()
    frames = [Image.fromarray(pixels(6, 5)), Image.fromarray(255 - pixels(6, 5))]
    frames[0].save(movie, "GIF", save_all=True, append_images=frames[1:])
    contents = {
        "png": encoded(colour),
        "grey": encoded(grey),
        "jpeg": jpeg,
        "opaque": encoded(opaque),
        "clear": encoded(clear),
        "deep": encoded(deep.reshape(6, 5)),
        "movie": movie.getvalue(),
        "wide": encoded(np.zeros((1, 16384), np.uint8)),
        "drawing": b'<?xml version="1.0"?><svg onload="alert(1)"></svg>',
    }
    all_ = brought([foreign(*(Picture(n, 0, BEGAN, c) for n, c in contents.items()))])
    run = all_.only()
    assert all_.notes(run)["lost"] == 0
    kept = {"clear-0.png", "deep-0.png", "movie-0.gif", "wide-0.png", "drawing-0.svg"}
    assert all_.files(run) == {f"pictures/{name}" for name in kept}
    for name in kept:
        file = all_.path(run) / "files" / "pictures" / name
        assert file.read_bytes() == contents[name.split("-")[0]]
    drawn = {name: all_.pictures(run, name)[0] for name in set(contents) - {"wide", "drawing"}}
    np.testing.assert_array_equal(drawn["png"], colour)
    np.testing.assert_array_equal(drawn["opaque"], colour)
    np.testing.assert_array_equal(drawn["grey"], np.dstack([grey] * 3))
    np.testing.assert_array_equal(drawn["jpeg"], np.asarray(Image.open(io.BytesIO(jpeg))))
    np.testing.assert_array_equal(drawn["deep"][..., 0].ravel(), deep // 257)
    white = 255 - clear[..., 3:] / 255 * (255.0 - colour)
    np.testing.assert_allclose(drawn["clear"], white, atol=1)


def test_markup_is_text_everywhere(brought):
    evil = "<script>alert(1)</script>"
    all_ = brought(
        [
            foreign(
                Scalars(0, BEGAN, {evil: 1.0}),
                Text(evil, 0, BEGAN, evil),
                Config({evil: evil}),
                About(evil, [evil], evil),
                File(f"../{evil}.html", lambda: io.BytesIO(b"x")),
            )
        ]
    )
    run = all_.only()
    assert (run["name"], run["tags"], run["notes"]) == (evil, [evil], evil)
    assert run["config"] == {evil: evil}
    assert run["points"] == {evil: 1}
    assert all_.files(run) == {"<script>alert(1)<_script>.html".replace("_", "/")}


def test_a_config_that_grows_and_changes(brought):
    events = [
        Config({"a": 1, "n": {"x": 1}}),
        Config({"n": {"y": 2}}, BEGAN + 1),
        Config({"a": 2}, BEGAN + 2),
        Config({"n": {"x": 3}}, BEGAN + 3),
    ]
    all_ = brought([foreign(*events)])
    assert all_.only()["config"] == {"a": 2, "n": {"x": 3, "y": 2}}
    content = json.loads((all_.path(all_.only()) / "run.json").read_text())
    assert content["config"] == {"a": 1, "n": {"x": 1, "y": 2}}


def test_a_long_console_is_kept_whole(brought, monkeypatch):
    monkeypatch.setattr(writer, "MOST", 1000)
    text = "".join(f"line {i}\n" for i in range(1000))
    all_ = brought([foreign(Printed(text[:500]), Printed(text[500:]))])
    folder = all_.path(all_.only())
    assert (folder / "files" / "console.log").read_text() == text
    assert (folder / "console.log").read_text().startswith(text[:1000])
    assert "files/console.log" in (folder / "console.log").read_text()


def test_what_cannot_be_written_costs_itself(brought):
    """Half a surrogate pair is a legal JSON string, and no text."""
    bad = "\ud800"
    events = [
        Text("t", 0, BEGAN, bad),
        Config({bad: bad}),
        Environment({bad: [bad]}),
        Line("l", {"x": bad}),
        Scalars(1, BEGAN, {"loss": 1.0}),
        Lost("known already"),
    ]
    all_ = brought([foreign(*events)])
    run = all_.only()
    assert all_.series(run, "loss")["value"] == [1]
    assert all_.notes(run)["lost"] == 3
    assert run["config"] == {"?": "?"}


def test_a_file_that_cannot_be_read_is_not_kept(brought):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("the disk is gone")

    def missing():
        raise FileNotFoundError("not there")

    all_ = brought([foreign(File("a", Broken), File("b", missing), File("c", io.BytesIO))])
    assert all_.files(all_.only()) == {"c"}
    assert all_.notes(all_.only())["lost"] == 2
    (imported,) = all_.of(Imported)
    assert imported.done.files == 1


def test_a_run_that_fails_leaves_nothing(tmp_path):
    def read():
        yield Scalars(0, BEGAN, {"a": 1.0})
        yield Picture("p", 0, BEGAN, encoded(pixels(4, 4, 3)))
        raise RuntimeError("half way")

    runs = [foreign(key="1", read=read), foreign(Scalars(0, BEGAN, {"a": 1.0}), key="2")]
    failed, imported = bring(runs, tmp_path)
    assert isinstance(failed, Failed)
    assert "half way" in failed.why
    assert isinstance(imported, Imported)
    assert [path.name for path in tmp_path.iterdir()] == [imported.folder.id]


def test_an_interrupted_import_leaves_nothing(tmp_path):
    def read():
        yield Scalars(0, BEGAN, {"a": 1.0})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(bring([foreign(read=read)], tmp_path))
    assert not list(tmp_path.iterdir())


def test_what_killed_imports_left_is_removed(tmp_path):
    """Unless its process lives, which holds a lock on it."""
    for name in (".import-dead", ".import-alive"):
        (tmp_path / name / "abc-run").mkdir(parents=True)
    alive = os.open(tmp_path / ".import-alive", os.O_RDONLY)
    fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        list(bring([], tmp_path))
    finally:
        os.close(alive)
    assert [path.name for path in tmp_path.iterdir()] == [".import-alive"]


def test_runs_that_are_being_imported_are_not_listed(tmp_path, brought):
    """They appear whole, with one rename."""
    seen = []

    def read():
        yield Scalars(0, BEGAN, {"a": 1.0})
        seen.extend(path.name for path in (tmp_path / "runs").glob("[!.]*"))

    assert brought([foreign(read=read)]).only()["state"] == "finished"
    assert seen == []


def test_a_disk_that_refuses_ends_the_import(tmp_path, monkeypatch):
    def refuse(*arguments, **more):
        raise StoreError("the disk is full")

    monkeypatch.setattr("ganbench.store.journal.Journal.row", refuse)
    with pytest.raises(StoreError):
        list(bring([foreign(Scalars(0, BEGAN, {"a": 1.0}))], tmp_path))
    assert not list(tmp_path.iterdir())
