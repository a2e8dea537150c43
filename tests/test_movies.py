"""Movies: every frame is there, stays as long as it should, and shows what it is said to show."""

import io
import re
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from ganbench import movies
from ganbench.errors import InputError
from ganbench.store.media import encode

STEPS = (0, 10, 25, 40)


def grid(step, side=40):
    """A picture whose red says which step it is."""
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[..., 0] = step * 5
    pixels[: side // 2, :, 1] = 120
    return pixels


def stored(media, steps, name="samples", side=40):
    """What the index says of pictures on disk."""
    media.mkdir(parents=True, exist_ok=True)
    rows = []
    for step in steps:
        digest = f"{step:064x}"
        (media / f"{digest}.webp").write_bytes(encode(grid(step, side)))
        rows.append({"name": name, "step": step, "sha256": digest, "width": side, "height": side})
    return rows


def made(shots, suffix, **options):
    file = io.BytesIO()
    bad = movies.write(shots, file, suffix, **{"fps": 4, "side": 80, **options})
    file.seek(0)
    return file, bad


def frames_of(file):
    """The frames of an animation as arrays, and their milliseconds."""
    with Image.open(file) as animation:
        assert animation.info["loop"] == 0
        found = []
        for i in range(animation.n_frames):
            animation.seek(i)
            pixels = np.asarray(animation.convert("RGB")).astype(int)
            found.append((pixels, animation.info["duration"]))
    return found


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_an_animation_shows_each_grid_with_its_step(tmp_path, suffix):
    shots = movies.of_run(tmp_path, stored(tmp_path, STEPS))
    found = frames_of(made(shots, suffix)[0])
    assert [stay for _, stay in found] == [250, 250, 250, movies.LAST]
    for (pixels, _), step in zip(found, STEPS, strict=True):
        assert pixels.shape == (108, 80, 3)
        assert abs(pixels[60, 40] - (step * 5, 0, 0)).max() <= 24
        assert abs(pixels[20, 40] - (step * 5, 120, 0)).max() <= 24
        assert pixels[80:].min() < 100  # words, dark on white
    for (before, _), (after, _) in pairwise(found):
        assert (before[80:] != after[80:]).any()


def test_grey_pictures_are_exact_in_a_gif(tmp_path):
    pixels = np.arange(1600, dtype=np.uint8).reshape(40, 40)[..., None].repeat(3, 2)
    (tmp_path / f"{'a' * 64}.webp").write_bytes(encode(pixels))
    row = {"name": "x", "step": 1, "sha256": "a" * 64, "width": 40, "height": 40}
    file, _ = made(movies.of_run(tmp_path, [row, row]), ".gif", captions=False, side=40)
    for shown, _ in frames_of(file):
        assert np.array_equal(shown, pixels)


def test_a_zip_holds_exact_frames_by_step(tmp_path):
    shots = movies.of_run(tmp_path, stored(tmp_path, STEPS, name="../a/b"))
    file, _ = made(shots, ".zip", captions=False)
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == [f"_a_b-{step:06}.png" for step in STEPS]
        for name, step in zip(archive.namelist(), STEPS, strict=True):
            with archive.open(name) as entry, Image.open(entry) as picture:
                expected = grid(step).repeat(2, 0).repeat(2, 1)
                assert np.array_equal(np.asarray(picture), expected)


def test_video(tmp_path):
    av = pytest.importorskip("av", reason="PyAV is in the video extra")
    file, _ = made(movies.of_run(tmp_path, stored(tmp_path, STEPS)), ".mp4")
    with av.open(file) as movie:
        frames = [frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)]
        assert movie.duration / av.time_base == pytest.approx(3 / 4 + 2)
    assert len(frames) == 3 + 2 * 4
    for frame, step in zip(frames, STEPS, strict=False):
        assert abs(frame[60, 40].astype(int) - (step * 5, 0, 0)).max() <= 24


def test_pictures_of_several_sizes_share_one_sheet(tmp_path):
    rows = stored(tmp_path, [1], side=40) + stored(tmp_path, [2], side=20)
    found = frames_of(made(movies.of_run(tmp_path, rows), ".webp", captions=False)[0])
    assert {pixels.shape for pixels, _ in found} == {(80, 80, 3)}
    second = found[1][0]
    assert second[20, 5].min() > 230  # paper beside the small one
    assert second[5, 40].max() < 200


def test_large_pictures_are_averaged(tmp_path):
    rows = stored(tmp_path, [10, 20], side=400)
    found = frames_of(made(movies.of_run(tmp_path, rows), ".webp", side=100, captions=False)[0])
    assert found[0][0].shape == (100, 100, 3)


def test_a_movie_of_side_by_side_shows_the_nearest_of_each(tmp_path):
    runs = {
        "one": (tmp_path / "one", stored(tmp_path / "one", STEPS)),
        "two": (tmp_path / "two", stored(tmp_path / "two", (0, 20, 30))),
    }
    shots = movies.side_by_side(runs)
    assert [shot.name for shot in shots] == [
        f"samples-{step:06}" for step in (0, 10, 20, 25, 30, 40)
    ]
    words = [tuple(cell.words for cell in shot.cells) for shot in shots]
    assert words[1] == ("one\nstep 10", "two\nstep 0 (nearest to 10)")  # 0 and 20 are as near
    assert words[2] == ("one\nstep 25 (nearest to 20)", "two\nstep 20")
    assert words[5] == ("one\nstep 40", "two\nstep 30 (nearest to 40)")
    found = frames_of(made(shots, ".webp")[0])
    assert len(found) == 6
    for (pixels, _), (left, right) in zip(found, words, strict=True):
        for at, text in ((40, left), (128, right)):
            step = int(re.search(r"step (\d+)", text)[1])
            assert abs(pixels[60, at] - (step * 5, 0, 0)).max() <= 24


def test_the_nearest_against_a_search():
    random = np.random.default_rng(0)
    for _ in range(200):
        steps = sorted(set(random.integers(0, 40, random.integers(1, 10)).tolist()))
        step = int(random.integers(-5, 45))
        assert steps[movies.nearest(steps, step)] == min(steps, key=lambda s: (abs(s - step), s))


def test_what_cannot_be_read_is_left_out_and_named(tmp_path):
    rows = stored(tmp_path, STEPS)
    broken = tmp_path / f"{rows[1]['sha256']}.webp"
    broken.write_bytes(b"broken")
    file, bad = made(movies.of_run(tmp_path, rows), ".webp")
    assert bad == [broken]
    assert len(frames_of(file)) == 3
    for row in rows:
        (tmp_path / f"{row['sha256']}.webp").unlink()
    with pytest.raises(OSError, match="none of 4"):
        made(movies.of_run(tmp_path, rows), ".webp")


def test_one_lost_picture_of_two_is_a_grey_one(tmp_path):
    runs = {name: (tmp_path / name, stored(tmp_path / name, (0, 1))) for name in ("one", "two")}
    (tmp_path / "one" / f"{1:064x}.webp").unlink()
    file, bad = made(movies.side_by_side(runs), ".webp")
    assert len(bad) == 1
    assert abs(frames_of(file)[1][0][60, 40] - 205).max() <= 8


def test_one_frame_is_drawn_at_a_time(tmp_path):
    """A frame is asked for only when the one before has been written."""
    alive = []

    def writer(_, frames):
        for number, _ in enumerate(frames):
            alive.append((number, len(opened)))

    opened = []
    real = movies._open
    shots = movies.of_run(tmp_path, stored(tmp_path, range(20)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(movies, "_open", lambda *words: opened.append(0) or real(*words))
        patch.setitem(movies.FORMATS, ".webp", writer)
        made(shots, ".webp")
    assert all(drawn <= number + 2 for number, drawn in alive)


@pytest.mark.parametrize(
    ("suffix", "options", "word"),
    [
        (".avi", {}, ".avi"),
        ("", {}, "no suffix"),
        (".gif", {"fps": 0}, "fps 0"),
        (".gif", {"fps": 51}, "at most 50"),
        (".gif", {"fps": float("nan")}, "fps nan"),
        (".gif", {"side": 15}, "from 16 to 2048"),
        (".gif", {"side": 5000}, "side 5000"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, suffix, options, word):
    shots = movies.of_run(tmp_path, stored(tmp_path, STEPS))
    with pytest.raises(InputError, match=word):
        made(shots, suffix, **options)
