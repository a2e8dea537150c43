import json
import os
import shutil

import numpy as np
import pytest

from ganbench.errors import InputError
from ganbench.imports import wandb
from ganbench.imports.bring import Imported, Skipped
from tests.imports.agree import curves_agree, grids_agree
from tests.imports.truth import CONFIG, GRIDS, STEPS, grid

pytest.importorskip("wandb", reason="W&B is not installed")
LONG = 3000


@pytest.fixture(scope="module")
def source(produce):
    return produce("wandb", "wandb", LONG)


@pytest.fixture
def copy(source, tmp_path):
    """A folder of one run that a test may damage, and its .wandb file."""
    (folder,) = (source / "wandb").glob("offline-run-*")
    shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    (file,) = (tmp_path / folder.name).glob("*.wandb")
    return file


def test_everything_of_a_run(brought, source):
    all_ = brought(wandb.runs(source / "wandb"))
    run = all_.only()
    curves_agree(all_, run, source)
    grids_agree(all_, run)
    assert (run["name"], run["project"]) == ("first <b>try</b>", "gan")
    assert (run["state"], run["notes"]) == ("finished", "some *notes*")
    assert run["tags"] == ["one", "<i>two</i>"]
    assert run["config"] == {**CONFIG, "lr": 0.0001, "nested": {"deep": [1, 2]}}
    assert run["environment"]["summary"] == {"best": 1.5}
    assert all_.series(run, "s/x.y")["value"] == list(range(STEPS))
    assert all_.series(run, "sub.a")["value"] == [1] * STEPS
    long = all_.series(run, "long")
    assert long["step"] == list(range(STEPS, STEPS + LONG))
    assert {p["caption"] for p in run["pictures"] if p["name"] == "grid"} == {
        f"step {step}" for step in GRIDS
    }
    for i in range(3):
        for pixels in all_.pictures(run, f"many/{i}").values():
            np.testing.assert_array_equal(pixels, grid(100 + i))
    lines = (all_.path(run) / "files" / "h.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(GRIDS)
    assert sum(name.startswith("media/table/") for name in all_.files(run)) == len(GRIDS)
    assert not [name for name in all_.files(run) if name.startswith("media/images/")]
    console = (all_.path(run) / "console.log").read_text()
    assert [line for line in console.splitlines() if line.startswith("line")] == [
        f"line {step}" for step in range(STEPS)
    ]
    assert all_.texts(run)["words"]["text"] == "hello <script>"


def test_one_run_its_folder_and_its_file_are_the_same(brought, source):
    (folder,) = (source / "wandb").glob("offline-run-*")
    (file,) = folder.glob("*.wandb")
    one = brought(wandb.runs(source)).only()
    for path in (source / "wandb", folder, file):
        (skipped,) = brought(wandb.runs(path)).of(Skipped)
        assert skipped.id == one["id"]


def test_a_failed_run(brought, produce):
    source = produce("wandb", "wandb", 0, 3)
    run = brought(wandb.runs(source)).only()
    assert (run["state"], run["reason"]) == ("failed", "exit code 3")


def test_a_cut_file_is_a_killed_run(brought, copy):
    """Everything before the cut is there."""
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    all_ = brought(wandb.runs(copy))
    run = all_.only()
    assert run["state"] == "killed"
    (imported,) = all_.of(Imported)
    assert any("its last record is cut" in what for what in imported.done.lost)
    long = all_.series(run, "long")
    assert long["step"] == list(range(STEPS, STEPS + len(long["step"])))
    assert 0.3 * LONG < len(long["step"]) < 0.7 * LONG


def test_damage_costs_the_rest_of_its_block(brought, copy):
    content = bytearray(copy.read_bytes())
    at = 5 * 2**15 + 3000
    content[at] ^= 0xFF
    copy.write_bytes(content)
    all_ = brought(wandb.runs(copy))
    run = all_.only()
    assert run["state"] == "finished"
    steps = np.array(all_.series(run, "long")["step"])
    missing = np.setdiff1d(np.arange(STEPS, STEPS + LONG), steps)
    assert 0 < len(missing) < LONG // 4
    assert (np.diff(missing) == 1).all()
    (imported,) = all_.of(Imported)
    assert any("damaged records" in what for what in imported.done.lost)


def test_a_missing_picture_is_counted(brought, copy):
    gone = sorted((copy.parent / "files" / "media" / "images").glob("grid_*"))[0]
    gone.unlink()
    all_ = brought(wandb.runs(copy))
    assert len(all_.pictures(all_.only(), "grid")) == 3
    assert any(gone.name in what for what in all_.notes(all_.only())["losses"])


def test_links_that_lead_out_are_not_followed(brought, copy, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    os.symlink(tmp_path / "secret.txt", copy.parent / "files" / "stolen.txt")
    all_ = brought(wandb.runs(copy))
    assert not [name for name in all_.files(all_.only()) if "stolen" in name]
    assert any("stolen.txt" in what for what in all_.notes(all_.only())["losses"])


def test_what_was_saved_is_kept_where_links_are_followed(brought, source):
    all_ = brought(wandb.runs(source, follow=True))
    assert (all_.path(all_.only()) / "files" / "kept.txt").read_text() == "kept"
    assert all_.notes(all_.only())["lost"] == 0


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no runs"):
        list(wandb.runs(tmp_path))
    (tmp_path / "run-x.wandb").write_bytes(b"something else")
    with pytest.raises(InputError, match="begins with"):
        list(wandb.runs(tmp_path))
