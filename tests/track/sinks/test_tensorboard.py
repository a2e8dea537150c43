"""TensorBoard's own reader finds what was logged."""

import io
import math

import numpy as np
import pytest
from PIL import Image

import ganbench as gb
from ganbench import workbench
from ganbench.store import query
from ganbench.store.index import Index
from tests.track.sinks.conftest import PICTURES, expected

pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def read(run):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    everything = {"scalars": 0, "images": 0, "tensors": 0}
    found = accumulator.EventAccumulator(str(run.folder.path / "sinks/tensorboard"), everything)
    return found.Reload()


def words(found, tag):
    return [
        (event.step, event.tensor_proto.string_val[0].decode())
        for event in found.Tensors(f"{tag}/text_summary")
    ]


def test_everything_arrives(logged):
    run = logged("tensorboard", state="diverged")
    found = read(run)
    told = expected()
    told["odd_name__β_"] = told.pop("odd name (β)")
    assert set(found.Tags()["scalars"]) == set(told)
    for name, points in told.items():
        events = found.Scalars(name)
        assert [event.step for event in events] == [step for step, _ in points]
        values = np.float32([value for _, value in points])
        np.testing.assert_array_equal(np.float32([event.value for event in events]), values)
    images = found.Images("samples")
    assert [image.step for image in images] == list(PICTURES)
    for image, pixels in zip(images, PICTURES.values(), strict=True):
        shown = Image.open(io.BytesIO(image.encoded_image_string))
        np.testing.assert_array_equal(np.asarray(shown), pixels)
    assert words(found, "samples/caption") == [(0, "at 0"), (2, "at 2"), (10, "at 10")]
    assert words(found, "said") == [(3, "hello")]
    assert [text for _, text in words(found, "tags")] == ["a", "b"]
    assert words(found, "notes") == [(0, "a *note*")]
    assert words(found, "state") == [(0, "diverged")]
    assert words(found, "name") == [(0, "second name")]


def test_the_config_is_text_and_hparams(logged):
    found = read(logged("tensorboard"))
    first, last = (text for _, text in words(found, "config"))
    assert "| lr | 0.001 |\n| net.k | 3 |\n| net.act | null |" in first
    assert "| lr | 0.5 |" in last
    assert "| late.x | [1,2] |" in last
    hparams = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    start = hparams.HParamsPluginData.FromString(content).session_start_info
    assert start.hparams["net.k"].number_value == 3


def test_a_resumed_run_replaces_what_it_repeats(tmp_path):
    run = gb.Run(runs_dir=tmp_path, sinks=["tensorboard"])
    for step in range(4):
        run.log({"x": step}, step=step)
    run.finish("killed", summary=False)
    run = gb.Run.resume(run.id, runs_dir=tmp_path)
    run.log({"x": 40})
    run.finish(summary=False)
    points = [(event.step, event.value) for event in read(run).Scalars("x")]
    assert points == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 40)]


def test_a_training_and_its_resumption(tiny, tmp_path):
    run = workbench.launch(tiny(), tmp_path, sinks=["tensorboard"])
    for event in run.events():
        if event.step == 17:  # as if it was killed: steps 11 to 17 come again
            run.recorder.end("killed", 17, 17 * 32)
            break
    again = workbench.resume(run.folder)
    list(again.events())
    assert run.folder.read()["sinks"] == ["tensorboard"]
    index = Index(tmp_path)
    index.refresh()
    shown = query.show_run(index, run.folder.id)
    series = query.read_series(index, run.folder.id, {"dis_loss": 0})["dis_loss"]
    index.close()
    found = read(run)
    points = [(event.step, event.value) for event in found.Scalars("dis_loss")]
    assert [step for step, _ in points] == series["step"]
    np.testing.assert_array_equal([v for _, v in points], np.float32(series["value"]))
    (name,) = {picture["name"] for picture in shown["pictures"]}
    assert [image.step for image in found.Images(name)] == [p["step"] for p in shown["pictures"]]
    last = next(s for s in shown["scores"] if s["measure"] == "frechet")
    (score,) = found.Scalars("scores/frechet/coordinates/n200")
    assert score.value == pytest.approx(last["value"], rel=1e-6)
    assert not any(math.isnan(value) for _, value in points)
