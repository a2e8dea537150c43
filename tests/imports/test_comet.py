import json
import shutil
import zipfile

import numpy as np
import pytest

from ganbench.errors import InputError
from ganbench.imports import comet
from ganbench.imports.bring import Imported, Skipped
from tests.imports.agree import curves_agree, grids_agree
from tests.imports.truth import CONFIG, STEPS


@pytest.fixture(scope="module")
def source(produce):
    return produce("comet_ml", "comet")


@pytest.fixture(scope="module")
def archive(source):
    (file,) = source.glob("*.zip")
    return file


def rewrite(archive, target, change):
    """The zip with `change(name, content)` for each file; None leaves it out."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def uploads(archive, kind):
    with zipfile.ZipFile(archive) as file:
        lines = [json.loads(line) for line in file.read("messages.json").splitlines()]
    found = [line["payload"] for line in lines if line["type"] == "file_upload"]
    return [payload["file_path"] for payload in found if payload["upload_type"] == kind]


def test_everything_of_an_experiment(brought, source, archive):
    all_ = brought(comet.runs(archive))
    run = all_.only()
    curves_agree(all_, run, source, "train_")
    grids_agree(all_, run)
    assert run["name"] == "first <b>try</b>"
    assert run["project"] == "gan"
    assert run["state"] == "finished"
    assert set(run["tags"]) == {"one", "<i>two</i>"}
    config = {name: value for name, value in run["config"].items() if "run_arg" not in name}
    assert config == {**CONFIG, "lr": 0.0001, "nested": {"deep": [1, 2]}}
    assert run["environment"]["other"] == {"best": 1.5}
    assert all_.series(run, "curr_epoch")["value"] == [step // 5 for step in range(STEPS)]
    assert all_.texts(run)["text"]["text"] == "hello <script>"
    console = (all_.path(run) / "console.log").read_text()
    assert [line for line in console.splitlines() if line.startswith("line")] == [
        f"line {step}" for step in range(STEPS)
    ]
    files = all_.files(run)
    assert {"confusion-matrix/confusion-matrix-4.json", "curve/roc-4.json"} <= files
    assert "asset/data.json" in files
    page = all_.path(run) / "files" / "comet" / "page.html"
    assert page.read_text() == "<script>alert(1)</script>"
    assert all_.notes(run)["lost"] == 0
    assert not [name for name in run["config"] if name.startswith("curr_")]


def test_the_first_value_of_a_parameter_is_in_run_json(brought, archive):
    """A later one is in the journal, at its time."""
    all_ = brought(comet.runs(archive))
    content = json.loads((all_.path(all_.only()) / "run.json").read_text())
    assert content["config"]["lr"] == CONFIG["lr"]


def test_importing_again_is_skipped(brought, archive):
    first = brought(comet.runs(archive)).only()
    second = brought(comet.runs(archive))
    (skipped,) = second.of(Skipped)
    assert skipped.id == first["id"]
    assert not skipped.grown
    assert second.only()["id"] == first["id"]
    assert len(brought(comet.runs(archive), again=True).runs) == 2


def test_what_is_damaged_costs_itself(brought, source, archive, tmp_path):
    broken, gone = uploads(archive, "visualization")[:2]

    def change(name, content):
        if name == "messages.json":
            lines = content.splitlines()
            return b"\n".join([b"{not json", b'{"type": 3}', *lines, lines[-1][:20]])
        if name == broken:
            return content[: len(content) // 2]
        return None if name == gone else content

    all_ = brought(comet.runs(rewrite(archive, tmp_path / "damaged.zip", change)))
    run = all_.only()
    curves_agree(all_, run, source, "train_")
    assert set(all_.pictures(run, "grid")) == {10, 15}
    (imported,) = all_.of(Imported)
    assert len(imported.done.lost) == all_.notes(run)["lost"] == 5
    assert imported.done.pictures == 2
    said = "\n".join(imported.done.lost)
    for what in ("line 1", "line 2", gone, "grid at step 0"):
        assert what in said
    assert "pictures/grid-0.damaged.png" in all_.files(run)


def test_an_archive_whose_bytes_were_changed(brought, archive, tmp_path):
    """One picture's checksum is wrong: the picture is lost, and nothing else."""
    name = uploads(archive, "visualization")[1]
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        picture = file.read(name)
    at = content.index(picture) + len(picture) // 2
    content[at] ^= 0xFF
    changed = tmp_path / "changed.zip"
    changed.write_bytes(content)
    all_ = brought(comet.runs(changed))
    (imported,) = all_.of(Imported)
    (lost,) = imported.done.lost
    assert "CRC" in lost
    assert set(all_.pictures(all_.only(), "grid")) == {0, 10, 15}


def test_what_a_killed_process_leaves(brought, produce):
    """The zip is empty then; the data lies in a folder of the temporary directory."""
    source = produce("comet_ml", "comet", 1, dies=True)
    (archive,) = source.glob("*.zip")
    with pytest.raises(InputError, match="TMPDIR"):
        list(comet.runs(archive))
    (messages,) = (source / "tmp").glob("*/messages.json")
    all_ = brought(comet.runs(messages.parent))
    run = all_.only()
    assert run["state"] == "killed"
    assert "end()" in run["reason"]
    curves_agree(all_, run, source, "train_")
    grids_agree(all_, run)


def test_an_unpacked_archive_is_the_same_run(brought, archive, tmp_path):
    shutil.unpack_archive(archive, tmp_path / "unpacked")
    one = brought(comet.runs(archive)).only()
    (skipped,) = brought(comet.runs(tmp_path / "unpacked")).of(Skipped)
    assert skipped.id == one["id"]


def test_points_without_steps_are_numbered(brought, tmp_path):
    lines = [
        {
            "type": "metric_msg",
            "payload": {
                "local_timestamp": 1.7e12 + i,
                "metric": {"metricName": "loss", "metricValue": i * 2, "step": None, "epoch": None},
            },
        }
        for i in range(5)
    ]
    (tmp_path / "x").mkdir()
    text = "\n".join(json.dumps(line) for line in lines)
    (tmp_path / "x" / "messages.json").write_text(text)
    all_ = brought(comet.runs(tmp_path / "x"))
    series = all_.series(all_.only(), "loss")
    assert series["step"] == [0, 1, 2, 3, 4]
    assert series["value"] == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(series["time"], 1.7e9 + np.arange(5) / 1000, atol=1e-5)


def test_names_in_messages_do_not_lead_out(brought, tmp_path):
    """A message may name a file of ours; only files of the archive are read."""
    (tmp_path / "x").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    payload = {
        "additional_params": {"fileName": "../../../stolen.txt", "step": 1},
        "file_path": "../secret.txt",
        "local_timestamp": 1.7e12,
        "upload_type": "asset",
    }
    line = json.dumps({"type": "file_upload", "payload": payload})
    (tmp_path / "x" / "messages.json").write_text(line)
    all_ = brought(comet.runs(tmp_path / "x"))
    assert all_.files(all_.only()) == {"comet/uploads.jsonl"}
    assert all_.notes(all_.only())["lost"] == 1
