import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import InputError
from ganbench.imports import tensorboard
from ganbench.imports.bring import Imported, Skipped
from ganbench.imports.records import Damage, Record
from ganbench.imports.records import tensorflow as records
from tests.imports.agree import curves_agree, grids_agree
from tests.imports.truth import CONFIG, grid

pytest.importorskip("tensorboard", reason="TensorBoard is not installed")


@pytest.fixture(scope="module")
def source(produce):
    return produce("tensorboardX", "tensorboard")


def event_file(folder):
    (file,) = folder.glob("*tfevents*")
    return file


def write(path, events):
    """A file of events, by TensorBoard's own writer."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    with path.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
        writer.flush()


def summary(step, tag, plugin="", **value):
    from tensorboard.compat.proto import event_pb2, summary_pb2

    made = summary_pb2.Summary.Value(tag=tag, **value)
    made.metadata.plugin_data.plugin_name = plugin
    return event_pb2.Event(
        step=step, wall_time=1.7e9 + step, summary=summary_pb2.Summary(value=[made])
    )


def tensor(values):
    from tensorboard.util.tensor_util import make_tensor_proto

    return make_tensor_proto(values)


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_every_folder_is_a_run(brought, source):
    all_ = brought(tensorboard.runs(source / "log"))
    assert {run["name"] for run in all_.runs} == {"first", "deep/second", "first/hparams"}
    assert {run["project"] for run in all_.runs} == {"log"}
    run = all_.called("deep/second")
    curves_agree(all_, run, source, float32=True)
    grids_agree(all_, run)
    assert run["state"] == "finished"
    assert all_.texts(run)["words/text_summary"]["text"] == "hello <script>"
    (line,) = (all_.path(run) / "files/histograms/weights.jsonl").read_text().splitlines()
    assert json.loads(line)["value"]["num"] == grid(0).size
    hparams = all_.called("first/hparams")
    assert hparams["config"] == CONFIG
    assert all_.series(hparams, "fid")["value"] == [3.5]


def test_what_tensorboard_itself_reads_is_there(brought, source):
    """Its accumulator, told to keep everything, has the same points and the same pictures."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    all_ = brought(tensorboard.runs(source / "log" / "first"))
    run = all_.called("first")
    kept = EventAccumulator(str(source / "log" / "first"), size_guidance={"images": 0}).Reload()
    assert kept.Tags()["images"] == ["grid", "many"]
    for tag in kept.Tags()["scalars"]:
        series = all_.series(run, tag)
        theirs = kept.Scalars(tag)
        assert series["step"] == [point.step for point in theirs]
        np.testing.assert_array_equal(series["value"], [point.value for point in theirs])
        gap = np.subtract(series["time"], [point.wall_time for point in theirs])
        assert np.abs(gap).max() <= 0.01
    for tag in kept.Tags()["images"]:
        ours = all_.pictures(run, tag)
        assert len(kept.Images(tag)) == len(ours) == (30 if tag == "many" else 4)
        for image in kept.Images(tag):
            theirs = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
            np.testing.assert_array_equal(ours[image.step], theirs)


def test_a_cut_file_costs_its_last_record(brought, source, tmp_path):
    folder = tmp_path / "cut"
    folder.mkdir()
    whole = event_file(source / "log" / "first").read_bytes()
    found = list(records(event_file(source / "log" / "first")))
    cut = found[30].end - 5
    (folder / "events.out.tfevents.1.x").write_bytes(whole[:cut])
    all_ = brought(tensorboard.runs(folder))
    (imported,) = all_.of(Imported)
    assert len(imported.done.lost) == 1
    assert "its last record is cut" in imported.done.lost[0]
    assert all_.only()["state"] == "killed"


@pytest.mark.parametrize("where", ["data", "length"])
def test_a_damaged_record_costs_itself(source, tmp_path, where):
    """Also where its length is wrong, so that the next record has to be searched for."""
    original = event_file(source / "log" / "first")
    found = list(records(original))
    content = bytearray(original.read_bytes())
    start = found[9].end
    content[start + (2 if where == "length" else 20)] ^= 0x10
    damaged = tmp_path / "events.out.tfevents.1.x"
    damaged.write_bytes(content)
    read = list(records(damaged))
    assert [r for r in read if isinstance(r, Record)] == found[:10] + found[11:]
    (damage,) = [r for r in read if isinstance(r, Damage)]
    assert (damage.start, damage.end, damage.torn) == (start, found[10].end, False)


def test_the_files_of_a_folder_are_one_run(brought, tmp_path):
    """A run that was taken up again has a file for each part; the later of two points counts."""
    for number, steps in enumerate([(0, 1, 2), (2, 3)]):
        path = tmp_path / f"events.out.tfevents.{number}.x"
        write(path, [summary(step, "loss", simple_value=10 * number + step) for step in steps])
    all_ = brought(tensorboard.runs(tmp_path))
    series = all_.series(all_.only(), "loss")
    assert series["step"] == [0, 1, 2, 3]
    assert series["value"][:2] == [0, 1]
    assert series["value"][3] == 13


def test_tensors_of_the_second_version(brought, tmp_path):
    """TensorFlow 2 writes everything as tensors; the plugin is named once a tag."""
    pair = [b"9", b"12", png(grid(1)), png(grid(2))]
    events = [
        summary(0, "loss", "scalars", tensor=tensor(np.float32(0.5))),
        summary(1, "loss", tensor=tensor(np.float32(np.nan))),
        summary(2, "loss", tensor=tensor(np.float64(0.1))),
        summary(0, "samples", "images", tensor=tensor(pair)),
        summary(0, "one", "images", tensor=tensor([b"9", b"12", png(grid(3))])),
        summary(0, "words", "text", tensor=tensor(np.array([[b"a", b"b"], [b"c", b"d"]]))),
        summary(0, "weights", "histograms", tensor=tensor(np.array([[0.0, 1.0, 3.0]]))),
    ]
    write(tmp_path / "events.out.tfevents.1.x", events)
    all_ = brought(tensorboard.runs(tmp_path))
    run = all_.only()
    np.testing.assert_array_equal(all_.series(run, "loss")["value"], [0.5, np.nan, 0.1])
    np.testing.assert_array_equal(all_.pictures(run, "samples/0")[0], grid(1))
    np.testing.assert_array_equal(all_.pictures(run, "samples/1")[0], grid(2))
    np.testing.assert_array_equal(all_.pictures(run, "one")[0], grid(3))
    assert all_.texts(run)["words"]["text"] == "| a | b |\n| c | d |"
    line = (all_.path(run) / "files/histograms/weights.jsonl").read_text()
    assert json.loads(line)["value"] == [[0, 1, 3]]


def test_a_picture_that_is_none_is_kept_and_counted(brought, tmp_path):
    from tensorboard.compat.proto.summary_pb2 import Summary

    bad = Summary.Image(encoded_image_string=b"this is no picture")
    good = Summary.Image(encoded_image_string=png(grid(4)))
    events = [summary(0, "grid", image=bad), summary(1, "grid", image=good)]
    write(tmp_path / "events.out.tfevents.1.x", events)
    all_ = brought(tensorboard.runs(tmp_path))
    assert list(all_.pictures(all_.only(), "grid")) == [1]
    assert all_.notes(all_.only())["losses"] == ["grid at step 0: not an image"]
    assert (all_.path(all_.only()) / "files/pictures/grid-0.bin").read_bytes() == (
        b"this is no picture"
    )


def test_a_run_that_has_grown_says_so(brought, tmp_path):
    path = tmp_path / "log" / "events.out.tfevents.1.x"
    path.parent.mkdir()
    write(path, [summary(0, "loss", simple_value=1)])
    brought(tensorboard.runs(path.parent))
    (same,) = brought(tensorboard.runs(path.parent)).of(Skipped)
    write(path, [summary(step, "loss", simple_value=1) for step in range(2)])
    (grown,) = brought(tensorboard.runs(path.parent)).of(Skipped)
    assert (same.grown, grown.grown) == (False, True)


def test_what_holds_no_events_is_refused(tmp_path):
    with pytest.raises(InputError, match="tfevents"):
        list(tensorboard.runs(tmp_path))
    with pytest.raises(InputError, match="no such folder"):
        list(tensorboard.runs(tmp_path / "nowhere"))


def test_lengths_beyond_the_file_are_damage(tmp_path):
    path = tmp_path / "events.out.tfevents.1.x"
    path.write_bytes(struct.pack("<QI", 2**60, 7) + b"x" * 50)
    assert list(records(path)) == [Damage(0, 62, torn=True)]
